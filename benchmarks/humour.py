"""The humour matrix the benchmarks share: embeddings of its short texts, its pairs, and a row per recorded label."""

import gzip
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.measure import RESULTS, data_file
from trainer.encoder import EncoderConfig, load_encoder

PROMPT = (("user", "Which of the two short texts is funnier?"),)


@dataclass(frozen=True)
class Humour:
    """first_M, second_M: pairs as rows of embedding_ND. pair_B, first_won_B: every recorded label, shuffled."""

    embedding_ND: npt.NDArray[np.float16]
    first_M: npt.NDArray[np.int64]
    second_M: npt.NDArray[np.int64]
    pair_B: npt.NDArray[np.int64]
    first_won_B: npt.NDArray[np.bool_]


def load_humour(config: EncoderConfig) -> Humour:
    """Read the file and embed its texts; the embeddings are kept in benchmarks/results for the next run."""
    with gzip.open(data_file("humour_gppl.jsonl.gz"), "rt") as lines:
        rows = [json.loads(line) for line in lines]
    texts = sorted({row[side] for row in rows for side in ("response_a", "response_b")})
    place = {text: i for i, text in enumerate(texts)}
    labels = [(pair, label["preferred"] == "a") for pair, row in enumerate(rows) for label in row["labels"]]
    order = np.random.default_rng(0).permutation(len(labels))
    return Humour(
        embedding_ND=_embeddings(texts, config),
        first_M=np.array([place[row["response_a"]] for row in rows]),
        second_M=np.array([place[row["response_b"]] for row in rows]),
        pair_B=np.array([pair for pair, _ in labels])[order],
        first_won_B=np.array([won for _, won in labels])[order],
    )


def _embeddings(texts: list[str], config: EncoderConfig) -> npt.NDArray[np.float16]:
    kept = RESULTS / f"humour-{config.key}.npy"
    if not kept.exists():
        RESULTS.mkdir(exist_ok=True)
        np.save(kept, load_encoder(config).encode([(PROMPT, text) for text in texts]))
    embedding_ND: npt.NDArray[np.float16] = np.load(kept)
    return embedding_ND
