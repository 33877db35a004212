import json

import pytest

from tests.trainer.replay.test_results import SETTINGS
from trainer.replay.report import differences, lines, needed, summary
from trainer.replay.results import Finished, Point, Results

LABELS = range(0, 1025, 64)


def run(strategy: str, seed: int, pace: float) -> Finished:
    """Return a run whose accuracy rises by .1 per 1,000 labels at pace 1 and whose NLL falls as much."""
    luck = 0.001 * seed
    points = [
        Point(
            n, {"pairs": {"n": 9, "accuracy": 0.5 + pace * n / 1e4 + luck, "nll": 0.7 - pace * n / 1e4, "ece": 0.02}}, 1
        )
        for n in LABELS
    ]
    return Finished(strategy, seed, points, {"all": 0.25, "50": 0.75 + luck}, 1.0)


@pytest.fixture
def results() -> Results:
    runs = [run(name, seed, pace) for seed in range(3) for name, pace in (("vopt", 1.25), ("random", 1.0))]
    return Results(SETTINGS, runs=runs)


def test_a_strategy_s_labels_are_a_share_of_those_of_random(results: Results) -> None:
    found = needed(results, "vopt", "pairs", "nll")

    assert [one.target for one in found] == [500, 1000]
    assert [one.ratio for one in found] == pytest.approx([0.8, 0.8])
    assert needed(results, "random", "pairs", "nll") == []


def test_differences_to_random_are_by_seed(results: Results) -> None:
    found = {one.n_labels: one for one in differences(results, "vopt", "pairs", "nll")}

    assert set(found) == {512, 1024}
    assert found[1024].mean == pytest.approx(-0.25 * 0.1024)
    assert found[1024].interval == pytest.approx((found[1024].mean, found[1024].mean))


def test_a_seed_that_only_one_strategy_has_is_left_out_of_comparisons(results: Results) -> None:
    before = needed(results, "vopt", "pairs", "accuracy")
    results.runs.append(run("vopt", 9, 3.0))

    assert needed(results, "vopt", "pairs", "accuracy") == before


def test_without_random_there_is_nothing_to_compare_with(results: Results) -> None:
    results.runs = results.of("vopt")

    assert needed(results, "vopt", "pairs", "nll") == differences(results, "vopt", "pairs", "nll") == []
    assert not any("random" in line for line in lines(results))


def test_the_report_says_it_in_words_and_json_holds_every_figure(results: Results) -> None:
    text = "\n".join(lines(results))
    figures = json.loads(json.dumps(summary(results), allow_nan=False))

    assert "vopt needs 0.80 (0.8 to 0.8) times the labels of random to reach its nll at 1000, 0.6000" in text
    assert "vopt - random, nll at 1024: -0.0256" in text
    assert "0.250 of all, 0.751 of 50" in text
    assert figures["pairs"]["vopt"]["labels_needed"]["nll"][1]["ratio"] == pytest.approx(0.8)
    assert figures["pairs"]["random"]["at"][-1] == pytest.approx(
        {"n_labels": 1024, "n_runs": 3, "accuracy": 0.6034, "nll": 0.5976, "ece": 0.02}
    )


def test_what_is_never_reached_is_said_so(results: Results) -> None:
    results.runs = [run(name, seed, pace) for seed in range(3) for name, pace in (("vopt", 0.5), ("random", 1.0))]

    text = "\n".join(lines(results))

    assert "vopt needs more than all of the labels of random to reach its nll at 1000" in text
    json.dumps(summary(results), allow_nan=False)
