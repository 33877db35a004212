from dataclasses import replace

import numpy as np
import pytest

from trainer.head import Head, probability, rewards


def make_head(**fields: object) -> Head:
    plain = Head(
        weights_D=np.array([1.0, -2.0], np.float32),
        bias=0.5,
        cuts=(0.0,),
        display_scale=2.0,
        prior_precision=1.0,
        tuned_at=0,
        temperature=1.0,
        scale="binary",
        encoder_key="simulated",
        geometry="abc",
    )
    return replace(plain, **fields)


def test_a_head_comes_back_from_its_bytes() -> None:
    head = make_head(cuts=(-0.3, 0.3), scale="ties", tuned_at=40)

    back = Head.from_bytes(head.to_bytes())

    assert back.weights_D.tolist() == head.weights_D.tolist()
    assert replace(back, weights_D=head.weights_D) == head


def test_equal_heads_have_equal_bytes() -> None:
    assert make_head().to_bytes() == make_head().to_bytes() != make_head(bias=0.6).to_bytes()


def test_any_safetensors_reader_finds_the_weights() -> None:
    from safetensors.numpy import load

    assert load(make_head().to_bytes())["weights"].tolist() == [1, -2]


def test_a_reward_is_the_weighted_sum_plus_bias() -> None:
    assert rewards(make_head(), np.array([[1, 0], [0, 1], [2, 2]], np.float16)).tolist() == [1.5, -1.5, -1.5]


def test_no_responses_have_no_rewards() -> None:
    assert rewards(make_head(), np.empty((0, 2), np.float16)).tolist() == []


def test_a_probability_depends_on_the_difference_alone() -> None:
    embedding = np.array([[1, 0], [0, 1]], np.float16)
    ends = np.array([0, 1]), np.array([1, 0])

    plain, shifted = (probability(head, embedding, *ends) for head in (make_head(), make_head(bias=9.0)))

    assert plain.tolist() == pytest.approx([1 / (1 + np.exp(-3)), 1 / (1 + np.exp(3))])
    assert shifted.tolist() == plain.tolist()


def test_a_temperature_scales_the_log_odds_of_a_probability() -> None:
    embedding = np.array([[1, 0], [0, 1]], np.float16)

    p = probability(make_head(temperature=0.5), embedding, np.array([0]), np.array([1]))

    assert np.log(p / (1 - p)).tolist() == pytest.approx([1.5])
