"""Charts as Vega-Lite specifications, and the rows behind them. Colours come from the page that draws them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt

from annotate.selectors.agreement import Agreement, Bin, Point, Score

Row = dict[str, Any]
Drawing = alt.LayerChart | alt.FacetChart

AUDIT = "audit stream"
LEFT_OUT = "leave-one-out (not unbiased)"
FROM_0_TO_1 = alt.Scale(domain=[0, 1])


@dataclass(frozen=True)
class Chart:
    """A chart's rows and how to draw them; `columns` name the fields of the rows."""

    columns: tuple[str, ...]
    rows: Callable[[Agreement], list[Row]]
    draw: Callable[[list[Row]], Drawing]

    def specification(self, agreement: Agreement) -> dict[str, Any]:
        """Return Vega-Lite with its data inside, checked against Vega-Lite's schema."""
        specification: dict[str, Any] = self.draw(self.rows(agreement)).to_dict()
        specification.pop("config", None)
        return specification


def accuracy_rows(agreement: Agreement) -> list[Row]:
    """Return one row per snapshot and kind of label: accuracy, its 95 % interval, and how many labels."""
    return [row for point in agreement.curve for row in _scores(point)]


def calibration_rows(agreement: Agreement) -> list[Row]:
    """Return one row per bin of the reliability diagram."""
    return [_bin_row(entry) for entry in agreement.bins if entry.n]


def map_rows(agreement: Agreement) -> list[Row]:
    """Return one row per label of the data map."""
    return [vars(place) for place in agreement.findings.map] if agreement.findings else []


def _scores(point: Point) -> Iterable[Row]:
    for kind, score in ((AUDIT, point.audit), (LEFT_OUT, point.left_out)):
        if score:
            yield {"snapshot": point.snapshot, "comparisons": point.n_comparisons, "labels": kind} | _score_row(score)


def _score_row(score: Score) -> Row:
    return {"accuracy": score.accuracy, "low": score.accuracy_low, "high": score.accuracy_high, "n": score.n}


def _bin_row(entry: Bin) -> Row:
    return {"predicted": entry.predicted, "observed": entry.observed, "n": entry.n}


def _draw_accuracy(rows: list[Row]) -> Drawing:
    base = alt.Chart(alt.InlineData(values=rows), width="container", height=300)
    comparisons = alt.X("comparisons:Q", title="comparisons the snapshot had seen", axis=alt.Axis(tickMinStep=1))
    legend = alt.Legend(title=None, orient="top", columns=1, labelLimit=0)
    labels = alt.Color("labels:N", scale=alt.Scale(domain=[AUDIT, LEFT_OUT]), legend=legend)
    share = alt.Axis(format="%", title="agreement with people")
    tooltip = [
        alt.Tooltip("labels:N"),
        alt.Tooltip("snapshot:Q"),
        alt.Tooltip("comparisons:Q"),
        alt.Tooltip("accuracy:Q", format=".1%"),
        alt.Tooltip("low:Q", format=".1%", title="95 % from"),
        alt.Tooltip("high:Q", format=".1%", title="to"),
        alt.Tooltip("n:Q", title="n labels"),
    ]
    audit = [row for row in rows if row["labels"] == AUDIT]
    band = (
        alt.Chart(alt.InlineData(values=audit))
        .mark_area(opacity=0.15)
        .encode(x=comparisons, y=alt.Y("low:Q", axis=share, scale=FROM_0_TO_1), y2="high:Q")
    )
    line = base.mark_line(point=alt.OverlayMarkDef(size=28)).encode(
        x=comparisons, y=alt.Y("accuracy:Q", scale=FROM_0_TO_1), color=labels, strokeDash=_dash(legend), tooltip=tooltip
    )
    chance = alt.Chart(alt.InlineData(values=[{"chance": 0.5}])).mark_rule(strokeDash=[2, 4]).encode(y="chance:Q")
    return alt.layer(*([band] if audit else []), chance, line)


def _dash(legend: alt.Legend) -> alt.StrokeDash:
    """Draw the biased line broken: the two are told apart without colour too."""
    kinds = alt.Scale(domain=[AUDIT, LEFT_OUT], range=[[1, 0], [5, 4]])
    return alt.StrokeDash("labels:N", scale=kinds, legend=legend)


def _draw_calibration(rows: list[Row]) -> Drawing:
    perfect = [{"predicted": 0, "observed": 0}, {"predicted": 1, "observed": 1}]
    share = alt.Axis(format="%", tickCount=5)
    x = alt.X("predicted:Q", title="what the head predicted: P(first is better)", axis=share, scale=FROM_0_TO_1)
    y = alt.Y("observed:Q", title="how often people chose first", axis=share, scale=FROM_0_TO_1)
    diagonal = alt.Chart(alt.InlineData(values=perfect)).mark_line(strokeDash=[2, 4], size=1, color="gray")
    points = alt.Chart(alt.InlineData(values=rows), width="container", height=300).mark_circle(opacity=0.9)
    counts = sorted({row["n"] for row in rows})
    legend = alt.Legend(values=list(dict.fromkeys([*counts[:1], *counts[-1:]])), format="d")
    size = alt.Size("n:Q", title="n labels", scale=alt.Scale(range=[40, 400]), legend=legend)
    tooltip = [
        alt.Tooltip("predicted:Q", format=".1%"),
        alt.Tooltip("observed:Q", format=".1%"),
        alt.Tooltip("n:Q", title="n labels"),
    ]
    return alt.layer(diagonal.encode(x=x, y=y), points.encode(x=x, y=y, size=size, tooltip=tooltip))


def _draw_map(rows: list[Row]) -> Drawing:
    share = alt.Axis(format="%", tickCount=5)
    y = alt.Y("confidence:Q", title="mean probability given to the label", axis=share, scale=FROM_0_TO_1)
    x = alt.X("variability:Q", title="standard deviation over snapshots")
    tooltip = [
        alt.Tooltip("comparison:N"),
        alt.Tooltip("confidence:Q", format=".1%"),
        alt.Tooltip("variability:Q", format=".3f"),
    ]
    points = alt.Chart(alt.InlineData(values=rows), width="container", height=300).mark_circle(opacity=0.5, size=25)
    even = alt.Chart(alt.InlineData(values=[{"even": 0.5}])).mark_rule(strokeDash=[2, 4]).encode(y="even:Q")
    return alt.layer(even, points.encode(x=x, y=y, tooltip=tooltip))


CHARTS = {
    "accuracy": Chart(
        ("snapshot", "comparisons", "labels", "accuracy", "low", "high", "n"), accuracy_rows, _draw_accuracy
    ),
    "calibration": Chart(("predicted", "observed", "n"), calibration_rows, _draw_calibration),
    "map": Chart(("comparison", "confidence", "variability"), map_rows, _draw_map),
}
