"""Flags: put on, taken off, settled and reopened, each also twice in a row."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate.models import Assignment, AuditEvent, Flag, Project, User
from annotate.selectors.flags import flags, n_flags
from annotate.services.assigning import lease_pairs
from annotate.services.errors import Conflict, InvalidInput, NotFound
from annotate.services.flagging import LONGEST_NOTE, flag_assignment, reopen_flag, settle_flag, withdraw_flag
from tests.factories import lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def flag(project: Project, bob: User) -> Flag:
    return flag_assignment(assignment=lease(project, bob), by=bob)


def stored() -> tuple[str, User | None, str]:
    flag = Flag.objects.get()
    return str(flag.state), flag.settled_by, flag.note


def record() -> list[tuple[str, str]]:
    events = AuditEvent.objects.filter(verb__contains="flag").order_by("id")
    return list(events.values_list("verb", "actor__username"))


def test_a_settled_flag_says_who_settled_it_when_and_with_which_note(flag: Flag, rosa: User) -> None:
    settle_flag(flag=flag, by=rosa, note="The guidelines say it now.")

    assert stored() == ("settled", rosa, "The guidelines say it now.")
    assert Flag.objects.get().settled_at is not None
    assert record() == [("settled a flag in", "rosa")]
    assert AuditEvent.objects.get(actor=rosa).target == f"antarctica: {flag.assignment.pair}"


def test_settling_twice_with_one_note_is_once_and_the_first_stands(flag: Flag, rosa: User, alice: User) -> None:
    settle_flag(flag=flag, by=rosa, note="Fixed.")
    at = Flag.objects.get().settled_at

    settle_flag(flag=flag, by=alice, note="Fixed.")

    assert (stored(), Flag.objects.get().settled_at) == (("settled", rosa, "Fixed."), at)
    assert len(record()) == 1


def test_nobodys_note_is_written_over(flag: Flag, rosa: User, alice: User) -> None:
    settle_flag(flag=flag, by=rosa, note="Fixed.")

    with pytest.raises(Conflict, match="rosa has settled this flag"):
        settle_flag(flag=flag, by=alice, note="Cannot be fixed.")

    assert stored() == ("settled", rosa, "Fixed.")


def test_a_reopened_flag_is_open_with_its_note(flag: Flag, rosa: User, alice: User) -> None:
    settle_flag(flag=flag, by=rosa, note="Fixed.")

    for _ in range(2):
        reopen_flag(flag=flag, by=alice)

    assert stored() == ("open", None, "Fixed.")
    assert record() == [("settled a flag in", "rosa"), ("reopened a flag in", "alice")]


def test_a_flag_that_was_taken_off_is_neither_settled_nor_reopened(flag: Flag, bob: User, rosa: User) -> None:
    withdraw_flag(assignment=flag.assignment, by=bob)

    for act in (settle_flag, reopen_flag):
        with pytest.raises(Conflict, match="taken this flag off"):
            act(flag=flag, by=rosa)

    assert (stored(), record()) == (("withdrawn", None, ""), [])


def test_a_flag_sent_again_after_it_was_settled_stays_settled(flag: Flag, bob: User, rosa: User) -> None:
    settle_flag(flag=flag, by=rosa)

    flag_assignment(assignment=flag.assignment, by=bob)

    assert stored()[0] == "settled"


def test_a_settled_flag_that_was_taken_off_and_is_put_on_again_is_open(flag: Flag, bob: User, rosa: User) -> None:
    settle_flag(flag=flag, by=rosa, note="Fixed.")
    withdraw_flag(assignment=flag.assignment, by=bob)
    off = stored()

    again = flag_assignment(assignment=flag.assignment, by=bob)

    assert (off, again.state, stored()) == (("withdrawn", rosa, "Fixed."), "open", ("open", None, "Fixed."))


@pytest.mark.parametrize("note", ["x" * (LONGEST_NOTE + 1), "\x00"], ids=["too long", "NUL"])
def test_a_note_that_cannot_be_stored_is_refused(flag: Flag, rosa: User, note: str) -> None:
    with pytest.raises(InvalidInput):
        settle_flag(flag=flag, by=rosa, note=note)

    assert stored() == ("open", None, "")


def test_nobody_flags_or_unflags_for_somebody_else(flag: Flag, rosa: User) -> None:
    for act in (flag_assignment, withdraw_flag):
        with pytest.raises(NotFound):
            act(assignment=flag.assignment, by=rosa)

    assert stored()[0] == "open"


def test_the_database_itself_wants_to_know_who_settled_a_flag(flag: Flag) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Flag.objects.update(settled_at=timezone.now())


def test_every_flag_is_in_one_state_and_counted_there(project: Project, bob: User, rosa: User) -> None:
    elsewhere = make_project("elsewhere")
    make_pair(elsewhere)
    flag_assignment(assignment=lease(elsewhere, make_member(elsewhere, "sam")), by=User.objects.get(username="sam"))
    lent = lease_pairs(project=project, annotator=bob, n=5)
    made = [flag_assignment(assignment=one, by=bob) for one in lent]
    for flag in made[:3]:
        settle_flag(flag=flag, by=rosa)
    withdraw_flag(assignment=lent[2], by=bob)

    found = {state: list(flags(project, state=state)) for state in Flag.State}

    assert found == {"open": made[:2:-1], "settled": made[1::-1], "withdrawn": [made[2]]}
    assert n_flags(project) == {"open": 2, "settled": 2, "withdrawn": 1}
    assert all(flag.state == state for state, some in found.items() for flag in some)
    assert Assignment.objects.filter(flag__project=project).count() == 5
