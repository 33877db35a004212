"""People and projects for the compare screen; each project holds texts of one kind."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from annotate.formats.rows import ImportedPrompt, ImportedResponse, Message
from annotate.models import Outcome, Project, Pulse, Role, User
from annotate.services.accounts import create_user
from annotate.services.flagging import flag_assignment
from annotate.services.gold import set_gold
from annotate.services.importing import add_rows
from annotate.services.members import set_member
from annotate.services.projects import create_project
from tests.annotate.api.material import METRICS, TRIAL, make_disagreement, make_snapshot, make_study
from tests.browser.site import PASSWORD
from tests.factories import compare

ANNOTATORS = ("kay", "lou", "mia", "noa")
CODE = "```python\ndef area(r):\n    return 3.14159 * r ** 2  # of a circle\n```"
TABLE = "| planet | moons |\n|---|---:|\n| Mars | 2 |\n| Earth | 1 |"
FORMULA = r"It follows that $e^{i\pi} + 1 = 0$, and $$\sum_{k=1}^n k = \frac{n(n+1)}{2}$$"
PARAGRAPH = "A great many words stand here, one after another, and none of them is in a hurry to come to its end. "
LONG = "\n\n".join(f"{number}. {PARAGRAPH * 4}" for number in range(160))[: 64 * 1024 - 1]
TALK = (
    Message("user", "What is two and two?"),
    Message("assistant", "Four. " * 300),
    Message("user", "And in words, please?"),
)
GUIDELINES = (
    "# Be fair\n\nPrefer the response that you would rather have had:\n\n- true before pretty\n- short before long"
)

TEXTS = {
    "plain": ("Mars has two moons.", "Mars has two small moons, Phobos and Deimos."),
    "marked": (f"{FORMULA}\n\n{CODE}", f"{TABLE}\n\n**Bold** and `code`, {CODE}"),
    "studied": (f"{FORMULA}\n\n{CODE}", f"{TABLE}\n\n**Bold** and `code`."),
    "long": (LONG, LONG.replace("great many", "few", 40)),
    "unlike": tuple(" ".join(f"{side}{number}" for number in range(9000)) for side in "ab"),
    "bidi": ("مرحبا بالعالم، هذا نص من اليمين إلى اليسار.", "Safe: \u202eevil\u202c and a zero\u200bwidth space."),
}
SIZES = {
    "plain": 400, "marked": 12, "long": 40, "bidi": 12, "offline": 80, "few": 2, "talk": 12, "graded": 12, "ranked": 12,
    "ordered": 60, "changing": 12, "unlike": 2, "studied": 12,
}  # fmt: skip
SETTINGS: dict[str, dict[str, Any]] = {
    "graded": {"outcomes": "strength7", "criteria": ["helpful", "factual"]},
    "ranked": {"outcomes": "ranking"},
    "ordered": {"outcomes": "ranking"},
}


def make() -> None:
    """Make everybody and everything."""
    admin = User.objects.create(username="ada", is_superuser=True, is_staff=True)
    _set_password(admin)
    people = [create_user(username=name) for name in ANNOTATORS]
    for person in people:
        _set_password(person)
    for slug, size in SIZES.items():
        _fill(slug, size, admin, people)
    for process in Pulse.Process.values:  # no worker runs here, and no page needs to say so
        Pulse.objects.create(process=process, beat_at=timezone.now() + timedelta(days=1))


def _fill(slug: str, size: int, admin: User, people: list[User]) -> Project:
    shares = {"audit_share": 0.0, "repeat_share": 0.0, **SETTINGS.get(slug, {})}
    project = create_project(name=slug.title(), slug=slug, by=admin, guidelines=GUIDELINES, **shares)
    add_rows(project=project, rows=_rows(slug, size), by=admin)
    if slug == "marked":
        set_gold(pair=project.pairs.order_by("shuffle")[0], outcome=Outcome.FIRST, by=admin, note="It has the table.")
    for person in people:
        set_member(project=project, user=person, role=Role.ANNOTATOR)
    project.memberships.update(guidelines_read=project.guideline_version)
    if slug == "studied":
        _study(project, [admin, *people])
    return project


def _study(project: Project, people: list[User]) -> None:
    """Have it judged and flagged, and leave what the trainer would have written of it."""
    judged = [compare(project, person, outcome) for outcome in Outcome.values[:2] for person in people]
    flag_assignment(assignment=judged[0].assignment, by=people[0])
    make_snapshot(project, 1)
    newest = make_snapshot(project, 2, metrics=METRICS | {"trial": TRIAL})
    for place, comparison in enumerate(judged[:4]):
        make_disagreement(comparison, newest, surprise=3.0 - place / 2)
    lapse = {"annotator": people[0].pk, "n": 60, "rate": 0.03, "interval": [0.01, 0.08]}
    seen = [{"comparison": one.pk, "confidence": 0.7, "variability": 0.05} for one in judged]
    make_study(project, newest, lapses=[lapse], map=seen, alarms=["position"])


def _rows(slug: str, size: int) -> Iterator[ImportedPrompt]:
    texts = TEXTS.get(slug, TEXTS["plain"])
    if SETTINGS.get(slug, {}).get("outcomes") == "ranking":
        texts = (*texts, "Two.", "It has as many as it has ever had.")
    responses = tuple(ImportedResponse(text, source=f"system {n}") for n, text in enumerate(texts))
    for number in range(size):
        first, *rest = TALK if slug == "talk" else (Message("user", "How many moons has Mars?"),)
        title = "# Mars\n\n" if slug == "marked" else ""
        messages = (Message(first.role, f"{title}{number}: {first.content}"), *rest)
        yield ImportedPrompt(number, f"{slug}-{number}", messages, responses, is_pair=len(responses) == 2)


def _set_password(user: User) -> None:
    user.set_password(PASSWORD)
    user.save()
