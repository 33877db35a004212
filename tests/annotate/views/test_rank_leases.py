"""Renewals and leaving on the ranking screen: a page keeps or leaves all lineups that it has."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from annotate.models import Assignment, Project, Ranking
from tests.annotate.views.browsers import browser_of, fragment
from tests.annotate.views.test_rank import URL, shown
from tests.annotate.views.test_rank_answers import lineups, on_the_page_of
from tests.factories import make_member, make_ranking_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return make_ranking_project()


def seconds_left(ranking: Ranking) -> set[int]:
    """Return for how many seconds more the pairs of a ranking are lent, to the next ten."""
    ends = ranking.assignments.values_list("lease_ends_at", flat=True)
    return {round((end - timezone.now()).total_seconds(), -1) for end in ends}


def test_a_page_that_is_looked_at_keeps_all_pairs_of_its_lineups(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    Assignment.objects.update(lease_ends_at=Now() + timedelta(seconds=5))

    answer = fragment(bobs, URL, {"renew": "1", "have": [str(own.public_id), *on_the_page_of(own)]})

    assert (answer.status_code, lineups(answer)) == (200, [])
    assert [seconds_left(one) for one in Ranking.objects.all()] == [{project.lease_seconds}] * 2


def test_a_page_that_is_left_lets_go_of_its_own_lineups_alone(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    ahead = Ranking.objects.get(public_id=on_the_page_of(own)[0])
    dora = make_member(project, "dora")
    others = shown(browser_of(dora))

    named = [str(one.public_id) for one in (own, ahead, others)]
    answer = fragment(bobs, URL, {"leave": [*named, "nonsense"]})

    assert answer.status_code == 204
    assert max(seconds_left(own) | seconds_left(ahead)) <= 20
    assert seconds_left(others) == {project.lease_seconds}


def test_a_lineup_whose_lease_ended_is_lent_again_as_it_was(bobs: Client, project: Project) -> None:
    own = shown(bobs)
    Ranking.objects.filter(pk=own.pk).update(lineup=own.lineup[::-1])  # whatever chance would draw this time
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))

    again = lineups(bobs.get(URL))

    own.refresh_from_db()
    place = {response: at for at, response in enumerate(own.lineup)}
    assert again[0] == str(own.public_id)
    for assignment in own.assignments.select_related("pair"):
        assert assignment.first_on_left == (place[assignment.pair.first_id] < place[assignment.pair.second_id])
