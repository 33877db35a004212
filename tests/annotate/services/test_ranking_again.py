"""Rankings that are taken back, and orders that come late: nothing is lost, and no slot is taken twice."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from annotate.models import Assignment, Comparison, ComparisonEvent, Project, Ranking, User
from annotate.services.comparing import retract_comparison
from annotate.services.errors import Conflict
from annotate.services.ranking import lease_ranking_again, record_ranking, retract_ranking
from tests.annotate.services.test_ranking import lent, ranked, slots
from tests.factories import make_lineup, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    project = make_project(outcomes=Project.Outcomes.RANKING, ranking_size=4)
    make_lineup(project, 1)
    make_lineup(project, 2)
    return project


def test_undo_takes_all_comparisons_back_and_frees_their_slots(project: Project, bob: User) -> None:
    ranking = ranked(lent(project, bob))

    retract_ranking(ranking=ranking, by=bob)

    assert not Comparison.objects.live().exists()
    assert ComparisonEvent.objects.count() == 6
    assert sum(slots(project)) == 0


def test_an_undo_that_is_sent_again_changes_nothing_and_leaves_a_new_order_alone(project: Project, bob: User) -> None:
    ranking = ranked(lent(project, bob))
    assert retract_ranking(ranking=ranking, by=bob)

    assert not retract_ranking(ranking=ranking, by=bob)

    assert ComparisonEvent.objects.count() == 6
    again = lease_ranking_again(ranking)
    assert again is not None
    ranked(again)
    with pytest.raises(Conflict, match="anew"):
        retract_ranking(ranking=ranking, by=bob)
    assert Comparison.objects.live().filter(ranking=again).count() == 6


def test_after_the_window_a_ranking_stays(project: Project, bob: User) -> None:
    ranking = ranked(lent(project, bob))
    Ranking.objects.update(ranked_at=Now() - timedelta(seconds=project.undo_seconds + 1))

    with pytest.raises(Conflict):
        retract_ranking(ranking=ranking, by=bob)

    assert Comparison.objects.live().count() == 6


def test_one_pair_of_a_ranking_cannot_be_undone_alone(project: Project, bob: User) -> None:
    ranked(lent(project, bob))

    with pytest.raises(Conflict, match="as a whole"):
        retract_comparison(comparison=Comparison.objects.all()[0], by=bob)


def test_an_undone_lineup_is_lent_again_in_its_order_and_ranked_anew(project: Project, bob: User) -> None:
    first = ranked(lent(project, bob))
    retract_ranking(ranking=first, by=bob)

    again = lease_ranking_again(first)

    assert again is not None
    assert (again.lineup, again.pk != first.pk) == (first.lineup, True)
    ranked(again, [again.lineup])
    assert set(Comparison.objects.live().values_list("outcome", "ranking")) == {("tie", again.pk)}


def test_an_order_of_a_page_from_before_the_undo_is_stored_in_the_ranking_lent_since(
    project: Project, bob: User
) -> None:
    first = ranked(lent(project, bob))
    retract_ranking(ranking=first, by=bob)
    again = lease_ranking_again(first)

    stored = ranked(first, [first.lineup])

    assert stored == again
    assert set(Comparison.objects.live().values_list("outcome", "ranking")) == {("tie", stored.pk)}


def test_an_order_after_an_undo_is_stored_also_where_nothing_was_lent_since(project: Project, bob: User) -> None:
    first, key = ranked(lent(project, bob)), uuid4()
    retract_ranking(ranking=first, by=bob)
    said = {"ranking": first, "tiers": [first.lineup], "client_key": key, "by": bob}

    answers = [record_ranking(**said) for _ in range(2)]

    (stored, _), (replayed, _) = answers
    assert stored == replayed != first
    assert Comparison.objects.live().filter(ranking=stored).count() == 6
    assert sum(slots(project)) == 6
    first.refresh_from_db()
    assert first.tiers != stored.tiers


def test_a_lineup_whose_lease_ended_is_lent_again_under_its_own_name(project: Project, bob: User) -> None:
    first = lent(project, bob)
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))

    again = lent(project, bob)

    assert (again, again.lineup) == (first, first.lineup)
    assert Assignment.objects.live().filter(ranking=first).count() == 6


def test_a_late_order_takes_its_slots_again(project: Project, bob: User) -> None:
    ranking = lent(project, bob)
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))

    ranked(ranking)

    assert sum(slots(project)) == 6
    assert not Comparison.objects.filter(surplus=True).exists()


def test_a_late_order_without_free_slots_is_kept_as_surplus(db: None) -> None:
    project = make_project(outcomes=Project.Outcomes.RANKING)
    make_lineup(project)
    bob, dora = make_member(project, "bob"), make_member(project, "dora")
    late = lent(project, bob)
    Assignment.objects.update(lease_ends_at=Now() - timedelta(seconds=1))
    ranked(lent(project, dora))

    ranked(late)

    assert Comparison.objects.filter(ranking=late, surplus=True).count() == 6
    assert sum(slots(project)) == 6
