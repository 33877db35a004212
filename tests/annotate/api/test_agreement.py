"""Agreement over the API."""

from itertools import pairwise

import pytest

from annotate.models import Project, User
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import METRICS, SCORE, make_snapshot, make_study

pytestmark = pytest.mark.django_db

AGREEMENT = "/api/v1/projects/antarctica/agreement/"


def test_before_the_first_snapshot_there_is_nothing_to_report(project: Project, rosa: User) -> None:
    assert client_of(rosa).get(AGREEMENT).json() == {
        "audit": None, "left_out": None, "ceiling": None, "bins": [], "curve": [], "findings": None,
    }  # fmt: skip


def test_agreement_is_the_newest_snapshots_with_its_history(project: Project, rosa: User) -> None:
    make_snapshot(project, 1, metrics={})
    make_snapshot(project, 2)

    answer = client_of(rosa).get(AGREEMENT).json()

    assert {name: answer["audit"][name] for name in SCORE} == SCORE
    assert answer["audit"]["anytime_low"] is None
    assert answer["left_out"]["n"] == 160
    assert answer["bins"] == METRICS["audit_bins"]
    assert [(point["snapshot"], point["audit"] and point["audit"]["n"]) for point in answer["curve"]] == [
        (1, None),
        (2, 40),
    ]


def test_the_newest_study_comes_with_it(project: Project, rosa: User, bob: User) -> None:
    lapse = {"annotator": bob.pk, "n": 60, "rate": 0.03, "interval": [0.01, 0.08]}
    make_study(project, make_snapshot(project, 3), lapses=[lapse])

    found = client_of(rosa).get(AGREEMENT).json()["findings"]

    assert (found["snapshot"], found["position"]["logits"]["low"]) == (3, 0.15)
    assert found["lapses"] == [
        {"annotator": str(bob.public_id), "n": 60, "rate": {"value": 0.03, "low": 0.01, "high": 0.08}}
    ]
    assert found["helping"]["nll"]["value"] == -0.012
    assert found["flips"]["surprising"]["n"] == 34


def test_thousands_of_snapshots_are_thinned_before_they_are_read(project: Project, rosa: User) -> None:
    for number in range(1, 402):
        make_snapshot(project, number)

    curve = client_of(rosa).get(AGREEMENT).json()["curve"]

    assert len(curve) <= 200
    assert curve[-1]["snapshot"] == 401
    assert {later["snapshot"] - one["snapshot"] for one, later in pairwise(curve)} == {3}
