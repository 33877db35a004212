"""The compare screen: what it shows, what it hides, and what it says where there is no pair."""

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from annotate.models import Assignment, Comparison, Pair, Project, Prompt, User
from annotate.services.projects import archive_project, change_project, pause_project
from tests.annotate.views.browsers import fragment, main_of, n_queries, verdict
from tests.factories import compare, lease, make_member, make_pair

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/compare"


def shown(response: HttpResponse) -> str:
    """Return what is on screen, without the pairs ahead, which the page holds in templates."""
    return re.sub(r"<template.*?</template>", "", main_of(response), flags=re.DOTALL)


def test_the_page_shows_one_pair_under_a_and_b(bobs: Client) -> None:
    page = shown(bobs.get(URL))

    assert "Which country owns Antarctica?" in page
    assert "No country owns it." in page
    assert "Penguinland." in page
    assert page.count("<article") == 2


def test_two_pairs_ahead_are_in_the_page_and_no_more_however_often_it_is_opened(bobs: Client) -> None:
    pages = [main_of(bobs.get(URL)) for _ in range(3)]

    assert Assignment.objects.count() == 3
    assert [page.count('<template data-part="sheet">') for page in pages] == [2, 2, 2]


def test_a_script_is_sent_only_the_pairs_that_its_page_has_not(bobs: Client) -> None:
    bobs.get(URL)
    first, second, third = (str(one.public_id) for one in Assignment.objects.order_by("id"))

    answer = fragment(bobs, f"{URL}?have={first}&have={third}&have=nonsense").content.decode()

    assert re.findall(r'class="sheet"\s+data-assignment="([^"]+)"', answer) == [second]
    assert f'data-held="{first} {second} {third} "' in answer


@pytest.mark.parametrize("first_on_left", [True, False])
def test_the_first_response_stands_where_its_assignment_says(bobs: Client, bob: User, first_on_left: bool) -> None:
    assignment = lease(Project.objects.get(), bob)
    Assignment.objects.update(first_on_left=first_on_left)

    page = shown(bobs.get(URL))

    first, second = (page.index(text) for text in (assignment.pair.first.text, assignment.pair.second.text))
    assert (first < second) == first_on_left


def test_a_binary_project_offers_no_tie(bobs: Client) -> None:
    Project.objects.update(outcomes=Project.Outcomes.BINARY)

    page = bobs.get(URL).content.decode()

    assert 'value="left"' in page
    assert 'value="tie"' not in page
    assert 'value="both_bad"' not in page


def test_nothing_left_is_told_apart(bobs: Client, project: Project, bob: User) -> None:
    for _ in range(5):
        compare(project, bob)

    assert "You have judged everything" in bobs.get(URL).content.decode()


def test_all_lent_out_says_when_one_becomes_free_and_looks_again(bobs: Client, project: Project) -> None:
    for number in range(5):
        lease(project, make_member(project, f"other{number}"))

    page = bobs.get(URL).content.decode()

    assert "Other people have the last pairs" in page
    assert re.search(r"free in\s+<b[^>]*>1[45] min</b>", page)
    assert "data-poll-after" in page


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


def test_a_script_is_answered_in_parts_without_a_frame(bobs: Client) -> None:
    answer = fragment(bobs, URL).content.decode()

    parts = re.findall(r'^\s*<template data-part="(\w+)"', answer, re.MULTILINE)
    assert parts == ["message", "progress", "state", "sheet", "sheet", "sheet"]
    assert "<html" not in answer


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

    page = shown(bobs.get(URL))

    assert [page.index(content) for _, content in turns] == sorted(page.index(content) for _, content in turns)
    assert page.count("Latest turn") == 1
    assert "Assistant" in page


def test_markup_in_a_response_is_text(bobs: Client, project: Project) -> None:
    Pair.objects.all().delete()
    make_pair(project, 77, texts=("<script>alert(1)</script>", "![x](https://evil.example/x.png)"))

    page = main_of(bobs.get(URL))

    assert "<script" not in page
    assert "<img" not in page


@pytest.mark.parametrize(
    ("preset", "keys", "printed"),
    [("numbers", "1 ArrowLeft", "1"), ("arrows", "ArrowLeft", "←"), ("letters", "A", "A")],
)
def test_the_keys_of_ones_preset_are_printed(bobs: Client, bob: User, preset: str, keys: str, printed: str) -> None:
    User.objects.filter(pk=bob.pk).update(key_preset=preset)

    page = " ".join(main_of(bobs.get(URL)).split())

    assert re.search(rf'aria-keyshortcuts="{keys}" ?> ?<kbd aria-hidden="true">{printed}</kbd> A is better', page)


def test_keys_that_are_switched_off_are_nowhere(bobs: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(key_preset="off")

    page = bobs.get(URL).content.decode()

    assert "aria-keyshortcuts" not in page
    assert "<kbd" not in page


def test_progress_counts_what_was_done_today_and_what_is_left(bobs: Client, project: Project, bob: User) -> None:
    compare(project, bob)
    compare(project, bob)
    Comparison.objects.filter(pk=Comparison.objects.earliest("id").pk).update(
        created_at=timezone.now() - timedelta(days=2)
    )
    Assignment.objects.filter(pk=Assignment.objects.earliest("id").pk).update(
        closed_at=timezone.now() - timedelta(days=2)
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


def test_a_press_of_before_the_project_asked_for_rankings_is_stored_and_nothing_is_lent(
    bobs: Client, project: Project, bob: User, alice: User
) -> None:
    under_way = lease(project, bob)
    change_project(project=project, by=alice, outcomes=Project.Outcomes.RANKING)

    answer = fragment(bobs, URL, verdict(under_way))

    assert answer.status_code == 200
    assert Comparison.objects.get().assignment == under_way
    assert 'data-asks="ranking"' in answer.content.decode()
    assert not Assignment.objects.live().exists()
    assert bobs.get(URL)["Location"] == "/p/antarctica/rank"


def test_a_press_on_what_the_project_has_not_asked_since_it_lent_the_pair_says_what_to_do(
    bobs: Client, project: Project, bob: User, alice: User
) -> None:
    change_project(project=project, by=alice, outcomes=Project.Outcomes.BINARY)
    lent_since = lease(project, bob)

    answer = fragment(bobs, URL, verdict(lent_since, choice="tie"))

    assert answer.status_code == 400
    assert "Reload the page" in answer.content.decode()
