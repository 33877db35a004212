"""The learning curves as one SVG: a panel per score and held-out set, a line per strategy, a band over its seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from trainer.curves import Curves
from trainer.replay.results import SCORES, Results

WIDTH, HEIGHT, MARGIN, HEAD = 320, 220, 48, 30
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b")  # told apart by most kinds of eyes (Okabe & Ito 2008)
STYLE = """text { font: 12px system-ui, sans-serif; fill: #333 }
.axis { stroke: #8888; fill: none } .band { opacity: .18 } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }"""


@dataclass(frozen=True)
class Panel:
    """Where a panel stands, and from which to which labels and values it reaches."""

    left: float
    top: float
    labels: tuple[float, float]
    values: tuple[float, float]

    def x(self, n_labels: float) -> float:
        return self.left + MARGIN + (WIDTH - MARGIN - 16) * _share(n_labels, self.labels)

    def y(self, value: float) -> float:
        return self.top + HEIGHT - HEAD - (HEIGHT - 2 * HEAD) * _share(value, self.values)

    def path(self, labels_P: np.ndarray, value_P: np.ndarray) -> str:
        points = zip(labels_P, value_P, strict=True)
        return " ".join(f"{self.x(n):.1f},{self.y(value):.1f}" for n, value in points)


def draw(results: Results, title: str) -> str:
    """Return the SVG: means over seeds as lines, least to most as bands."""
    sets = list(results.held_out())
    width, height = WIDTH * len(SCORES), HEIGHT * len(sets) + HEAD
    parts = [
        part
        for row, held_out in enumerate(sets)
        for column, score in enumerate(SCORES)
        for part in _panel(results, held_out, score, column * WIDTH, HEAD + row * HEIGHT)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    named = f"<title>{escape(title)}</title><style>{STYLE}</style>"
    return "\n".join([head, named, *_legend(results.strategies, title), *parts, "</svg>\n"])


def _legend(strategies: list[str], title: str) -> Iterator[str]:
    yield f'<text x="{MARGIN}" y="18">{escape(title)}</text>'
    for number, name in enumerate(strategies):
        x = WIDTH * len(SCORES) - 110 * (len(strategies) - number)
        yield f'<path class="line" stroke="{_colour(number)}" d="M{x} 14h20"/>'
        yield f'<text x="{x + 26}" y="18">{escape(name)}</text>'


def _panel(results: Results, held_out: str, score: str, left: float, top: float) -> Iterator[str]:
    several = [results.curves(name, held_out, score) for name in results.strategies]
    panel = Panel(left, top, (0, max(curves.labels_P[-1] for curves in several)), _reach(several, SCORES[score]))
    yield from _axes(panel, f"{score}, held-out {held_out}")
    for number, curves in enumerate(several):
        value_SP = SCORES[score] * curves.value_SP
        there, back = (
            panel.path(curves.labels_P, value_SP.min(0)),
            panel.path(curves.labels_P[::-1], value_SP.max(0)[::-1]),
        )
        yield f'<polygon class="band" fill="{_colour(number)}" points="{there} {back}"/>'
        mean = panel.path(curves.labels_P, value_SP.mean(0))
        yield f'<polyline class="line" stroke="{_colour(number)}" points="{mean}"/>'


def _axes(panel: Panel, title: str) -> Iterator[str]:
    left, right, bottom, top = panel.x(panel.labels[0]), panel.x(panel.labels[1]), *map(panel.y, panel.values)
    yield f'<path class="axis" d="M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}"/>'
    yield f'<text x="{left:.1f}" y="{top - 8:.1f}">{escape(title)}</text>'
    for share in (0, 0.5, 1):
        n, value = (low + share * (high - low) for low, high in (panel.labels, panel.values))
        yield f'<text x="{panel.x(n):.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{n:.0f}</text>'
        yield f'<text x="{left - 4:.1f}" y="{panel.y(value) + 4:.1f}" text-anchor="end">{value:.3f}</text>'


def _reach(several: list[Curves], sign: float) -> tuple[float, float]:
    """Return the least and the greatest value, those before the first label aside: they would flatten the rest."""
    values = np.concatenate([sign * curves.value_SP[:, len(curves.labels_P) > 1 :].ravel() for curves in several])
    return float(values.min()), float(values.max())


def _share(value: float, ends: tuple[float, float]) -> float:
    """Return how far along the axis a value lies, 0 to 1."""
    low, high = ends
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.5


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
