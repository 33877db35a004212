"""The compare screen in each outcome mode, in the training round, and before guidelines are read."""

import re

import pytest
from django.test import Client

from annotate.models import Assignment, Comparison, Membership, Outcome, Pair, Project, Role, User
from annotate.services.gold import set_gold
from annotate.services.projects import change_project
from tests.annotate.views.browsers import browser_of, fragment, verdict
from tests.factories import lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/compare"


def choices(page: str) -> list[str]:
    """Return the values of the buttons that choose, in their order."""
    return re.findall(r'name="choice"\s+value="([^"]+)"', page)


@pytest.mark.parametrize(
    ("outcomes", "offered"),
    [
        ("binary", ["left", "right"]),
        ("ties", ["left", "tie", "right", "both_bad"]),
        ("strength5", ["left 3", "left 1", "tie 0", "right 1", "right 3", "both_bad"]),
        ("strength7", ["left 3", "left 2", "left 1", "tie 0", "right 1", "right 2", "right 3", "both_bad"]),
    ],
)
def test_each_mode_offers_its_outcomes(bobs: Client, project: Project, outcomes: str, offered: list[str]) -> None:
    Project.objects.update(outcomes=outcomes)

    assert choices(bobs.get(URL).content.decode()) == offered


def test_the_points_of_a_scale_have_the_digits_as_keys(bobs: Client, project: Project) -> None:
    Project.objects.update(outcomes="strength7")

    page = bobs.get(URL).content.decode()

    keys = re.findall(r'value="[a-z]+ [0-3]"[^>]*aria-keyshortcuts="(\d)"', page)
    assert keys == ["1", "2", "3", "4", "5", "6", "7"]


@pytest.mark.parametrize("first_on_left", [True, False])
@pytest.mark.parametrize(("choice", "towards_left"), [("left 3", 3), ("left 1", 1), ("tie 0", 0), ("right 2", -2)])
def test_a_strength_is_stored_in_stored_order(
    bobs: Client, project: Project, bob: User, first_on_left: bool, choice: str, towards_left: int
) -> None:
    Project.objects.update(outcomes="strength7")
    assignment = lease(project, bob)
    Assignment.objects.update(first_on_left=first_on_left)

    answer = fragment(bobs, URL, verdict(assignment, choice))

    stored = Comparison.objects.get()
    strength = towards_left if first_on_left else -towards_left
    assert answer.status_code == 200
    assert (stored.strength, stored.outcome) == (
        strength,
        Outcome.TIE if not strength else Outcome.FIRST if strength > 0 else Outcome.SECOND,
    )


@pytest.mark.parametrize("choice", ["left 4", "left  3", "left3", "3", "both_bad 1", "tie 2"])
def test_a_strength_that_no_page_sends_is_refused(bobs: Client, project: Project, bob: User, choice: str) -> None:
    Project.objects.update(outcomes="strength7")

    answer = fragment(bobs, URL, verdict(lease(project, bob), choice))

    assert answer.status_code == 400
    assert not Comparison.objects.exists()


def test_criteria_are_asked_one_after_another_and_stored(bobs: Client, project: Project, bob: User) -> None:
    Project.objects.update(criteria=["helpful", "true"])
    assignment = lease(project, bob)
    Assignment.objects.update(first_on_left=False)

    page = bobs.get(URL).content.decode()
    fragment(bobs, URL, verdict(assignment, "tie", **{"criterion:helpful": "left", "criterion:true": "tie"}))

    assert page.count("data-key-scope") == 2
    assert page.index("criterion:helpful") < page.index("criterion:true") < page.index('name="choice"')
    assert Comparison.objects.get().criteria == {"helpful": "second", "true": "tie"}


@pytest.mark.parametrize("sent", [{}, {"criterion:helpful": "up"}, {"criterion:helpful": "tie", "criterion:x": "tie"}])
def test_criteria_that_were_not_asked_or_left_out_are_refused(
    bobs: Client, project: Project, bob: User, sent: dict[str, str]
) -> None:
    Project.objects.update(criteria=["helpful"])

    answer = fragment(bobs, URL, verdict(lease(project, bob), **sent))

    assert answer.status_code == 400
    assert not Comparison.objects.exists()


@pytest.fixture
def practice(db: None) -> Project:
    """Return a project whose annotators practise on one pair, whose first response is known to be better."""
    project = make_project(n_pairs=2, training_pairs=1)
    alice = make_member(project, "alice", role=Role.ADMIN)
    set_gold(pair=make_pair(project, 9), outcome=Outcome.FIRST, by=alice, note="It *answers*.")
    return project


