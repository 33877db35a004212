"""The page of annotators: figures, flags, and what admins may do."""

import pytest
from django.test import Client
from scipy.stats import norm

from annotate.models import Assignment, Comparison, Outcome, Project, Stream, User
from annotate.selectors.annotators import Annotator, annotators, share
from annotate.services.gold import set_gold
from tests.annotate.views.browsers import n_queries
from tests.factories import compare, make_member, make_pair

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/annotators"


def figures(project: Project, user: User) -> Annotator:
    return next(one for one in annotators(project) if one.user == user)


def test_counts_and_the_median_are_those_of_live_verdicts(project: Project, bob: User) -> None:
    for seconds in (9, 1, 4, 6):
        made = compare(project, bob)
        Comparison.objects.filter(pk=made.pk).update(seconds=seconds)

    bobs = figures(project, bob)

    assert (bobs.n, bobs.n_voided, bobs.median_seconds) == (4, 0, 5.0)
    assert (bobs.fast.k, bobs.fast.n) == (1, 4)


def test_an_odd_number_has_one_in_the_middle(project: Project, bob: User) -> None:
    for seconds in (9, 1, 4):
        Comparison.objects.filter(pk=compare(project, bob).pk).update(seconds=seconds)

    assert figures(project, bob).median_seconds == 4.0


@pytest.mark.parametrize("stream", Stream.with_known_answer())
def test_the_median_is_that_of_work_without_gold_and_practice(project: Project, bob: User, stream: Stream) -> None:
    for seconds in (2, 4, 90, 90, 90):
        made = compare(project, bob)
        Comparison.objects.filter(pk=made.pk).update(seconds=seconds)
        if seconds == 90:
            Assignment.objects.filter(pk=made.assignment_id).update(stream=stream)

    bobs = figures(project, bob)

    assert (bobs.median_seconds, bobs.fast.n) == (3.0, 2)


def test_who_has_practised_alone_has_no_speed_yet(project: Project, bob: User) -> None:
    Comparison.objects.filter(pk=compare(project, bob).pk).update(seconds=9)
    Assignment.objects.update(stream=Stream.TRAINING)

    assert figures(project, bob).median_seconds is None


@pytest.mark.parametrize("first_on_left", [True, False])
def test_the_share_of_a_counts_sides_as_they_were_shown(project: Project, bob: User, first_on_left: bool) -> None:
    for outcome in (Outcome.FIRST, Outcome.FIRST, Outcome.SECOND, Outcome.TIE):
        compare(project, bob, outcome)
    Assignment.objects.update(first_on_left=first_on_left)

    left = figures(project, bob).left

    assert (left.k, left.n) == ((2, 3) if first_on_left else (1, 3))


def test_a_share_comes_with_wilsons_interval() -> None:
    """The oracle solves Wilson's equation: |p - k/n| = z sqrt(p (1 - p) / n) at both ends."""
    one = share(13, 40)
    z = norm.ppf(0.975)

    assert one.low is not None
    assert one.high is not None
    for end in (one.low, one.high):
        assert abs(end - 13 / 40) == pytest.approx(z * (end * (1 - end) / 40) ** 0.5)
    assert one.low < 13 / 40 < one.high


def test_gold_and_repeats_are_figures_of_their_own(project: Project, bob: User, alice: User) -> None:
    for _ in range(3):
        compare(project, bob)
    gold = make_pair(project, 9)
    set_gold(pair=gold, outcome=Outcome.SECOND, by=alice)
    Project.objects.update(gold_share=1)
    compare(Project.objects.get(), bob, Outcome.SECOND)
    first_look = Assignment.objects.filter(stream="learn")[0]
    look = Assignment.objects.create(
        project=project, pair=first_look.pair, annotator=bob, round=1, stream=Stream.REPEAT, first_on_left=True,
        leased_at=first_look.leased_at, lease_ends_at=first_look.leased_at, closed_at=first_look.leased_at,
        closed_as="compared",
    )  # fmt: skip
    Comparison.objects.create(project=project, assignment=look, outcome=Outcome.SECOND)

    bobs = figures(project, bob)

    assert (bobs.gold.k, bobs.gold.n) == (1, 1)
    assert (bobs.consistent.k, bobs.consistent.n) == (0, 1)
    assert bobs.n == 4


def test_who_always_chooses_a_in_a_second_is_flagged(project: Project, bob: User) -> None:
    for number in range(30):
        make_pair(project, 100 + number)
        compare(project, bob)
    Assignment.objects.update(first_on_left=True)
    Comparison.objects.update(seconds=1)

    assert len(figures(project, bob).flags) == 2


def test_an_admin_voids_and_restores(alices: Client, project: Project, bob: User) -> None:
    compare(project, bob)

    voided = alices.post(URL, {"void": "all", "person": str(bob.public_id)}, follow=True).content.decode()
    assert not Comparison.objects.live().exists()
    alices.post(URL, {"restore": "all", "person": str(bob.public_id)})

    assert "+ 1 voided" in voided
    assert Comparison.objects.live().exists()


def test_researchers_read_and_void_nothing(rosas: Client, project: Project, bob: User) -> None:
    compare(project, bob)

    page = rosas.get(URL).content.decode()

    assert "bob" in page
    assert 'name="void"' not in page
    assert rosas.post(URL, {"void": "all", "person": str(bob.public_id)}).status_code == 403
    assert Comparison.objects.live().exists()


def test_a_stranger_cannot_be_voided_here(alices: Client, project: Project, charlie: User) -> None:
    assert alices.post(URL, {"void": "all", "person": str(charlie.public_id)}).status_code == 404
    assert alices.post(URL, {"person": "x"}).status_code == 400


def test_more_people_cost_no_more_queries(rosas: Client, project: Project, bob: User) -> None:
    compare(project, bob)
    before = n_queries(rosas, URL)
    for number in range(10):
        make_pair(project, 200 + number)
        compare(project, make_member(project, f"person{number}"))

    assert n_queries(rosas, URL) == before
