"""The snapshots screen: the list, trials in words, releases that ask once, two side by side, and the files."""

import json

import numpy as np
import pytest
from django.test import Client

from annotate.models import Assignment, Outcome, Pair, Project, Snapshot, Stream, User
from annotate.services.releasing import grow_reference, release_snapshot, released_snapshot
from tests.annotate.api.material import METRICS, TRIAL, make_snapshot
from tests.annotate.views.browsers import browser_of, fragment, main_of, n_queries
from tests.factories import compare, make_pair

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/snapshots"


def words(client: Client, query: str = "") -> str:
    return " ".join(main_of(client.get(f"{URL}{query}")).split())


def released(project: Project) -> int | None:
    found = released_snapshot(project)
    return found.number if found else None


def test_the_newest_comes_first_with_its_figures_and_their_intervals(rosas: Client, project: Project) -> None:
    for number in (1, 2):
        make_snapshot(project, number)

    page = words(rosas)

    assert page.index("</span> 2") < page.index(" 1 </td>")
    assert "75.0 % <small>60.0 % to 86.0 %</small>" in page
    assert page.count(">live<") == 1


def test_an_empty_project_says_when_the_first_is_made(rosas: Client) -> None:
    assert "No snapshot yet" in words(rosas)


def test_the_released_one_is_marked_and_a_withdrawn_one_too(rosas: Client, project: Project, alice: User) -> None:
    for number in (1, 2):
        make_snapshot(project, number)
        release_snapshot(project=project, number=number, by=alice)
    browser_of(alice).post(URL, {"roll_back": "2"})

    page = words(rosas)

    assert "Snapshot 1 is released" in page
    assert page.count(">released<") == 1
    assert page.count(">rolled back<") == 1


def test_a_release_asks_once_and_shows_each_condition_with_its_figure(alices: Client, project: Project) -> None:
    make_snapshot(project, 1, metrics={**METRICS, "trial": TRIAL})

    page = words(alices, "?release=1")

    assert "Release snapshot 1?" in page
    assert "it was tried against a coin on 120 audit verdicts that neither had seen" in page
    for shown in ("+0.012 nats", "+2.1 points", "0.031", "at most 0.057", "0.93", "Worse on: tag maths."):
        assert shown in page
    assert (page.count(">yes<"), page.count(">no<")) == (4, 1)
    assert released(project) is None


def test_what_was_asked_is_done_when_it_is_confirmed(alices: Client, project: Project) -> None:
    make_snapshot(project, 1)

    response = alices.post(URL, {"release": "1"})

    assert response.status_code == 302
    assert released(project) == 1
    alices.post(URL, {"roll_back": "1"})
    assert released(project) is None


def test_the_style_free_head_is_offered_where_there_is_one(alices: Client, project: Project) -> None:
    make_snapshot(project, 1)
    make_snapshot(project, 2, style_free=b"plain words")

    assert "style_free" not in words(alices, "?release=1")
    assert "style_free" in words(alices, "?release=2")
    alices.post(URL, {"release": "2", "style_free": "1"})
    assert Snapshot.objects.get(number=2).released_style_free
    assert "Snapshot 2 is released, style-free" in words(alices)


def test_researchers_read_the_conditions_and_release_nothing(rosas: Client, project: Project) -> None:
    make_snapshot(project, 1, metrics={**METRICS, "trial": TRIAL})

    assert "Only the project's admins" in words(rosas, "?release=1").replace("&#x27;", "'")
    assert rosas.post(URL, {"release": "1"}).status_code == 403
    assert released(project) is None


def test_a_refusal_is_told_on_the_page(alices: Client, project: Project) -> None:
    make_snapshot(project, 1)

    page = alices.post(URL, {"roll_back": "1"}, follow=True).content.decode()

    assert "is not the released one any more" in page


@pytest.mark.parametrize("sent", [{}, {"release": "x"}, {"release": "-1"}, {"roll_back": "9" * 30}])
def test_what_cannot_be_read_changes_nothing(alices: Client, project: Project, sent: dict[str, str]) -> None:
    make_snapshot(project, 1)

    assert alices.post(URL, sent).status_code in (302, 400)
    assert released(project) is None


