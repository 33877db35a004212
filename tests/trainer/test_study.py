"""A study of people whose ways are known."""

import numpy as np
import pytest

from tests.trainer.simulated import make_material
from trainer.material import FitConfig, Material
from trainer.refit import Refit, refit
from trainer.study import Circumstances, study


def circumstances(material: Material, **fields: object) -> Circumstances:
    n = len(material.pair_B)
    plain: dict[str, object] = {
        "side_B": np.zeros(n),
        "learn_B": np.zeros(n, bool),
        "audit_B": np.full(n, True),
        "blind_B": np.full(n, True),
        "style_NS": None,
        "history_KD": np.empty((0, material.embedding_ND.shape[1]), np.float32),
        "history_K": np.empty(0),
    }
    return Circumstances(**(plain | fields))


def fitted(**settings: int) -> tuple[Material, FitConfig, Refit]:
    material, _ = make_material(**settings)
    config = FitConfig()
    return material, config, refit(material, config, seed=0)


def test_with_nothing_known_of_sides_style_or_history_nothing_is_claimed_of_them() -> None:
    material, config, result = fitted()

    found = study(material, config, result, circumstances(material), seed=0)

    assert found.n == 200
    assert found.position.interval[0] < 0 < found.position.interval[1]
    assert (found.style, found.style_free, found.map, found.helping) == ({}, None, None, None)


def test_people_who_lean_to_the_left_are_found() -> None:
    material, config, _ = fitted(n_labels=1500)
    rng = np.random.default_rng(0)
    side_B, lured_B = rng.choice([-1.0, 1.0], 1500), rng.random(1500) < 0.4
    outcome_B = np.where(lured_B, np.where(side_B > 0, 0, 1), material.outcome_B)
    leaning = Material(**(vars(material) | {"outcome_B": outcome_B}))

    found = study(leaning, config, refit(leaning, config, seed=0), circumstances(leaning, side_B=side_B), seed=0)

    assert found.position.interval[0] > 0.3


def test_style_is_fitted_where_it_is_asked_for_and_taken_out_of_the_style_free_head() -> None:
    material, config, _ = fitted(n_labels=1500)
    style_NS = np.random.default_rng(0).integers(1, 100, (len(material.prompt_N), 4)).astype(float)
    first, second = material.first_M[material.pair_B], material.second_M[material.pair_B]
    longer_wins = Material(**(vars(material) | {"outcome_B": np.where(style_NS[first, 0] > style_NS[second, 0], 0, 1)}))
    result = refit(longer_wins, config, seed=0)

    found = study(longer_wins, config, result, circumstances(longer_wins, style_NS=style_NS), seed=0)

    assert set(found.style) == {"length", "headers", "lists", "bold"}
    assert found.style["length"].interval[0] > 1
    assert abs(found.style["bold"].coefficient) < found.style["length"].coefficient / 5
    assert found.style_free is not None
    assert np.linalg.norm(found.style_free.weights_D) < np.linalg.norm(result.head.weights_D) / 2


def test_the_map_is_of_the_heads_in_the_history() -> None:
    material, config, result = fitted()
    history = np.stack([result.head.weights_D, result.head.weights_D])

    found = study(material, config, result, circumstances(material, history_KD=history, history_K=np.ones(2)), seed=0)

    assert found.map is not None
    assert found.map.variability_B == pytest.approx(0, abs=1e-6)
    assert np.nanmean(found.map.confidence_B) > 0.5


def test_learn_and_audit_labels_are_compared() -> None:
    material, config, result = fitted(n_labels=400)
    learn_B = np.arange(400) < 100

    found = study(material, config, result, circumstances(material, learn_B=learn_B, audit_B=~learn_B), seed=0)

    assert found.helping is not None
    assert found.helping.n_trained == 100
    assert found.helping.nll_interval[0] < found.helping.nll_gain < found.helping.nll_interval[1]


def test_a_study_of_one_prompt_has_an_interval_of_what_selection_brings() -> None:
    material, config, result = fitted(n_labels=400, n_prompts=1, responses_per_prompt=30)
    learn_B = np.arange(400) < 100

    found = study(material, config, result, circumstances(material, learn_B=learn_B, audit_B=~learn_B), seed=0)

    assert found.helping is not None
    low, high = found.helping.nll_interval
    assert high - low > 0.01


def test_everybody_with_fifty_labels_has_a_lapse_rate() -> None:
    material, config, result = fitted(n_labels=200)

    rates = study(material, config, result, circumstances(material), seed=0).lapses

    n_of = dict(zip(*np.unique(material.annotator_B, return_counts=True), strict=True))
    assert {lapse.annotator: lapse.n for lapse in rates} == {who: n for who, n in n_of.items() if n >= 50}
