"""Leaving out, held to exact refits on what real people said of real texts."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from annotate.formats.rows import FIRST, SECOND, ImportedPrompt
from trainer.encoder import load_encoder
from trainer.encoder_config import EncoderConfig
from trainer.fit import fit_head
from trainer.geometry import fit_geometry
from trainer.likelihood import Intervals
from trainer.outcomes import Outcome, Scale, verdict_intervals
from trainer.posterior import influence, laplace_posterior, leave_one_out
from trainer.problem import Problem, make_problem
from trainer.replay.recording import Recording

CLOSE = 0.01  # logit
N_REFITS = 40
CODES = {FIRST: Outcome.FIRST, SECOND: Outcome.SECOND}


def problem_of(rows: list[ImportedPrompt], scale: Scale) -> Problem:
    """Return the first recorded verdict of each row, on the default embeddings of its texts."""
    conversations = {
        (tuple((message.role, message.content) for message in row.messages), response.text): None
        for row in rows
        for response in row.responses
    }
    place = {conversation: number for number, conversation in enumerate(conversations)}
    embedding_ND = torch.from_numpy(load_encoder(EncoderConfig()).encode(list(conversations)))
    ends = torch.tensor(
        [
            [place[tuple((m.role, m.content) for m in row.messages), response.text] for response in row.responses]
            for row in rows
        ]
    )
    geometry = fit_geometry(embedding_ND, *ends.T, seed=0)
    outcome_B = np.array([CODES.get(row.labels[0].outcome, Outcome.TIE) for row in rows], np.int64)
    lower, upper, weight = verdict_intervals(outcome_B, np.zeros(len(rows), np.int64), np.ones(len(rows)), scale)
    intervals = Intervals(torch.from_numpy(lower), torch.from_numpy(upper))
    return make_problem(geometry.coordinates_NK, *ends.T, intervals, torch.from_numpy(weight), scale)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "n_rows"), [("humour_gppl.jsonl.gz", 300), ("pandalm_testset_v1.jsonl.gz", 200), ("llmfao.jsonl.gz", 150)]
)
def test_leave_one_out_margins_are_those_of_exact_refits(preference_data: Path, name: str, n_rows: int) -> None:
    """Cut points are refitted too, though leaving out holds them: one label of many hardly moves them."""
    recording = Recording.read(preference_data / name)
    scale = Scale("ties" if recording.has_ties else "binary")
    problem = problem_of(random.Random(0).sample(recording.rows, n_rows), scale)
    fit = fit_head(problem, 1.0)

    left_out = leave_one_out(influence(problem, fit, laplace_posterior(problem, fit)))

    some = torch.arange(0, n_rows, max(n_rows // N_REFITS, 1))
    exact = []
    for label in some:
        weight_B = problem.weight_B.clone()
        weight_B[label] = 0
        exact.append(fit_head(replace(problem, weight_B=weight_B), 1.0, fit.start).point.margin_B[label].item())
    assert left_out.margin_B[some].tolist() == pytest.approx(exact, abs=CLOSE)
    assert max(abs(fit.point.margin_B[some] - torch.tensor(exact))) > 10 * CLOSE  # or nothing was to be left out
