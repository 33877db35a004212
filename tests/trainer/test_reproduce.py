"""A snapshot is a function of what it records: made again from the rows, it has the same bytes."""

import pytest

from annotate.models import Embedding, Snapshot
from annotate.services.comparing import retract_comparison
from tests.factories import make_pair
from tests.trainer.crowd import Crowd
from trainer import shelf, trials
from trainer.reproduce import CannotReproduce, reproduce

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((shelf, "_shelves"), (trials, "_scorers"), (trials, "_slices")):
        monkeypatch.setattr(module, name, type(getattr(module, name))())


def make_history() -> list[Snapshot]:
    """Return three snapshots: of no labels, of 40, and of 70 less one that was taken back."""
    crowd = Crowd(n_pairs=90)
    crowd.learn()
    crowd.judge(40)
    crowd.learn()
    crowd.judge(30)
    comparison = crowd.project.comparisons.order_by("pk")[10]
    retract_comparison(comparison=comparison, by=comparison.assignment.annotator)
    crowd.learn()
    return list(Snapshot.objects.order_by("number"))


def test_every_snapshot_of_a_chain_is_made_again_byte_by_byte() -> None:
    snapshots = make_history()
    make_pair(snapshots[0].project, 999)  # what came later does not matter

    remade = [reproduce(snapshot).head.to_bytes() for snapshot in snapshots]

    assert remade == [bytes(snapshot.weights) for snapshot in snapshots]
    assert len(set(remade)) == 3


def test_the_digests_name_what_it_was_made_from() -> None:
    first, second, third = make_history()

    assert set(third.config["digests"]) == {"comparisons", "pairs", "geometry", "config", "parent"}
    assert (second.config["digests"]["parent"], third.config["digests"]["parent"]) == (first.digest, second.digest)
    assert second.config["digests"]["comparisons"] != third.config["digests"]["comparisons"]
    assert second.config["digests"]["pairs"] == third.config["digests"]["pairs"]


def test_a_verdict_that_was_changed_behind_our_back_is_found_out() -> None:
    *_, third = make_history()
    comparison = third.project.comparisons.order_by("pk")[0]
    other = {"first": "second", "second": "first"}[comparison.outcome]
    third.project.comparisons.filter(pk=comparison.pk).update(outcome=other)

    with pytest.raises(CannotReproduce, match="comparisons"):
        reproduce(third)


def test_embeddings_that_are_gone_are_named() -> None:
    *_, third = make_history()
    Embedding.objects.order_by("pk")[0].delete()

    with pytest.raises(CannotReproduce, match="embeddings"):
        reproduce(third)
