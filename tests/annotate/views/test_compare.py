"""The compare screen: what it shows, what it hides, and what each button does, with htmx and without a script."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from annotate.models import Assignment, Comparison, Membership, Outcome, Pair, Project, Prompt, User
from annotate.services.projects import archive_project, pause_project
from tests.annotate.views.browsers import browser_of, fragment, main_of, n_queries
from tests.factories import compare, lease, make_member, make_pair, make_project

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/compare"


@pytest.fixture
def bobs(bob: User) -> Client:
    return browser_of(bob)


def verdict(assignment: Assignment, choice: str = "left", **also: str) -> dict[str, str]:
    return {"assignment": str(assignment.public_id), "client_key": str(uuid4()), "choice": choice} | also


def test_the_page_shows_one_pair_under_a_and_b(bobs: Client) -> None:
    page = bobs.get(URL).content.decode()

    assert "Which country owns Antarctica?" in page
    assert "No country owns it." in page
    assert "Penguinland." in page
    assert page.count("<article") == 2


def test_a_pair_is_lent_once_however_often_the_page_is_opened(bobs: Client) -> None:
    for _ in range(3):
        bobs.get(URL)

    assert Assignment.objects.count() == 1


@pytest.mark.parametrize("first_on_left", [True, False])
def test_the_first_response_stands_where_its_assignment_says(bobs: Client, bob: User, first_on_left: bool) -> None:
    assignment = lease(Project.objects.get(), bob)
    Assignment.objects.update(first_on_left=first_on_left)

    page = main_of(bobs.get(URL))

    first, second = (page.index(text) for text in (assignment.pair.first.text, assignment.pair.second.text))
    assert (first < second) == first_on_left


@pytest.mark.parametrize("first_on_left", [True, False])
@pytest.mark.parametrize(
    ("choice", "as_seen"), [("left", True), ("right", False), ("tie", Outcome.TIE), ("both_bad", Outcome.BOTH_BAD)]
)
def test_a_verdict_is_stored_in_stored_order(
    bobs: Client, project: Project, bob: User, first_on_left: bool, choice: str, as_seen: bool | Outcome
) -> None:
    assignment = lease(project, bob)
    Assignment.objects.update(first_on_left=first_on_left)

    fragment(bobs, URL, verdict(assignment, choice))

    on_first = Outcome.FIRST if as_seen == first_on_left else Outcome.SECOND
    assert Comparison.objects.get().outcome == (on_first if isinstance(as_seen, bool) else as_seen)


def test_the_answer_to_a_verdict_is_the_next_pair_and_what_was_saved(bobs: Client, project: Project, bob: User) -> None:
    judged = lease(project, bob)

    answer = fragment(bobs, URL, verdict(judged)).content.decode()

    following = Assignment.objects.exclude(pk=judged.pk).get()
    assert str(following.public_id) in answer
    assert "Saved: A is better." in answer
    assert "<html" not in answer


def test_without_a_script_the_form_posts_and_redirects(bobs: Client, project: Project, bob: User) -> None:
    response = bobs.post(URL, verdict(lease(project, bob)))

    assert (response.status_code, response["Location"]) == (302, URL)
    assert "Saved: A is better." in bobs.get(URL).content.decode()


def test_every_pair_has_a_client_key_of_its_own(bobs: Client) -> None:
    keys = [re.search(r'name="client_key" value="([^"]+)"', bobs.get(URL).content.decode()) for _ in range(2)]

    assert len({UUID(key[1]) for key in keys if key}) == 2


def test_a_double_press_is_stored_once(bobs: Client, project: Project, bob: User) -> None:
    sent = verdict(lease(project, bob))

    answers = [fragment(bobs, URL, sent) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert Comparison.objects.count() == 1


def test_the_same_key_with_another_choice_is_refused(bobs: Client, project: Project, bob: User) -> None:
    sent = verdict(lease(project, bob))
    fragment(bobs, URL, sent)

    answer = fragment(bobs, URL, sent | {"choice": "right"})

    assert answer.status_code == 422
    assert Comparison.objects.count() == 1


def test_a_second_tab_is_told_that_the_first_verdict_stands_and_goes_on(
    bobs: Client, project: Project, bob: User
) -> None:
    judged = lease(project, bob)
    fragment(bobs, URL, verdict(judged, "left"))

    answer = fragment(bobs, URL, verdict(judged, "right"))

    assert "your first verdict stands" in answer.content.decode()
    assert answer.status_code == 200
    assert Comparison.objects.count() == 1


def test_times_come_from_the_browser(bobs: Client, project: Project, bob: User) -> None:
    times = {"shown_at": "2026-01-02T03:04:05.000Z", "decided_at": "2026-01-02T03:04:09.500Z"}

    fragment(bobs, URL, verdict(lease(project, bob), **times))

    stored = Comparison.objects.get()
    assert stored.shown_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert stored.seconds == 4.5


@pytest.mark.parametrize("shown_at", ["yesterday", "2026-13-45T99:00:00Z", "2026-01-02T03:04:05", "\x00"])
def test_a_verdict_is_never_refused_over_its_clock(bobs: Client, project: Project, bob: User, shown_at: str) -> None:
    answer = fragment(bobs, URL, verdict(lease(project, bob), shown_at=shown_at))

    assert answer.status_code == 200
    assert Comparison.objects.get().shown_at is None


@pytest.mark.parametrize("wrong", [{"choice": "first"}, {"client_key": "7"}, {"assignment": "7"}, {"client_key": ""}])
def test_what_no_page_sends_is_refused(bobs: Client, project: Project, bob: User, wrong: dict[str, str]) -> None:
    answer = fragment(bobs, URL, verdict(lease(project, bob)) | wrong)

    assert answer.status_code == 400
    assert not Comparison.objects.exists()


def test_somebody_elses_assignment_does_not_exist(bobs: Client, project: Project, rosa: User) -> None:
    answer = fragment(bobs, URL, verdict(lease(project, rosa)))

    assert answer.status_code == 404
    assert not Comparison.objects.exists()


def test_an_assignment_of_another_project_does_not_exist_here(bobs: Client, bob: User, project: Project) -> None:
    other = make_project("arctic", n_pairs=1)
    Membership.objects.create(project=other, user=bob, role="annotator")

    answer = fragment(bobs, URL, verdict(lease(other, bob)))

    assert answer.status_code == 404


def test_a_binary_project_offers_no_tie(bob: User, project: Project) -> None:
    Project.objects.update(outcomes=Project.Outcomes.BINARY)

    page = browser_of(bob).get(URL).content.decode()

    assert 'value="left"' in page
    assert 'value="tie"' not in page
    assert 'value="both_bad"' not in page


def test_a_skip_gives_the_pair_back_with_its_reason(bobs: Client, project: Project, bob: User) -> None:
    skipped = lease(project, bob)

    answer = fragment(bobs, URL, {"assignment": str(skipped.public_id), "skip": "unclear_prompt"})

    skipped.refresh_from_db()
    assert (skipped.closed_as, skipped.skip_reason) == ("skipped", "unclear_prompt")
    assert str(skipped.public_id) not in answer.content.decode()
    assert Pair.objects.get(pk=skipped.pair_id).slots_taken == 0


def test_undo_takes_the_verdict_back_and_shows_that_very_pair(bobs: Client, project: Project, bob: User) -> None:
    judged = lease(project, bob)
    fragment(bobs, URL, verdict(judged))
    comparison = Comparison.objects.get()

    answer = fragment(bobs, URL, {"undo": str(comparison.public_id)}).content.decode()

    comparison.refresh_from_db()
    assert comparison.retracted_at is not None
    assert f'name="assignment" value="{judged.public_id}"' in answer


def test_without_a_script_undo_shows_that_very_pair_too(bobs: Client, project: Project, bob: User) -> None:
    judged = lease(project, bob)
    bobs.post(URL, verdict(judged))
    bobs.get(URL)

    response = bobs.post(URL, {"undo": str(Comparison.objects.get().public_id)}, follow=True)

    assert f'name="assignment" value="{judged.public_id}"' in response.content.decode()


def test_the_undone_pair_can_be_judged_anew(bobs: Client, project: Project, bob: User) -> None:
    judged = lease(project, bob)
    fragment(bobs, URL, verdict(judged, "left"))
    fragment(bobs, URL, {"undo": str(Comparison.objects.get().public_id)})

    fragment(bobs, URL, verdict(judged, "tie"))

    assert Comparison.objects.live().get().outcome == Outcome.TIE


def test_undo_offers_the_verdict_before_the_last_after_it(bobs: Client, project: Project, bob: User) -> None:
    earlier, later = compare(project, bob), compare(project, bob)

    answer = fragment(bobs, URL, {"undo": str(later.public_id)}).content.decode()

    assert f'value="{earlier.public_id}"' in answer


def test_undoing_twice_says_so_and_goes_on(bobs: Client, project: Project, bob: User) -> None:
    sent = {"undo": str(compare(project, bob).public_id)}
    fragment(bobs, URL, sent)

    answer = fragment(bobs, URL, sent)

    assert answer.status_code == 200
    assert "already undone" in answer.content.decode()


def test_nobody_undoes_somebody_elses_verdict(bobs: Client, project: Project, rosa: User) -> None:
    answer = fragment(bobs, URL, {"undo": str(compare(project, rosa).public_id)})

    assert answer.status_code == 404


def test_after_the_window_there_is_nothing_to_undo(bobs: Client, project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    Comparison.objects.update(created_at=timezone.now() - timedelta(hours=2))

    page = bobs.get(URL).content.decode()

    assert str(comparison.public_id) not in page
    assert re.search(r'id="undo"[^>]*\sdisabled', page)


def test_nothing_left_is_told_apart(bobs: Client, project: Project, bob: User) -> None:
    for _ in range(5):
        compare(project, bob)

    assert "You have judged everything" in bobs.get(URL).content.decode()


def test_all_lent_out_says_when_one_becomes_free_and_looks_again(bobs: Client, project: Project) -> None:
    for number in range(5):
        lease(project, make_member(project, f"other{number}"))

    page = bobs.get(URL).content.decode()

    assert "Other people have the last pairs" in page
    assert "free in 15 min" in page or "free in 14 min" in page
    assert 'hx-trigger="poll"' in page


def test_a_paused_project_says_so_and_still_takes_the_verdict_under_way(
    bobs: Client, project: Project, bob: User, alice: User
) -> None:
    under_way = lease(project, bob)
    pause_project(project=project, by=alice)

    answer = fragment(bobs, URL, verdict(under_way)).content.decode()

    assert "This project is paused" in answer
    assert Comparison.objects.count() == 1


def test_an_archived_project_says_so(bobs: Client, project: Project, alice: User) -> None:
    archive_project(project=project, by=alice)

    assert "This project is archived" in bobs.get(URL).content.decode()


def test_waiting_asks_for_the_pair_alone(bobs: Client) -> None:
    answer = fragment(bobs, URL).content.decode()

    assert answer.strip().startswith("<form")
    assert 'id="message"' not in answer


def test_nothing_on_the_page_unblinds(bobs: Client, project: Project, bob: User, rosa: User) -> None:
    Pair.objects.update(external_id="gold-7", overlap=3)
    Prompt.objects.update(metadata={"winner": "careful"}, tags=["hard-tag"])
    compare(project, rosa)

    assignment = lease(project, bob)
    for page in (bobs.get(URL).content.decode(), fragment(bobs, URL, verdict(assignment)).content.decode()):
        words = ("careful", "silly", "gold-7", "hard-tag", "learn", "audit", "rosa", "p_first", "first", "second")
        assert not [word for word in words if re.search(rf"\b{word}\b", page)]


def test_the_page_carries_no_number_of_a_row(bobs: Client, project: Project, bob: User) -> None:
    assignment = lease(project, bob)

    page = main_of(bobs.get(URL))

    assert str(assignment.public_id) in page
    assert re.findall(r'name="(?!skip)\w+" value="(\d+)"', page) == []


def test_a_whole_conversation_is_shown_with_roles_and_its_latest_turn(bobs: Client) -> None:
    turns = [("user", "Two and two?"), ("assistant", "Four."), ("user", "And three?")]
    Prompt.objects.update(messages=[{"role": role, "content": content} for role, content in turns])

    page = main_of(bobs.get(URL))

    assert [page.index(content) for _, content in turns] == sorted(page.index(content) for _, content in turns)
    assert page.count("Latest turn") == 1
    assert "Assistant" in page


def test_markup_in_a_response_is_text(bobs: Client, project: Project) -> None:
    Pair.objects.all().delete()
    make_pair(project, 77, texts=("<script>alert(1)</script>", "![x](https://evil.example/x.png)"))

    page = main_of(bobs.get(URL))

    assert "<script" not in page
    assert "<img" not in page


def test_the_keys_are_printed_and_can_be_switched_off(bobs: Client) -> None:
    printed = bobs.get(URL).content.decode()
    bobs.cookies["shortcuts"] = "off"
    without = bobs.get(URL).content.decode()

    assert 'aria-keyshortcuts="1 ArrowLeft"' in printed
    assert "aria-keyshortcuts" not in without
    assert "<kbd>" not in without


def test_progress_counts_what_was_done_today_and_what_is_left(bobs: Client, project: Project, bob: User) -> None:
    compare(project, bob)
    compare(project, bob)
    Comparison.objects.filter(pk=Comparison.objects.earliest("id").pk).update(
        created_at=timezone.now() - timedelta(days=2)
    )

    page = bobs.get(URL).content.decode()

    assert "<b>1</b> today" in page
    assert "<b>3</b> left" in page


def test_ten_more_rows_cost_no_more_queries(bobs: Client, project: Project, bob: User, rosa: User) -> None:
    compare(project, bob)
    before = n_queries(bobs, URL)

    for number in range(10, 20):
        make_pair(project, number)
        compare(project, rosa)

    assert n_queries(bobs, URL) == before


def test_the_answer_is_never_kept_by_the_browser(bobs: Client) -> None:
    response = bobs.get(URL)

    assert "no-store" in response["Cache-Control"]
    assert "HX-Request" in response["Vary"]
