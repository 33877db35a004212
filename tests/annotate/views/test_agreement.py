"""The agreement screen, its charts and the rows behind them."""

import csv

import pytest
from django.test import Client

from annotate.models import Project, User
from tests.annotate.api.material import FINDINGS, METRICS, make_snapshot, make_study
from tests.annotate.views.browsers import main_of, n_queries
from tests.factories import compare

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/agreement"


def test_every_figure_has_its_n_and_the_biased_one_says_so(rosas: Client, project: Project) -> None:
    make_snapshot(project)

    page = main_of(rosas.get(URL))

    assert "n&nbsp;=&nbsp;40" in page
    assert "n&nbsp;=&nbsp;160" in page
    assert "not unbiased" in page


def test_an_empty_project_draws_nothing_and_says_why(rosas: Client) -> None:
    page = main_of(rosas.get(URL))

    assert "data-chart" not in page
    assert "The curve begins with the first verdicts" in page


def test_each_chart_has_its_table_and_its_csv(rosas: Client, project: Project) -> None:
    make_snapshot(project)

    page = main_of(rosas.get(URL))

    for chart in ("accuracy", "calibration"):
        assert f"{URL}/{chart}.json" in page
        assert f"{URL}/{chart}.csv" in page
    assert page.count("<table>") == 2


def test_a_study_shows_people_slices_and_whether_selection_helps(rosas: Client, project: Project, bob: User) -> None:
    lapse = {"annotator": bob.pk, "n": 60, "rate": 0.03, "interval": [0.01, 0.08]}
    place = {"comparison": compare(project, bob).pk, "confidence": 0.7, "variability": 0.05}
    make_study(project, make_snapshot(project, 3), lapses=[lapse], map=[place])

    page = " ".join(main_of(rosas.get(URL)).split())

    assert "It cannot be told yet:</b> the interval holds zero" in page
    assert "-0.0120 nats (95 % interval -0.0300 to +0.0100), n&nbsp;=&nbsp;80" in page
    assert "+0.15 to +0.45" in page
    assert "More length" in page
    assert "1.0 % to 8.0 %" in page
    assert "tag maths" in page
    assert f"{URL}/map.csv" in page
    assert "study of snapshot 3" in page


@pytest.mark.parametrize(
    ("interval", "answer"),
    [([0.01, 0.03], "Yes."), ([-0.03, -0.01], "No, it does harm here."), ([-0.1, 0.1], "cannot")],
)
def test_whether_selection_helps_is_said_when_it_does_not_too(
    rosas: Client, project: Project, interval: list[float], answer: str
) -> None:
    helping = FINDINGS["helping"] | {"nll_interval": interval, "nll_gain": sum(interval) / 2}
    make_study(project, make_snapshot(project), helping=helping)

    assert answer in main_of(rosas.get(URL))


def test_the_map_holds_the_comparisons_by_their_public_ids(rosas: Client, project: Project, bob: User) -> None:
    comparison = compare(project, bob)
    place = {"comparison": comparison.pk, "confidence": 0.7, "variability": 0.05}
    make_study(project, make_snapshot(project), map=[place])

    rows = list(csv.DictReader(rosas.get(f"{URL}/map.csv").content.decode().splitlines()))

    assert rows == [{"comparison": str(comparison.public_id), "confidence": "0.7", "variability": "0.05"}]


def test_the_audit_figure_says_what_holds_however_often_one_looks(rosas: Client, project: Project) -> None:
    make_snapshot(project, metrics=METRICS | {"audit_anytime_low": 0.51, "audit_anytime_high": 0.93})

    assert "However often one looks, 51.0 % to 93.0 %." in main_of(rosas.get(URL))


def test_the_accuracy_chart_holds_one_point_per_snapshot_and_kind(rosas: Client, project: Project) -> None:
    for number in (1, 2):
        make_snapshot(project, number)

    specification = rosas.get(f"{URL}/accuracy.json").json()

    rows = [row for values in specification["datasets"].values() for row in values if "accuracy" in row]
    assert {(row["comparisons"], row["labels"]) for row in rows} == {
        (n, labels) for n in (200, 400) for labels in ("audit stream", "leave-one-out (not unbiased)")
    }


def test_a_chart_is_vega_lite_of_the_vendored_version(rosas: Client, project: Project) -> None:
    make_snapshot(project)

    specification = rosas.get(f"{URL}/calibration.json").json()

    assert specification["$schema"].endswith("/vega-lite/v6.4.1.json")


@pytest.mark.parametrize("chart", ["accuracy", "calibration", "map"])
def test_charts_of_an_empty_project_are_valid_too(rosas: Client, chart: str) -> None:
    assert rosas.get(f"{URL}/{chart}.json").status_code == 200


def test_the_csv_holds_the_rows_behind_the_chart(rosas: Client, project: Project) -> None:
    make_snapshot(project)

    response = rosas.get(f"{URL}/calibration.csv")

    rows = list(csv.DictReader(response.content.decode().splitlines()))
    assert rows == [{name: str(value) for name, value in METRICS["audit_bins"][0].items()}]
    assert 'filename="antarctica-calibration.csv"' in response["Content-Disposition"]


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_an_unknown_chart_is_not_found(rosas: Client, suffix: str) -> None:
    assert rosas.get(f"{URL}/fortune.{suffix}").status_code == 404


def test_ten_more_snapshots_cost_no_more_queries(rosas: Client, project: Project) -> None:
    make_snapshot(project)
    before = n_queries(rosas, URL)

    for number in range(2, 12):
        make_snapshot(project, number)

    assert n_queries(rosas, URL) == before
