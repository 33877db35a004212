from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainer.simulated import make_material
from trainer.material import FitConfig
from trainer.outcomes import ScaleName
from trainer.predict import predict
from trainer.refit import refit


@pytest.mark.parametrize(("scale", "tie_edge"), [("binary", 0.0), ("ties", 0.5)])
def test_of_the_project_s_own_pairs_it_says_what_the_refit_said(scale: ScaleName, tie_edge: float) -> None:
    material, _ = make_material(n_labels=300, tie_edge=tie_edge)
    result = refit(material, FitConfig(scale=scale), seed=0)
    coordinates_NK = result.geometry.project(torch.from_numpy(material.embedding_ND))

    said = predict(result, coordinates_NK, material.first_M, material.second_M)

    assert result.head.temperature != 1
    np.testing.assert_allclose(said, result.p_first_M, atol=1e-5)


def test_of_responses_it_never_saw_it_is_right_and_surer_with_more_labels() -> None:
    """People whose margins spread by 2 logits; half of the responses are kept back."""
    material, truth = make_material(n_labels=4000, n_prompts=40, spread=2.0, seed=1)
    known = material.prompt_N[material.first_M] < 20
    labelled = known[material.pair_B]
    first_M, second_M = material.first_M[~known], material.second_M[~known]

    def said(n_labels: int) -> np.ndarray:
        some = np.flatnonzero(labelled)[:n_labels]
        columns = {name: values[some] for name, values in vars(material).items() if name.endswith("_B")}
        result = refit(replace(material, **columns), FitConfig(), seed=0)
        return predict(result, result.geometry.project(torch.from_numpy(material.embedding_ND)), first_M, second_M)

    few, many = said(50), said(2000)

    assert np.corrcoef(np.log(many / (1 - many)), truth.margin_M[~known])[0, 1] > 0.95
    assert abs(many - 0.5).mean() > abs(few - 0.5).mean()