def rewards(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


def test_two_side_by_side_show_flips_and_what_neither_had_seen(rosas: Client, project: Project, bob: User) -> None:
    grow_reference(project)
    seen = compare(project, bob)
    first = [float(n % 2) for n in range(10)]
    second = [*first[:4], 1.0, 0.0, *first[6:]]  # the third pair flips
    for number, values in ((1, first), (2, second)):
        mark = f"c1.{seen.pk} e0 p5 r10 abcd"
        make_snapshot(project, number, watermark=f"{mark}{number}", reference_rewards=rewards(*values))
    for _ in range(4):
        compare(project, bob, Outcome.FIRST)
    Assignment.objects.exclude(pk=seen.assignment_id).update(stream=Stream.AUDIT)

    page = words(rosas, "?one=1&other=2")

    assert "On 5 random pairs of the reference set they take different sides on <b>1</b>" in page
    assert "Of 4 audit verdicts on these pairs that neither had seen" in page
    assert "snapshot 1 called 0 right and snapshot 2 1." in page


def test_a_second_verdict_on_a_pair_that_a_head_learnt_from_is_not_unseen(
    rosas: Client, project: Project, bob: User, alice: User
) -> None:
    grow_reference(project)
    seen = compare(project, bob)
    for number in (1, 2):
        mark = f"c1.{seen.pk} e0 p5 r10 {number}"
        make_snapshot(project, number, watermark=mark, reference_rewards=rewards(*[0.0, 1.0] * 5))
    Pair.objects.update(overlap=2, slots_taken=0)
    for _ in range(5):
        compare(project, alice)
    Assignment.objects.update(stream=Stream.AUDIT)

    assert "Of 4 audit verdicts on these pairs that neither had seen" in words(rosas, "?one=1&other=2")


def test_side_by_side_of_snapshots_that_stored_nothing_claims_nothing(rosas: Client, project: Project) -> None:
    for number in (1, 2):
        make_snapshot(project, number)

    assert "no audit verdict on these pairs yet that neither had seen" in words(rosas, "?one=1&other=2")


@pytest.mark.parametrize("query", ["?one=1&other=99", "?one=x&other=1", "?release=99", "?page=x"])
def test_an_odd_query_shows_the_list(rosas: Client, project: Project, query: str) -> None:
    make_snapshot(project)

    assert "Every training" in words(rosas, query)


def test_it_refreshes_its_list_alone(rosas: Client, project: Project) -> None:
    make_snapshot(project)

    part = fragment(rosas, URL).content.decode()

    assert part.strip().startswith('<div id="list"')
    assert "Two side by side" not in part


def test_the_files_are_the_stored_bytes_and_the_recorded_numbers(rosas: Client, project: Project) -> None:
    make_snapshot(project, 3, weights=b"weights", style_free=b"plain words")

    assert rosas.get(f"{URL}/3.safetensors").content == b"weights"
    assert rosas.get(f"{URL}/3.safetensors?style=free").content == b"plain words"
    recorded = json.loads(rosas.get(f"{URL}/3.json").content)
    assert (recorded["number"], recorded["digest"], recorded["metrics"]["audit_n"]) == (3, "f" * 64, 40)


def test_the_head_in_use_is_the_newest_until_one_is_released_and_the_page_says_which(
    alices: Client, project: Project
) -> None:
    for number in (1, 2, 3):
        make_snapshot(project, number, weights=f"head {number}".encode())

    before, page_before = alices.get(f"{URL}/head.safetensors"), words(alices)
    alices.post(URL, {"release": "2"})
    after, page_after = alices.get(f"{URL}/head.safetensors"), words(alices)

    assert (before.content, after.content) == (b"head 3", b"head 2")
    assert before["Content-Disposition"] == 'attachment; filename="antarctica-3.safetensors"'
    assert after["Content-Disposition"] == 'attachment; filename="antarctica-2.safetensors"'
    assert "Download the head in use</a>: snapshot 3, the newest, until one is released." in page_before
    assert "Download the head in use</a>: snapshot 2." in page_after


def test_a_head_that_was_rolled_back_is_not_in_use_though_it_is_the_newest(alices: Client, project: Project) -> None:
    for number in (1, 2):
        make_snapshot(project, number, weights=f"head {number}".encode())
    alices.post(URL, {"release": "2"})
    alices.post(URL, {"roll_back": "2"})

    assert alices.get(f"{URL}/head.safetensors").content == b"head 1"


def test_what_was_released_style_free_is_in_use_style_free(alices: Client, project: Project) -> None:
    make_snapshot(project, 1, style_free=b"plain words")
    alices.post(URL, {"release": "1", "style_free": "1"})

    response = alices.get(f"{URL}/head.safetensors")

    assert response.content == b"plain words"
    assert "antarctica-1-style-free.safetensors" in response["Content-Disposition"]
    assert "Download the head in use</a>: snapshot 1, style-free." in words(alices)


@pytest.mark.parametrize("ending", ["/9.safetensors", "/9.json", "/3.safetensors?style=free"])
def test_a_file_that_is_not_there_is_not_found(rosas: Client, project: Project, ending: str) -> None:
    make_snapshot(project, 3)

    assert rosas.get(f"{URL}{ending}").status_code == 404


def test_before_the_first_snapshot_no_head_is_in_use(rosas: Client, project: Project) -> None:
    assert rosas.get(f"{URL}/head.safetensors").status_code == 404
    assert "head in use" not in words(rosas)


@pytest.mark.parametrize("ending", ["/head.safetensors", "/3.safetensors", "/3.json"])
def test_files_are_for_researchers_and_for_nobody_outside(
    client: Client, bobs: Client, project: Project, charlie: User, ending: str
) -> None:
    make_snapshot(project, 3)

    assert client.get(f"{URL}{ending}").status_code == 302
    assert bobs.get(f"{URL}{ending}").status_code == 403
    assert browser_of(charlie).get(f"{URL}{ending}").status_code == 404


def test_ten_more_snapshots_cost_no_more_queries_and_no_weights(rosas: Client, project: Project) -> None:
    make_snapshot(project)
    before = n_queries(rosas, URL)

    for number in range(2, 12):
        make_snapshot(project, number)

    assert n_queries(rosas, URL) == before


def test_ten_more_reference_pairs_cost_no_more_queries(rosas: Client, project: Project) -> None:
    for number in (1, 2):
        make_snapshot(project, number, reference_rewards=rewards(*range(10)))
    grow_reference(project)
    before = n_queries(rosas, f"{URL}?one=1&other=2")

    for number in range(10):
        make_pair(project, 100 + number)
    grow_reference(project)
    Snapshot.objects.update(reference_rewards=rewards(*range(30)))

    assert n_queries(rosas, f"{URL}?one=1&other=2") == before
