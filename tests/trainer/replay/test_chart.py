from xml.etree import ElementTree

import pytest

from tests.trainer.replay.test_results import SETTINGS, finished
from trainer.replay.chart import draw
from trainer.replay.results import Results

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*runs: tuple[str, int], title: str = "recorded.jsonl") -> ElementTree.Element:
    results = Results(SETTINGS, runs=[finished(strategy, seed) for strategy, seed in runs])
    return ElementTree.fromstring(draw(results, title))


def test_each_strategy_has_a_line_and_a_band_in_each_panel() -> None:
    svg = drawn(("vopt", 0), ("vopt", 1), ("random", 0))

    assert len(svg.findall(f"{SVG}polyline")) == len(svg.findall(f"{SVG}polygon")) == 3 * 2
    words = [text.text for text in svg.findall(f"{SVG}text")]
    assert {"vopt", "random", "accuracy, held-out pairs", "0.532", "0.574", "64"} <= set(words)


def test_a_line_is_the_mean_of_its_seeds_within_its_panel() -> None:
    svg = drawn(("vopt", 0), ("vopt", 2))

    line = svg.findall(f"{SVG}polyline")[0].attrib["points"]
    band = svg.findall(f"{SVG}polygon")[0].attrib["points"]
    heights = [float(point.split(",")[1]) for point in line.split()]
    edges = [float(point.split(",")[1]) for point in band.split()]
    lower, upper = edges[:3], edges[:2:-1]

    assert heights == pytest.approx([(low + high) / 2 for low, high in zip(lower, upper, strict=True)], abs=0.11)
    assert heights == sorted(heights, reverse=True)


def test_a_title_cannot_break_the_picture() -> None:
    assert drawn(("vopt", 0), title="<&>").find(f"{SVG}title").text == "<&>"  # type: ignore[union-attr]
