"""Redis is paused (it accepts and never answers) or gone: people notice a banner and nothing else."""

import time
from collections.abc import Iterator
from statistics import median

import pytest

from tests.faults.installation import Installation, Subject
from tests.faults.visitor import Visitor, sign_in
from tests.servers import wait_until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("outage", [("sqlite", "pause"), ("postgresql", "kill")], indirect=True, ids="-".join),
]

PAUSED = "Training is paused since"
PAGES = (
    "/",
    "/account",
    "/projects/new",
    "/p/away/",
    "/p/away/compare",
    "/p/away/agreement",
    "/p/away/disagreements",
    "/p/away/data",
    "/p/away/settings",
)


class Outage:
    """An installation whose Redis was taken away, a project in it, and a browser that is signed in."""

    def __init__(self, installation: Installation, manner: str) -> None:
        self.installation = installation
        self.manner = manner
        self.subject = installation.add_project("away", n_pairs=30)
        self.subject.catch_up()
        self.seconds_before = [_seconds_of_a_verdict(self.subject) for _ in range(8)]
        self.subject.catch_up()
        getattr(installation.broker, manner)()
        self.seconds_during = [_seconds_of_a_verdict(self.subject) for _ in range(8)]
        self.visitor = Visitor(installation.app.address)
        sign_in(self.visitor)
        wait_until(lambda: PAUSED in self.visitor.open("/").text, what="the banner")

    def end(self) -> None:
        getattr(self.installation.broker, {"pause": "resume", "kill": "start"}[self.manner])()


def _seconds_of_a_verdict(subject: Subject) -> float:
    started = time.monotonic()
    subject.judge()
    return time.monotonic() - started


@pytest.fixture(scope="module")
def outage(request: pytest.FixtureRequest) -> Iterator[Outage]:
    database, manner = request.param
    lasting = Outage(request.getfixturevalue(f"{database}_installation"), manner)
    yield lasting
    if not lasting.installation.broker.answers():
        lasting.end()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_and_says_that_training_is_paused(outage: Outage, page: str) -> None:
    answer = outage.visitor.open(page)

    assert answer.status == 200
    assert PAUSED in answer.text


@pytest.mark.parametrize("probe", ["/healthz", "/readyz", "/api/docs", "/api/v1/schema/"])
def test_what_shows_no_banner_answers_too(outage: Outage, probe: str) -> None:
    assert outage.visitor.open(probe).status == 200


def test_the_status_says_so_as_well(outage: Outage) -> None:
    assert outage.subject.status()["training_paused"] is True


def test_verdicts_are_stored_and_take_no_longer(outage: Outage) -> None:
    assert outage.subject.count("comparison") >= 16

    before, during = median(outage.seconds_before), median(outage.seconds_during)
    print(f"\nverdict with Redis {before * 1000:.0f} ms, without ({outage.manner}) {during * 1000:.0f} ms")  # noqa: T201


def test_a_pair_is_judged_and_undone_on_the_page(outage: Outage) -> None:
    page = outage.visitor.open("/p/away/compare")
    judged = page.value_of("assignment")
    verdict = {"assignment": judged, "client_key": page.value_of("client_key"), "choice": "right"}

    saved = outage.visitor.submit(page, **verdict)
    undone = outage.visitor.submit(saved, undo=saved.value_of("undo"))

    assert "Saved: B is better." in saved.text
    assert saved.value_of("assignment") != judged
    assert "Undone. Judge it again." in undone.text
    assert undone.value_of("assignment") == judged


def test_people_sign_in_with_a_password_and_with_a_link(outage: Outage) -> None:
    sign_in(Visitor(outage.installation.app.address))
    app = outage.installation.app
    newcomer = Visitor(app.address)

    answer = newcomer.submit(newcomer.open(app.sign_in_link.removeprefix(app.address)))

    assert "Your projects" in answer.text


def test_training_catches_up_when_redis_is_back(outage: Outage) -> None:
    outage.end()

    outage.subject.catch_up()

    wait_until(lambda: PAUSED not in outage.visitor.open("/").text, what="the end of the banner")
    assert outage.subject.status()["snapshot"]["n_comparisons"] == outage.subject.count("comparison") - 1