def practise(bobs: Client, bob: User, project: Project, *, rightly: bool) -> str:
    assignment = lease(project, bob)
    on_left = bool(assignment.first_on_left)
    answer = fragment(bobs, URL, verdict(assignment, "left" if on_left == rightly else "right"))
    return answer.content.decode()


@pytest.mark.parametrize(("rightly", "said"), [(True, "As expected"), (False, "Another answer was expected")])
def test_a_practice_verdict_is_answered_with_what_was_expected(practice: Project, rightly: bool, said: str) -> None:
    bob = make_member(practice)
    answer = practise(browser_of(bob), bob, practice, rightly=rightly)

    assert said in answer
    assert "<em>answers</em>" in answer
    assert Comparison.objects.get().assignment.stream == "training"


def test_who_passed_goes_on_with_live_work_and_hears_nothing_more(practice: Project) -> None:
    bob = make_member(practice)
    practise(browser_of(bob), bob, practice, rightly=True)

    answer = practise(browser_of(bob), bob, practice, rightly=False)

    assert 'data-part="dialog"' not in answer
    assert set(Assignment.objects.values_list("stream", flat=True)) == {"training", "learn"}


def test_who_did_not_pass_is_told_whom_to_ask(practice: Project) -> None:
    bob = make_member(practice)
    answer = practise(browser_of(bob), bob, practice, rightly=False)

    assert "The practice pairs are all judged" in answer


def test_without_a_script_the_expected_answer_is_on_the_next_page(practice: Project) -> None:
    bob = make_member(practice)
    browser = browser_of(bob)

    browser.post(URL, verdict(lease(practice, bob)))

    assert "the expected answer is" in browser.get(URL).content.decode()


@pytest.fixture
def guided(db: None) -> Project:
    return make_project(n_pairs=5, guidelines="Be *kind*.")


def test_nobody_judges_before_the_guidelines_are_read(guided: Project) -> None:
    bobs = browser_of(make_member(guided))

    before = bobs.get(URL).content.decode()
    bobs.post("/p/antarctica/guidelines", {"read": "1"})

    assert "First, the guidelines" in before
    assert not re.search(r'name="assignment"', before)
    assert 'name="assignment"' in bobs.get(URL).content.decode()


def test_changed_guidelines_are_shown_before_the_next_pair_and_recorded(guided: Project) -> None:
    bob, alice = make_member(guided), make_member(guided, "alice", role=Role.ADMIN)
    bobs = browser_of(bob)
    bobs.post("/p/antarctica/guidelines", {"read": "1"})
    on_screen = lease(guided, bob)
    change_project(project=guided, by=alice, guidelines="Be brief.")

    answer = fragment(bobs, URL, verdict(on_screen)).content.decode()
    bobs.post("/p/antarctica/guidelines", {"read": "2"})
    fragment(bobs, URL, verdict(lease(guided, bob)))

    assert "The guidelines have changed" in answer
    assert 'data-part="sheet"' not in answer
    assert list(Comparison.objects.order_by("id").values_list("guideline_version", flat=True)) == [1, 2]


def test_reading_an_older_version_does_not_count(guided: Project) -> None:
    bob, alice = make_member(guided), make_member(guided, "alice", role=Role.ADMIN)
    change_project(project=guided, by=alice, guidelines="Be brief.")

    answer = browser_of(bob).post("/p/antarctica/guidelines", {"read": "1"}, follow=True)

    assert "have changed again" in answer.content.decode()
    assert Membership.objects.get(user=bob).guidelines_read == 0


@pytest.mark.parametrize(("mask", "shown"), [(True, "[name hidden], I"), (False, "As Claude, I")])
def test_a_response_that_names_its_source_is_masked_where_the_project_says(
    bobs: Client, project: Project, mask: bool, shown: str
) -> None:
    Project.objects.update(mask_leaks=mask)
    Pair.objects.exclude(pk=make_pair(project, 50, texts=("As Claude, I", "Well.")).pk).update(open=False)
    project.responses.filter(text="As Claude, I").update(leak="As Claude")

    page = bobs.get(URL).content.decode()

    assert shown in page
    assert ("Claude" in page) != mask


def test_a_ranking_project_has_a_screen_of_its_own(bobs: Client, project: Project) -> None:
    Project.objects.update(outcomes="ranking")

    assert bobs.get(URL)["Location"] == "/p/antarctica/rank"
