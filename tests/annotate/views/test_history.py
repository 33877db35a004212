"""One's own comparisons: what is listed, found and reopened, and the two figures."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotate.models import Assignment, Comparison, Outcome, Project, Stream, User
from tests.annotate.views.browsers import main_of, n_queries
from tests.factories import compare, make_pair, make_project

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/history"


def text_of(client: Client, address: str = URL) -> str:
    return " ".join(main_of(client.get(address)).split())


@pytest.mark.parametrize(("first_on_left", "said"), [(True, "A is better"), (False, "B is better")])
def test_a_verdict_is_told_in_the_words_of_what_was_seen(
    bobs: Client, project: Project, bob: User, first_on_left: bool, said: str
) -> None:
    compare(project, bob, Outcome.FIRST)
    Assignment.objects.update(first_on_left=first_on_left)

    page = text_of(bobs)

    assert f"<b>{said}</b>" in page
    assert (page.index("No country owns it.") < page.index("Penguinland.")) == first_on_left


def test_it_shows_ones_own_verdicts_of_this_project(bobs: Client, project: Project, bob: User, rosa: User) -> None:
    compare(project, rosa)
    elsewhere = make_project("arctic", n_pairs=1)
    elsewhere.memberships.create(user=bob, role="annotator")
    compare(elsewhere, bob)

    assert "You have judged nothing yet." in text_of(bobs)


def test_it_names_no_source_and_no_stream(bobs: Client, project: Project, bob: User) -> None:
    compare(project, bob)

    page = text_of(bobs)

    assert not [word for word in ("careful", "silly", "learn", "audit") if word in page]


@pytest.mark.parametrize("words", ["whale", "WHALE", "zoë", "krill", "sure"])
def test_words_of_the_prompt_a_response_or_the_comment_find_a_verdict(
    bobs: Client, project: Project, bob: User, words: str
) -> None:
    compare(project, bob)
    make_pair(project, 50, prompt="Whale or zoë?", texts=("Krill.", "None."))
    Assignment.objects.update(closed_at=timezone.now())
    found = lease_of(project, bob, "Krill.")
    Comparison.objects.filter(assignment=found).update(comment="Not sure")

    page = text_of(bobs, f"{URL}?q={words}")

    assert page.count("<details") == 1
    assert "Krill." in page


def lease_of(project: Project, bob: User, text: str) -> Assignment:
    """Have bob judge everything and return the assignment whose first response has this text."""
    while not Assignment.objects.filter(pair__first__text=text, closed_as="compared").exists():
        compare(project, bob)
    return Assignment.objects.get(pair__first__text=text)


def test_words_that_nothing_holds_find_nothing(bobs: Client, project: Project, bob: User) -> None:
    compare(project, bob)

    assert "Nothing that you judged holds these words." in text_of(bobs, f"{URL}?q=%25")


def test_a_recent_verdict_is_taken_back_and_its_pair_shown_again(bobs: Client, project: Project, bob: User) -> None:
    earlier, _ = compare(project, bob), compare(project, bob)

    answer = bobs.post(URL, {"undo": str(earlier.public_id)}, follow=True)

    earlier.refresh_from_db()
    assert earlier.retracted_at is not None
    assert answer.redirect_chain == [(f"/p/antarctica/compare?assignment={earlier.assignment.public_id}", 302)]
    shown = answer.content.decode().split('id="sheet"')[1].split("<template")[0]
    assert str(earlier.assignment.public_id) in shown


def test_after_the_window_nothing_is_offered_and_nothing_reopened(bobs: Client, project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    Comparison.objects.update(created_at=timezone.now() - timedelta(hours=2))

    offered = text_of(bobs)
    answer = bobs.post(URL, {"undo": str(comparison.public_id)}, follow=True)

    assert "Take back" not in offered
    assert "The time to undo it is over" in answer.content.decode()


def test_nobody_reopens_somebody_elses_verdict(bobs: Client, project: Project, rosa: User) -> None:
    comparison = compare(project, rosa)

    assert bobs.post(URL, {"undo": str(comparison.public_id)}).status_code == 404


def test_speed_is_the_median_and_consistency_counts_the_repeats(bobs: Client, project: Project, bob: User) -> None:
    for seconds in (2.0, 30.0, 4.0):
        Comparison.objects.filter(pk=compare(project, bob).pk).update(seconds=seconds)
    for number, first_look in enumerate(Assignment.objects.filter(round=0)[:2]):
        again = Assignment.objects.create(
            project=project, pair=first_look.pair, annotator=bob, round=1, stream="repeat", leased_at=timezone.now(),
            lease_ends_at=timezone.now(), closed_at=timezone.now(), closed_as="compared", first_on_left=False,
        )  # fmt: skip
        Comparison.objects.create(
            project=project, assignment=again, outcome=[Outcome.FIRST, Outcome.SECOND][number], seconds=4.0
        )

    page = text_of(bobs)

    assert "4.0 s" in page
    assert "1 of 2" in page


@pytest.mark.parametrize(("stream", "median"), [(Stream.TRAINING, "3.0 s"), (Stream.GOLD, "4.0 s")])
def test_practice_is_no_part_of_the_speed_and_gold_is_not_told_by_it(
    bobs: Client, project: Project, bob: User, stream: Stream, median: str
) -> None:
    for seconds in (2, 4, 90):
        made = compare(project, bob)
        Comparison.objects.filter(pk=made.pk).update(seconds=seconds)
        if seconds == 90:
            Assignment.objects.filter(pk=made.assignment_id).update(stream=stream)

    assert median in text_of(bobs)


def test_ten_more_verdicts_cost_no_more_queries(bobs: Client, project: Project, bob: User) -> None:
    compare(project, bob)
    before = n_queries(bobs, URL)

    for number in range(10, 20):
        make_pair(project, number)
        compare(project, bob)

    assert n_queries(bobs, URL) == before


def test_further_pages_are_linked(bobs: Client, project: Project, bob: User) -> None:
    for number in range(10, 31):
        make_pair(project, number)
    for _ in range(21):
        compare(project, bob)

    assert "Page 1 of 2" in text_of(bobs)
    assert text_of(bobs, f"{URL}?page=2").count("<details") == 1


def test_what_no_page_of_ours_asks_for_is_answered_too(bobs: Client, project: Project, bob: User) -> None:
    compare(project, bob)

    assert text_of(bobs, f"{URL}?q={'x' * 300}&page=-7").count("<details") == 1


@pytest.mark.parametrize("became", ["voided", "practice"])
def test_what_cannot_be_taken_back_is_not_offered(bobs: Client, project: Project, bob: User, became: str) -> None:
    judged = compare(project, bob)
    if became == "voided":
        Comparison.objects.update(voided_at=timezone.now())
    else:
        Assignment.objects.update(stream=Stream.TRAINING)

    assert str(judged.public_id) not in main_of(bobs.get(URL))
