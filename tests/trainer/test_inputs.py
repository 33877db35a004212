from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from tests.trainer.simulated import make_material
from trainer.material import FitConfig
from trainer.outcomes import Outcome
from trainer.refit import refit

CONFIG = FitConfig(n_queue=8)


def test_half_a_verdict_each_way_is_a_soft_label() -> None:
    """A verdict that is .8 sure is that of .8 of a label, and .2 of its opposite."""
    material, _ = make_material(n_labels=100)
    other = np.where(material.outcome_B == Outcome.FIRST, Outcome.SECOND, Outcome.FIRST)
    doubled = {name: np.tile(column, 2) for name, column in vars(material).items() if name.endswith("_B")}
    doubled |= {"outcome_B": np.concatenate([material.outcome_B, other]), "weight_B": np.repeat([0.8, 0.2], 100)}

    soft = refit(replace(material, sure_B=np.full(100, 0.8)), CONFIG, seed=1)
    smooth = refit(material, replace(CONFIG, smoothing=0.2), seed=1)
    both = refit(replace(material, **doubled), CONFIG, seed=1)

    for one in (soft, smooth):
        assert one.head.weights_D.tolist() == pytest.approx(both.head.weights_D.tolist(), abs=1e-6)
    assert soft.metrics["loss"] == pytest.approx(both.metrics["loss"])


def test_a_strength_can_weigh_a_label() -> None:
    material, _ = make_material(n_labels=100)
    strength = np.random.default_rng(0).integers(0, 4, 100)

    weighed = refit(replace(material, strength_B=strength), replace(CONFIG, weight_by_strength=True), seed=1)
    heavy = refit(replace(material, weight_B=np.maximum(strength, 1.0)), CONFIG, seed=1)

    assert weighed.head.weights_D.tolist() == pytest.approx(heavy.head.weights_D.tolist(), abs=1e-7)


def test_a_strength_can_ask_the_winner_to_lead() -> None:
    """As TRL's margin: -log sigma(chosen - rejected - margin), here minimised by scipy."""
    material, _ = make_material(n_labels=100, size=4)
    strength = np.random.default_rng(0).integers(0, 4, 100)
    config = replace(CONFIG, lead_per_point=0.3, prior_precision=1.0)

    ours = refit(replace(material, strength_B=strength), config, seed=1)

    x = ours.geometry.coordinates_NK.double().numpy()
    sign = np.where(material.outcome_B == Outcome.FIRST, 1, -1)
    chosen = sign[:, None] * (x[material.first_M] - x[material.second_M])[material.pair_B]

    def loss(weight: np.ndarray) -> float:
        return float(np.logaddexp(0, 0.3 * strength - chosen @ weight).sum() + weight @ weight / 2)

    theirs = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-7}).x
    assert ours.geometry.lower(torch.from_numpy(ours.head.weights_D)).tolist() == pytest.approx(
        theirs.tolist(), abs=1e-5
    )


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="already counts strength"):
        FitConfig(scale="strength7", weight_by_strength=True)
    with pytest.raises(ValueError, match="smoothing"):
        FitConfig(smoothing=0.5)
