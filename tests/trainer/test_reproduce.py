"""A snapshot is a function of what it records: made again from the rows, it has the same bytes."""

from dataclasses import replace
from hashlib import sha256
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotate.models import Embedding, Snapshot
from annotate.services.comparing import retract_comparison
from tests.factories import make_pair
from tests.trainer.crowd import WIDE, Crowd
from trainer import shelf, trials
from trainer.head import Head
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


def test_a_head_that_was_tried_at_full_rank_is_made_again_byte_by_byte_too() -> None:
    crowd = Crowd(n_pairs=300, spread_D=WIDE)
    crowd.judge(105)
    snapshot = crowd.learn()

    remade = reproduce(snapshot)

    assert remade.full_rank is not None
    assert remade.full_rank.to_bytes() == bytes(snapshot.full_rank or b"")
    assert remade.head.to_bytes() == bytes(snapshot.weights)
    assert snapshot.digest in said_of(crowd.project.slug)
    Snapshot.objects.update(full_rank=snapshot.weights)
    with pytest.raises(CommandError, match="At full rank"):
        said_of(crowd.project.slug)


def said_of(*arguments: str) -> str:
    said = StringIO()
    call_command("reproduce", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_says_that_a_snapshot_is_the_same_and_what_it_was_made_from() -> None:
    _, second, third = make_history()

    newest, earlier = said_of(third.project.slug), said_of(third.project.slug, "--snapshot", "2")

    assert third.digest in newest
    assert second.digest in earlier
    for name in ("comparisons", "pairs", "geometry", "config", "parent"):
        assert name in earlier


def test_the_command_fails_and_names_what_has_changed() -> None:
    *_, third = make_history()
    Embedding.objects.order_by("pk")[0].delete()

    with pytest.raises(CommandError, match="embeddings"):
        said_of(third.project.slug)


def test_the_command_fails_on_other_bytes_and_says_by_how_much_and_where_they_were_made() -> None:
    *_, third = make_history()
    head = Head.from_bytes(bytes(third.weights))
    content = replace(head, weights_D=head.weights_D + np.float32(0.5)).to_bytes()
    Snapshot.objects.filter(pk=third.pk).update(
        weights=content, digest=sha256(content).hexdigest(), device="another device"
    )

    with pytest.raises(CommandError, match=r"up to 5\.0e-01 .* device another device then"):
        said_of(third.project.slug)


@pytest.mark.parametrize("arguments", [("nowhere",), ("nowhere", "--snapshot", "9")])
def test_the_command_tells_what_to_look_at_where_there_is_no_such_snapshot(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"manage\.py status"):
        said_of(*arguments)
