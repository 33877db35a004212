import json
from pathlib import Path

import numpy as np
import pytest

from trainer.replay.results import Finished, OtherResults, Point, Results

SETTINGS: dict[str, object] = {"file": "recorded.jsonl", "n_labels": 64}


def point(n_labels: int, accuracy: float = 0.6) -> Point:
    return Point(n_labels, {"pairs": {"n": 10, "accuracy": accuracy, "nll": 1 - accuracy, "ece": 0.01}}, 1.0)


def finished(strategy: str = "vopt", seed: int = 0, labels: tuple[int, ...] = (0, 32, 64)) -> Finished:
    points = [point(n, 0.5 + n / 1000 + seed / 100) for n in labels]
    return Finished(strategy, seed, points, {"all": 0.3, "50": 0.8}, 1.5)


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Results.resume(path, SETTINGS).keep(finished(seed=3))

    again = Results.resume(path, SETTINGS)

    assert again.runs == [finished(seed=3)]
    assert again.has("vopt", 3)
    assert not again.has("vopt", 0)
    assert not again.has("random", 3)


def test_results_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Results.resume(path, SETTINGS).keep(finished())

    with pytest.raises(OtherResults, match="another n_labels"):
        Results.resume(path, SETTINGS | {"n_labels": 128})


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"runs": [{"strategy": 1}], "settings": {}}', "\x00"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)

    with pytest.raises(OtherResults, match="holds no results"):
        Results.resume(path, SETTINGS)

    assert path.read_text() == content


def test_what_is_written_stays_when_the_next_writing_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results = Results.resume(path, SETTINGS)
    results.keep(finished())

    with pytest.raises(TypeError):
        results.write(summary=object())

    assert json.loads(path.read_text())["runs"][0]["strategy"] == "vopt"


def test_without_a_path_results_are_kept_in_memory_alone() -> None:
    results = Results(SETTINGS)

    results.keep(finished())

    assert results.has("vopt", 0)


def test_curves_hold_the_scores_that_all_runs_have_and_more_is_better() -> None:
    results = Results(SETTINGS, runs=[finished(seed=1, labels=(0, 32, 64, 70)), finished(seed=0)])

    curves = results.curves("vopt", "pairs", "nll")

    assert curves.labels_P.tolist() == [0, 32, 64]
    np.testing.assert_allclose(curves.value_SP, [[-0.5, -0.468, -0.436], [-0.49, -0.458, -0.426]])
