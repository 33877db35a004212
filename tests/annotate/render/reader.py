"""Read rendered HTML back: its elements, its text, and whatever breaks the allow list."""

from html.parser import HTMLParser

from annotate.render.allowed import ATTRIBUTE_VALUES, ATTRIBUTES, CLASSES, MATHML_TAGS, TAGS

VOID = {"br", "hr"}


class Reader(HTMLParser):
    """Collect elements and text, and every violation of the allow list or of nesting."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.violations: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.violations += [f"<{tag}> is left open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag not in TAGS | MATHML_TAGS:
            self.violations.append(f"<{tag}>")
        self.violations += [
            f"<{tag} {name}={value}>" for name, value in attributes.items() if not allowed(tag, name, value)
        ]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.violations.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.violations.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.violations.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.violations.append(f"instruction {data}")


def allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return set(value.split()) <= CLASSES.get(tag, set())
    return name in ATTRIBUTES.get(tag, set()) or value in ATTRIBUTE_VALUES.get(tag, {}).get(name, set())


def elements(html: str, tag: str) -> list[dict[str, str]]:
    return [attributes for name, attributes in Reader(html).elements if name == tag]
