"""A row that no fit can digest: its project is put aside and says why, and the others go on."""

from dataclasses import dataclass

import pytest

from tests.faults.installation import RECOVERY_SECONDS, Installation, Subject
from tests.faults.visitor import Visitor, sign_in
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ERROR = "has 10750 bytes, those before it 10752; delete that response"


@dataclass(frozen=True)
class Poisoned:
    """A project with a stored vector that is too short, and one beside it."""

    subject: Subject
    other: Subject


@pytest.fixture(scope="module")
def poisoned(sqlite_installation: Installation) -> Poisoned:
    both = Poisoned(sqlite_installation.add_project("poisoned"), sqlite_installation.add_project("beside"))
    both.subject.catch_up()
    sqlite_installation.shell("add_spoiled_pair('poisoned')")
    wait_until(lambda: both.subject.newest_run("fit")["state"] == "parked", seconds=RECOVERY_SECONDS, what="parking")
    return both


def test_it_is_put_aside_after_three_attempts(poisoned: Poisoned) -> None:
    run = poisoned.subject.newest_run("fit")

    assert run["attempt"] == 3
    assert ERROR in run["error"]


def test_the_overview_and_the_status_show_the_error(poisoned: Poisoned) -> None:
    visitor = Visitor(poisoned.subject.installation.app.address)
    sign_in(visitor)

    overview = visitor.open(poisoned.subject.path)

    assert ERROR in overview.text
    assert ERROR in poisoned.subject.status()["parked"]["error"]


def test_the_snapshot_before_it_keeps_serving(poisoned: Poisoned) -> None:
    assert poisoned.subject.status()["snapshot"]["number"] == 1
    assert poisoned.subject.count("queuedpair") > 0


def test_other_projects_go_on(poisoned: Poisoned) -> None:
    poisoned.other.judge()

    poisoned.other.catch_up()

    assert poisoned.other.count("snapshot") == 2


def test_it_learns_again_with_the_first_verdict_after_the_row_was_mended(poisoned: Poisoned) -> None:
    poisoned.subject.installation.shell("mend_spoiled_pair('poisoned')")
    poisoned.subject.judge()

    poisoned.subject.catch_up()

    assert poisoned.subject.newest_run("fit")["state"] == "done"
