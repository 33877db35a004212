"""A person with a browser that runs no scripts, and the same person's program: pages and API over real HTTP."""

import json
import re
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

PASSWORD = "correct horse battery staple"
PATIENCE_SECONDS = 60  # nothing may hang; how long an answer takes is measured elsewhere


@dataclass(frozen=True)
class Answer:
    """What came back in the end, after redirects."""

    status: int
    url: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def value_of(self, name: str) -> str:
        """Return what the page's form would send under a name."""
        tag = re.search(rf'<(?:input|button)\b[^>]*\bname="{name}"[^>]*>', self.text)
        assert tag, f"no {name} in {self.text}"
        value = re.search(r'\bvalue="([^"]*)"', tag.group())
        assert value, f"no value of {name} in {tag.group()}"
        return value.group(1)


class Visitor:
    """One person: cookies for pages, a token for the API."""

    def __init__(self, address: str, token: str = "") -> None:
        self._address = address
        self._token = token
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, path: str) -> Answer:
        return self._send(Request(self._address + path))

    def submit(self, page: Answer, **fields: str) -> Answer:
        """Send a form of a page back to it, with the token that proves it came from there."""
        body = urlencode(fields | {"csrfmiddlewaretoken": page.value_of("csrfmiddlewaretoken")})
        return self._send(Request(page.url, body.encode(), {"Referer": page.url}))

    def call(self, method: str, path: str, **body: object) -> Answer:
        """Call the API."""
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        content = json.dumps(body).encode() if method == "POST" else None
        return self._send(Request(f"{self._address}/api/v1/{path}", content, headers, method=method))

    def _send(self, request: Request) -> Answer:
        try:
            with self._opener.open(request, timeout=PATIENCE_SECONDS) as answer:
                return Answer(answer.status, answer.url, answer.read().decode())
        except HTTPError as error:
            return Answer(error.code, error.url, error.read().decode())


def sign_in(visitor: Visitor) -> None:
    """Sign the site admin in with their password."""
    answer = visitor.submit(visitor.open("/login"), username="admin", password=PASSWORD)
    assert "Your projects" in answer.text, answer
