"""What a run reads of strengths, rankings and gold pairs."""

from uuid import uuid4

import numpy as np
import pytest

from annotate.models import Assignment, Comparison, Embedding, Outcome, Project, Ranking, Role, Snapshot
from annotate.selectors.training_rows import label_rows, pair_rows
from annotate.selectors.watermark import watermark
from annotate.services.comparing import record_comparison, retract_comparison
from annotate.services.gold import set_gold
from annotate.services.ranking import record_ranking, retract_ranking
from annotate.services.voiding import void_comparisons
from tests.factories import compare, lease, lease_lineup, make_lineup, make_member, make_pair, make_project
from tests.trainer.test_desk import claimed, embedded
from trainer import desk, shelf
from trainer.head import Head
from trainer.material import Material
from trainer.reading import Vectors, fit_config_of, make_material, rankings_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_shelf() -> None:
    shelf._shelves.clear()


def material_of(project: Project) -> Material:
    """Return the project's material with made-up vectors."""
    labels = label_rows(project, watermark(project))
    assert labels is not None
    response_N = np.array(list(project.responses.order_by("pk").values_list("pk", flat=True)))
    vectors = Vectors("some-encoder", response_N, np.zeros((len(response_N), 4), np.float16))
    return make_material(vectors, labels, pair_rows(project))


def test_a_strength_reaches_the_trainer_with_its_sign(db: None) -> None:
    project = make_project(n_pairs=3, outcomes=Project.Outcomes.STRENGTH7)
    bob = make_member(project)
    for outcome, strength in ((Outcome.FIRST, 3), (Outcome.SECOND, -1), (Outcome.FIRST, None)):
        assignment = lease(project, bob)
        record_comparison(assignment=assignment, outcome=outcome, client_key=uuid4(), by=bob, strength=strength)

    assert material_of(project).strength_B.tolist() == [3, -1, 0]
    assert fit_config_of(project).scale == "strength7"


def predicted(comparison: Comparison) -> Comparison:
    Assignment.objects.filter(pk=comparison.assignment_id).update(p_first=0.75)
    return comparison


def test_only_the_first_verdict_of_an_audit_pair_is_scored_the_next_was_foreseen_by_a_head_that_knew_it(
    db: None,
) -> None:
    project = make_project(audit_share=1.0)
    bob, alice = make_member(project), make_member(project, "alice")
    make_pair(project, 1, audit=True, overlap=2)

    for person in (bob, alice):
        predicted(compare(project, person))

    shown = material_of(project).p_first_shown_B.tolist()
    assert shown == pytest.approx([0.75, np.nan], nan_ok=True)


def test_a_verdict_that_was_voided_since_still_came_first(db: None) -> None:
    project = make_project(audit_share=1.0)
    bob, alice = make_member(project), make_member(project, "alice", role=Role.ADMIN)
    make_pair(project, 1, audit=True, overlap=2)
    for person in (bob, alice):
        predicted(compare(project, person))

    void_comparisons(project=project, annotator=bob, by=alice)

    assert np.isnan(material_of(project).p_first_shown_B).tolist() == [True]


def test_a_verdict_taken_back_and_given_anew_is_still_the_first(db: None) -> None:
    project = make_project(audit_share=1.0)
    bob = make_member(project)
    make_pair(project, 1, audit=True, overlap=2)
    retract_comparison(comparison=compare(project, bob), by=bob)

    predicted(compare(project, bob))

    assert material_of(project).p_first_shown_B.tolist() == [0.75]


@pytest.mark.parametrize("round_first", [True, False])
def test_no_head_learns_from_gold_or_practice(db: None, round_first: bool) -> None:
    project = make_project(n_pairs=1, gold_share=0 if round_first else 1, training_pairs=int(round_first))
    bob, alice = make_member(project), make_member(project, "alice", role=Role.ADMIN)
    set_gold(pair=make_pair(project, 9), outcome=Outcome.FIRST, by=alice)

    made = [compare(project, bob), compare(project, bob)]

    assert {one.assignment.stream for one in made} == {"training" if round_first else "gold", "learn"}
    assert len(material_of(project).pair_B) == 1


def test_tiers_become_places_and_levels() -> None:
    rankings = rankings_of(np.array([10, 20, 30, 40]), [[[30], [10, 20]], [[40], [30], [20], [10]]])

    assert rankings.response_GJ.tolist() == [[2, 0, 1, -1], [3, 2, 1, 0]]
    assert rankings.level_GJ.tolist() == [[0, 1, 1, 4], [0, 1, 2, 3]]
    assert rankings.size_G.tolist() == [3, 4]


def ranked(project: Project, *, best: str) -> Ranking:
    """Have the next person put the response that says `best` first, and the others in the order of their texts."""
    annotator = make_member(project, f"person {project.memberships.count()}")
    ranking = lease_lineup(project, annotator)
    assert ranking is not None
    texts = dict(project.responses.filter(pk__in=ranking.lineup).values_list("pk", "text"))
    order = sorted(texts, key=lambda response: (texts[response] != best, texts[response]))
    stored, _ = record_ranking(
        ranking=ranking, tiers=[[response] for response in order], client_key=uuid4(), by=annotator
    )
    return stored


def test_a_ranking_is_fitted_as_itself_and_its_pairs_weigh_nothing_beside_it(db: None) -> None:
    project = make_project(outcomes=Project.Outcomes.RANKING)
    make_lineup(project, 1)
    stored = ranked(project, best="Number 2.")

    material = material_of(project)

    assert material.weight_B.tolist() == [0.0] * 6
    response_N = np.array(list(project.responses.order_by("pk").values_list("pk", flat=True)))
    assert stored.tiers is not None
    assert response_N[material.rankings.response_GJ[0]].tolist() == [one for tier in stored.tiers for one in tier]
    assert fit_config_of(project).scale == "ties"


def test_a_ranking_that_was_taken_back_is_not_fitted(db: None) -> None:
    project = make_project(outcomes=Project.Outcomes.RANKING)
    make_lineup(project, 1)
    stored = ranked(project, best="Number 2.")
    retract_ranking(ranking=stored, by=stored.annotator)

    assert len(material_of(project).rankings.response_GJ) == 0


def test_a_head_learns_an_order_from_rankings(db: None) -> None:
    """The same response is put first by six people: its reward comes out highest."""
    project = make_project(outcomes=Project.Outcomes.RANKING, overlap=6)
    make_lineup(project, 1)
    for _ in range(6):
        ranked(project, best="Number 2.")
    embedded(project)

    desk.perform(claimed(project))

    head = Head.from_bytes(bytes(Snapshot.objects.get().weights))
    rows = {one.response.text: np.frombuffer(bytes(one.vector), "<f2").astype(float) for one in embeddings(project)}
    reward = {text: float(vector @ head.weights_D) for text, vector in rows.items()}
    assert max(reward, key=lambda text: reward[text]) == "Number 2."
    assert reward["Number 0."] > reward["Number 1."] > reward["Number 3."]


def embeddings(project: Project) -> list[Embedding]:
    return list(Embedding.objects.filter(response__project=project).select_related("response"))
