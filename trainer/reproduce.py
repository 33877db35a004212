"""A snapshot made again from what it was made from: the rows at its watermark, its settings, its seed, its parent."""

from dataclasses import dataclass, fields
from itertools import islice

import numpy as np

from annotate.models import Project, Snapshot
from annotate.selectors.training_rows import PairRows, label_rows, pair_rows, vectors
from annotate.selectors.watermark import Watermark, watermark_of
from trainer.full_rank import full_rank
from trainer.head import Head
from trainer.material import FitConfig, Material
from trainer.reading import Vectors, make_material
from trainer.refit import refit


class CannotReproduce(Exception):
    """What the snapshot was made from is not there any more, or is not what it was."""


@dataclass(frozen=True)
class Remade:
    """The heads of a snapshot, made again: the one that was live, and the one at full rank if it was tried so."""

    head: Head
    full_rank: Head | None


def reproduce(snapshot: Snapshot) -> Remade:
    """Refit from the recorded inputs. On the same device class and libraries the heads' bytes are the snapshot's.

    Everything is read from the database, nothing from a cache. Raises CannotReproduce, naming what has changed.
    """
    material = _material_at(snapshot)
    parent = snapshot.parent
    recorded = snapshot.config
    config = FitConfig(scale=recorded["outcomes"], strategy=recorded["strategy"])
    result = refit(
        material,
        config,
        previous=Head.from_bytes(bytes(parent.weights)) if parent else None,
        seed=recorded["seed"],
    )
    digests = {**result.digests, "parent": parent.digest if parent else None}
    if changed := [name for name, digest in recorded["digests"].items() if digests.get(name) != digest]:
        raise CannotReproduce(f"{snapshot} was made from other {' and '.join(sorted(changed))} than are there now.")
    whole = full_rank(material, config, result.head, result.geometry).head if snapshot.full_rank else None
    return Remade(result.head, whole)


def _material_at(snapshot: Snapshot) -> Material:
    mark = watermark_of(snapshot.watermark)
    labels = label_rows(snapshot.project, mark) if mark else None
    if mark is None or labels is None:
        raise CannotReproduce(f"The comparisons that {snapshot} was made from are not all there.")
    return make_material(_vectors_at(snapshot, mark), labels, _pairs_at(snapshot.project, mark))


def _vectors_at(snapshot: Snapshot, mark: Watermark) -> Vectors:
    rows = list(islice(vectors(snapshot.project, snapshot.encoder_key), mark.n_responses))
    if len(rows) < mark.n_responses:
        raise CannotReproduce(f"The embeddings that {snapshot} was made from are not all there.")
    embedding_ND = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").reshape(len(rows), -1)
    return Vectors(snapshot.encoder_key, np.array([response for response, _ in rows]), embedding_ND)


def _pairs_at(project: Project, mark: Watermark) -> PairRows:
    """Return the pairs that there were: the first made, since none is ever removed."""
    pairs = pair_rows(project)
    there = pairs.pair <= np.sort(pairs.pair)[mark.n_pairs - 1]
    return PairRows(**{column.name: getattr(pairs, column.name)[there] for column in fields(PairRows)})
