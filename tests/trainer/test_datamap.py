import numpy as np
import pytest
from scipy.special import expit

from trainer.datamap import data_map, rewards_of_all


def test_one_product_gives_every_heads_rewards() -> None:
    rng = np.random.default_rng(0)
    embedding, weights = rng.standard_normal((9000, 8)).astype(np.float16), rng.standard_normal((3, 8))

    rewards = rewards_of_all(embedding, weights)

    assert rewards == pytest.approx(embedding.astype(float) @ weights.T, abs=1e-3)


def test_confidence_and_variability_are_the_mean_and_deviation_over_heads() -> None:
    rewards = np.array([[0.0, 2.0], [1.0, 0.0]])
    first, second, verdict = np.array([0, 0, 0]), np.array([1, 1, 1]), np.array([1, -1, 0])

    drawn = data_map(rewards, np.array([1.0, 0.5]), first, second, verdict)

    p = np.array([expit(-1.0), expit(1.0)])
    assert drawn.confidence_B[:2] == pytest.approx([p.mean(), 1 - p.mean()])
    assert drawn.variability_B[:2] == pytest.approx([p.std(), p.std()])
    assert np.isnan(drawn.confidence_B[2])
