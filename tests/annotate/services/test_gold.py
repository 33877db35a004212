"""Gold pairs, the training round, leaks and guideline versions: set, changed, and set twice."""

import json
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction

from annotate.models import Assignment, AuditEvent, GuidelineVersion, Membership, Outcome, Pair, Project, Response, User
from annotate.selectors.waiting import Reason, waiting
from annotate.services.assigning import lease_pairs
from annotate.services.comparing import retract_comparison
from annotate.services.errors import Conflict, InvalidInput
from annotate.services.gold import clear_gold, let_pass, set_gold
from annotate.services.importing import import_pairs
from annotate.services.leaks import mark_leaks, shown_text
from annotate.services.projects import change_project
from tests.factories import compare, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db


def load(project: Project, alice: User, **row: object) -> None:
    line = {"prompt": "Who?", "response_a": "As Claude, me.", "response_b": "You.", **row}
    import_pairs(project=project, file=BytesIO(json.dumps(line).encode()), by=alice)


@pytest.mark.parametrize(("gold", "right"), [("a", "As Claude, me."), ("b", "You.")])
def test_a_file_brings_gold_answers_in_its_own_order(alice: User, gold: str, right: str) -> None:
    project = make_project("other")

    load(project, alice, gold=gold, gold_note="Because.", response_a="As Claude, me.", response_b="You.")

    pair = project.pairs.get()
    chosen = pair.first if pair.gold_outcome == Outcome.FIRST else pair.second
    assert (chosen.text, pair.gold_note, pair.open) == (right, "Because.", False)


def test_a_gold_pair_is_lent_for_no_slot_and_at_its_rate(project: Project, alice: User, bob: User) -> None:
    gold = make_pair(project, 9)
    set_gold(pair=gold, outcome=Outcome.FIRST, by=alice)
    Project.objects.update(gold_share=1)
    project.refresh_from_db()

    first, second = lease_pairs(project=project, annotator=bob, n=2)

    gold.refresh_from_db()
    assert (first.pair, first.stream, gold.slots_taken) == (gold, "gold", 0)
    assert second.stream == "learn"


def test_without_a_rate_no_gold_pair_is_asked(project: Project, alice: User, bob: User) -> None:
    set_gold(pair=make_pair(project, 9), outcome=Outcome.FIRST, by=alice)

    assert {one.stream for one in lease_pairs(project=project, annotator=bob, n=5)} == {"learn"}


def test_setting_gold_twice_replaces_it_and_clearing_opens_the_pair(project: Project, alice: User) -> None:
    pair = project.pairs.all()[0]

    set_gold(pair=pair, outcome=Outcome.FIRST, by=alice)
    set_gold(pair=pair, outcome=Outcome.TIE, by=alice, note="Even.")
    pair.refresh_from_db()
    assert (pair.gold_outcome, pair.open) == (Outcome.TIE, False)
    clear_gold(pair=pair, by=alice)
    clear_gold(pair=pair, by=alice)

    pair.refresh_from_db()
    assert (pair.gold_outcome, pair.gold_note, pair.open) == ("", "", True)
    assert AuditEvent.objects.filter(verb__contains="gold").count() == 3


def test_a_gold_answer_that_the_project_does_not_offer_is_refused(alice: User) -> None:
    project = make_project("binary", n_pairs=1, outcomes=Project.Outcomes.BINARY)

    with pytest.raises(InvalidInput):
        set_gold(pair=project.pairs.get(), outcome=Outcome.TIE, by=alice)


def test_the_database_itself_keeps_gold_pairs_closed(project: Project) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Pair.objects.update(gold_outcome=Outcome.FIRST)


@pytest.fixture
def school(db: None) -> Project:
    """Return a project with two practice pairs, both to be judged rightly, and two others."""
    project = make_project(n_pairs=2, training_pairs=2)
    for number in (7, 8):
        set_gold(pair=make_pair(project, number), outcome=Outcome.FIRST, by=make_member(project, f"alice{number}"))
    return project


def test_practice_comes_first_and_ends_with_enough_right_answers(school: Project) -> None:
    bob = make_member(school)

    streams = [compare(school, bob).assignment.stream for _ in range(3)]

    assert streams == ["training", "training", "learn"]


def test_wrong_answers_end_in_waiting_for_an_admin(school: Project) -> None:
    bob, alice = make_member(school), make_member(school, "alice")
    compare(school, bob, Outcome.SECOND), compare(school, bob)

    assert lease_pairs(project=school, annotator=bob) == []
    assert waiting(school, bob).reason == Reason.TRAINING_NOT_PASSED
    let_pass(project=school, annotator=bob, by=alice)
    assert lease_pairs(project=school, annotator=bob)[0].stream == "learn"


def test_a_practice_verdict_cannot_be_undone(school: Project) -> None:
    bob = make_member(school)

    with pytest.raises(Conflict, match="seen the answer"):
        retract_comparison(comparison=compare(school, bob, Outcome.SECOND), by=bob)


def test_a_repeat_is_never_a_gold_pair(project: Project, alice: User, bob: User) -> None:
    set_gold(pair=make_pair(project, 9), outcome=Outcome.FIRST, by=alice)
    Project.objects.update(gold_share=0.5, repeat_share=0.5, repeat_after=0)
    for _ in range(4):
        compare(Project.objects.get(), bob)

    repeated = Assignment.objects.filter(round=1)
    assert not repeated.exclude(pair__gold_outcome="").exists()


def test_new_guidelines_are_a_new_version_and_the_old_ones_are_kept(project: Project, alice: User) -> None:
    change_project(project=project, by=alice, guidelines="Be kind.")
    change_project(project=project, by=alice, guidelines="Be kind.")
    change_project(project=project, by=alice, guidelines="Be brief.")

    kept = dict(GuidelineVersion.objects.filter(project=project).values_list("number", "text"))
    assert kept == {2: "Be kind.", 3: "Be brief."}
    assert Membership.objects.get(user=alice).guidelines_read == 0


def test_leaks_are_marked_when_they_come_in_and_when_the_phrases_change(project: Project, alice: User) -> None:
    load(project, alice)
    leaking = Response.objects.get(text="As Claude, me.")
    assert leaking.leak == "As Claude"

    change_project(project=project, by=alice, leak_phrases=["you"])

    assert dict(Response.objects.exclude(leak="").values_list("text", "leak")) == {"You.": "you"}
    leaking.refresh_from_db()
    assert shown_text(leaking, project) == leaking.text
    assert mark_leaks(project) == mark_leaks(project) == 1


@pytest.mark.parametrize("phrases", [["a", "A"], [" "], ["x" * 101], "As Claude", [str(n) for n in range(201)]])
def test_phrases_that_cannot_be_used_are_refused(project: Project, alice: User, phrases: object) -> None:
    with pytest.raises(InvalidInput):
        change_project(project=project, by=alice, leak_phrases=phrases)
