"""Two projects that differ in nothing but what annotators must not know look the same to them, byte for byte.

Hidden: who wrote a response, what the head thinks of it, what others said, that it is their word that is asked again,
and which answer to a gold pair is known. What is drawn at random (ids, keys, tokens) is replaced by the order in which
it comes, and moments by nothing at all. Which words are never said: test_blinding.py.
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import F

from annotate.models import AskedAgain, Assignment, Comparison, Outcome, Pair, QueuedPair, Stream
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import record_comparison
from annotate.services.gold import set_gold
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_snapshot
from tests.annotate.views.browsers import browser_of
from tests.factories import compare, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

PAGES = ("/", "/account", "/p/penguins/", "/p/penguins/compare", "/p/penguins/history")
ENDPOINTS = ("projects/", "projects/penguins/", "me/comparisons/")
HEADERS = ("Content-Type", "ETag", "Last-Modified", "Cache-Control", "Vary", "Content-Length")
WORLD: dict[str, Any] = {
    "sources": ("careful", "silly"), "p_first": 0.9, "others": Outcome.FIRST, "again": False, "gold": Outcome.FIRST,
}  # fmt: skip
MIRRORED: dict[str, Any] = {
    "sources": ("silly", "careful"), "p_first": 0.1, "others": Outcome.SECOND, "again": True, "gold": Outcome.SECOND,
}  # fmt: skip
RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # ids
    r"|[A-Za-z0-9]{64}|\b[0-9a-f]{8}(?:[0-9a-f]{7})?\b"  # CSRF tokens, what names an API token
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d[.\d]*)?(?:Z|\+00:00)?|\d+ s ago")


def everything_bob_is_told(
    *,
    sources: tuple[str, str],
    p_first: float,
    others: Outcome,
    again: bool,
    gold: Outcome,
    prompt: str = "Who owns Antarctica?",
) -> Iterator[tuple[str, str]]:
    """Yield each answer by its name. Bob has judged a gold pair and holds three others; a head has its view.

    He said that the first was better: by `gold`, rightly or wrongly.
    """
    project = make_project("penguins", overlap=3)
    pairs = [make_pair(project, number, prompt=prompt, sources=sources) for number in range(1, 8)]
    bob, rosa = make_member(project, "bob"), make_member(project, "rosa")
    queued = {"project": project, "snapshot": make_snapshot(project), "p_first": p_first, "information": p_first}
    for position, pair in enumerate(pairs):
        QueuedPair.objects.create(pair=pair, position=position, **queued)
    for _ in range(3):
        compare(project, rosa, others)
    set_gold(pair=make_pair(project, 9, prompt=prompt, sources=sources), outcome=gold, by=rosa, note=f"It is {gold}.")
    project.gold_share = 1.0
    (first,) = lease_pairs(project=project, annotator=bob)
    assert first.stream == Stream.GOLD
    project.gold_share = 0.0
    Assignment.objects.update(first_on_left=True)
    record_comparison(assignment=first, outcome=Outcome.FIRST, client_key=uuid4(), by=bob)
    held = lease_pairs(project=project, annotator=bob, n=3)
    if again:
        ask_again_about(held[:2])
    Assignment.objects.update(first_on_left=True)

    browser, program = browser_of(bob), client_of(bob)
    for page in PAGES:
        yield page, seen(browser.get(page))
    yield "parts", seen(browser.get("/p/penguins/compare", HTTP_HX_REQUEST="true"))
    for endpoint in ENDPOINTS:
        yield endpoint, seen(program.get(f"/api/v1/{endpoint}"))
    yield "lease", seen(program.post("/api/v1/projects/penguins/assignments/", {"n": 3}))
    address = f"/api/v1/assignments/{held[0].public_id}"
    yield "verdict", seen(program.post(f"{address}/comparison/", verdict("left")))
    yield "another", seen(program.post(f"{address}/comparison/", verdict("right")))
    yield "skip", seen(program.post(f"{address}/skip/", {"reason": "too hard"}))


def ask_again_about(held: list[Assignment]) -> None:
    """Make two of the pairs that bob holds pairs that rosa's verdicts on them are asked again about."""
    for assignment in held:
        comparison = Comparison.objects.get(assignment__pair=assignment.pair, assignment__annotator__username="rosa")
        AskedAgain.objects.create(
            project=assignment.project,
            comparison=comparison,
            pair=assignment.pair,
            p_left_out=0.1,
            by=comparison.assignment.annotator,
            taken=True,
        )
    Pair.objects.filter(pk__in=[one.pair_id for one in held]).update(slots_taken=F("slots_taken") - 1)
    Assignment.objects.filter(pk__in=[one.pk for one in held]).update(stream=Stream.AGAIN)


def verdict(outcome: str) -> dict[str, str]:
    return {"client_key": str(uuid4()), "outcome": outcome}


def seen(response: Any) -> str:
    """Return what a reader can tell of an answer: its status, headers and content, less chance and the clock."""
    headers = "\n".join(f"{name}: {response.get(name)}" for name in HEADERS)
    names: dict[str, str] = {}
    numbers = count()
    timeless = MOMENT.sub("a moment", response.content.decode())
    content = RANDOM.sub(lambda drawn: names.setdefault(drawn[0], f"random-{next(numbers)}"), timeless)
    return f"{response.status_code}\n{headers}\n{content}"


def told_in(world: dict[str, Any]) -> dict[str, str]:
    with transaction.atomic():
        told = dict(everything_bob_is_told(**world))
        transaction.set_rollback(True)
    return told


def test_what_annotators_must_not_know_changes_nothing_that_they_are_told() -> None:
    one, other = told_in(WORLD), told_in(MIRRORED)

    for where in one:
        assert one[where] == other[where], where


def test_what_they_may_know_does_change_it() -> None:
    """The control: a prompt of another wording is told."""
    one, other = told_in(WORLD), told_in(WORLD | {"prompt": "Whose is Antarctica?"})

    assert {where for where in one if one[where] != other[where]} >= {"/p/penguins/compare", "parts", "lease"}
