"""Does a head on all D numbers of an embedding predict better than the rotated one? Recorded people, unseen pairs.

python -m benchmarks.full_rank. Verdicts are drawn at random from four fifths of the pairs of each file, and both heads
are fitted to the same ones, with the same prior: in the 512 directions of the rotation, and at full rank. Both are read
as a released head is, sigma of the margin times its sharpness. Differences are full rank less rotated, over held-out
verdicts of all seeds; intervals redraw prompts, or pairs where a file has one prompt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt
import torch

from annotate.formats.hashes import messages_hash
from annotate.formats.rows import ImportedPrompt
from benchmarks.measure import RESULTS, as_the_trainer, data_file, report, spread
from trainer.encoder import load_encoder
from trainer.encoder_config import EncoderConfig
from trainer.full_rank import full_rank
from trainer.head import Head, rewards
from trainer.honesty import bootstrap_interval, correctness, log_losses
from trainer.likelihood import decisive_probability, tie_edge
from trainer.material import FitConfig, Material
from trainer.outcomes import Outcome
from trainer.refit import refit
from trainer.replay.recording import DECISIVE, Recording, Rows

FILES = ("humour_gppl", "llmfao", "pandalm_testset_v1")
N_LABELS = (1000, 4000, 16_000)  # a file with fewer gives all it has
SEEDS = range(5)
HELD_OUT = 0.2
OUTCOMES = {"first": Outcome.FIRST, "second": Outcome.SECOND, "tie": Outcome.TIE, "both_bad": Outcome.BOTH_BAD}

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Library:
    """Embeddings of every response of a file. place: of (prompt, text) among them; prompt: a number for each prompt."""

    embedding_ND: npt.NDArray[np.float16]
    place: dict[tuple[str, str], int]
    prompt: dict[str, int]

    def ends(self, rows: Rows) -> Integers:
        ends = [[self.place[key] for key in _keys(row)] for row in rows]
        return np.array(ends, np.int64).reshape(-1, 2).T

    def prompts(self, rows: Rows) -> Integers:
        return np.array([self.prompt[messages_hash(row.messages)] for row in rows], np.int64)


def read_library(name: str, recording: Recording) -> Library:
    """Embed every response; embeddings are kept in benchmarks/results for the next run."""
    texts = {key: row.messages for row in recording.rows for key in _keys(row)}
    config = EncoderConfig()
    kept = RESULTS / f"{name}-{config.key}.npy"
    if not kept.exists():
        asked = [([(one.role, one.content) for one in messages], key[1]) for key, messages in texts.items()]
        np.save(kept, load_encoder(config).encode(asked))
    prompts = dict.fromkeys(prompt for prompt, _ in texts)
    return Library(np.load(kept), {key: n for n, key in enumerate(texts)}, {one: n for n, one in enumerate(prompts)})


def make_material(library: Library, asked: Rows, n_labels: int, seed: int) -> Material:
    """Draw verdicts at random from the pairs that may be asked about."""
    verdicts = [(pair, OUTCOMES[label.outcome]) for pair, row in enumerate(asked) for label in row.labels]
    drawn = np.random.default_rng([3, seed]).permutation(len(verdicts))[:n_labels]
    pair_B, outcome_B = np.array(verdicts, np.int64)[drawn].T
    there, place = np.unique(library.ends(asked), return_inverse=True)
    first_M, second_M = place.reshape(2, -1)
    prompt_N = np.zeros(len(there), np.int64)
    prompt_N[first_M] = prompt_N[second_M] = library.prompts(asked)
    nothing, n = np.zeros(len(drawn), np.int64), len(drawn)
    return Material(
        encoder_key="benchmark",
        embedding_ND=library.embedding_ND[there],
        prompt_N=prompt_N,
        first_M=first_M,
        second_M=second_M,
        askable_M=np.full(len(first_M), True),
        pair_B=pair_B,
        outcome_B=outcome_B,
        strength_B=nothing,
        annotator_B=nothing,
        weight_B=np.ones(n),
        tuning_B=np.full(n, True),
        p_first_shown_B=np.full(n, np.nan),
    )


@dataclass(frozen=True)
class Exam:
    """Held-out decisive verdicts: the ends of their pairs in the library, who won, and what they are grouped by."""

    library: Library
    first_B: Integers
    second_B: Integers
    first_won_B: npt.NDArray[np.bool_]
    group_B: Integers

    def read(self, head: Head, sharpness: float) -> Floats:
        reward_N = rewards(head, self.library.embedding_ND)
        margin_B = torch.from_numpy(reward_N[self.first_B] - reward_N[self.second_B])
        edge = tie_edge(torch.tensor(head.cuts, dtype=torch.float64))
        p_first_B: Floats = decisive_probability(sharpness * margin_B, sharpness * edge).numpy()
        return p_first_B


def make_exam(library: Library, rows: Rows, place: dict[str, int]) -> Exam:
    told = [(n, one.outcome == "first") for n, row in enumerate(rows) for one in row.labels if one.outcome in DECISIVE]
    row_B, first_won_B = np.array(told, np.int64).reshape(-1, 2).T
    first_M, second_M = library.ends(rows)
    pairs = np.array([place[str(row.external_id)] for row in rows], np.int64)
    group_M = library.prompts(rows) if len(library.prompt) > 1 else pairs
    return Exam(library, first_M[row_B], second_M[row_B], first_won_B.astype(bool), group_M[row_B])


@dataclass(frozen=True)
class Side:
    """What one head said: log loss and correctness of each held-out verdict."""

    loss_B: Floats
    right_B: Floats


def sides(exam: Exam, heads: tuple[Head, Head], sharpness: float) -> list[Side]:
    said = [exam.read(head, sharpness) for head in heads]
    return [Side(log_losses(p_B, exam.first_won_B), correctness(p_B, exam.first_won_B)) for p_B in said]


def run(library: Library, recording: Recording, n_labels: int, seed: int) -> Iterator[tuple[str, object]]:
    """Fit both heads to one draw; yield what each exam and the clock say."""
    split = recording.split(HELD_OUT, seed)
    material = make_material(library, split.asked, n_labels, seed)
    config = FitConfig(scale="ties" if recording.has_ties else "binary")
    rotated = refit(material, config, seed=seed)
    started = perf_counter()
    whole = full_rank(material, config, rotated.head, rotated.geometry).head
    yield "seconds", perf_counter() - started
    yield "directions", len(material.prompt_N) - len(np.unique(material.prompt_N))
    sharpness = float(rotated.metrics["sharpness"] or rotated.head.temperature)
    place = {str(row.external_id): n for n, row in enumerate(recording.rows)}
    for name, rows in (("pairs", split.held_out_pairs), ("prompts", split.held_out_prompts)):
        if rows:
            exam = make_exam(library, rows, place)
            yield name, (exam.group_B, *sides(exam, (rotated.head, whole), sharpness))


def figures(recording: Recording, library: Library, n_labels: int) -> dict[str, object]:
    found: dict[str, list] = {}
    for seed in SEEDS:
        for what, value in run(library, recording, n_labels, seed):
            found.setdefault(what, []).append(value)
    fitted = {"seconds_at_full_rank": spread(found.pop("seconds")), "directions": spread(found.pop("directions"))}
    return {**fitted, **{f"held_out_{what}": _compare(parts) for what, parts in found.items()}}


def _compare(parts: list[tuple[Integers, Side, Side]]) -> dict[str, object]:
    group_B = np.concatenate([group for group, _, _ in parts])
    compared: dict[str, object] = {"verdicts": len(group_B)}
    for name, column in (("nll", "loss_B"), ("accuracy", "right_B")):
        by_seed = [getattr(whole, column) - getattr(rotated, column) for _, rotated, whole in parts]
        ours, theirs = (np.concatenate([getattr(part[side], column) for part in parts]) for side in (1, 2))
        compared[name] = {
            "rotated": float(ours.mean()),
            "full_rank": float(theirs.mean()),
            "difference": float((theirs - ours).mean()),
            "interval": bootstrap_interval(theirs - ours, group_B, seed=0),
            "by_seed": [float(one.mean()) for one in by_seed],
        }
    return compared


def _keys(row: ImportedPrompt) -> list[tuple[str, str]]:
    prompt = messages_hash(row.messages)
    return [(prompt, response.text) for response in row.responses]


def main() -> None:
    as_the_trainer()
    by_file = {}
    for name in FILES:
        recording = Recording.read(data_file(f"{name}.jsonl.gz"))
        library = read_library(name, recording)
        by_file[name] = {
            "embedding_size": library.embedding_ND.shape[1],
            "responses": len(library.embedding_ND),
            "prompts": len(library.prompt),
            **{f"{n}_labels": figures(recording, library, n) for n in N_LABELS},
        }
    report("full_rank", {"seeds": len(SEEDS), "by_file": by_file})


if __name__ == "__main__":
    main()
