"""Agreement over the API."""

import pytest

from annotate.models import Project, User
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import METRICS, SCORE, make_snapshot

pytestmark = pytest.mark.django_db

AGREEMENT = "/api/v1/projects/antarctica/agreement/"


def test_before_the_first_snapshot_there_is_nothing_to_report(project: Project, rosa: User) -> None:
    assert client_of(rosa).get(AGREEMENT).json() == {"audit": None, "left_out": None, "bins": [], "curve": []}


def test_agreement_is_the_newest_snapshots_with_its_history(project: Project, rosa: User) -> None:
    make_snapshot(project, 1, metrics={})
    make_snapshot(project, 2)

    answer = client_of(rosa).get(AGREEMENT).json()

    assert answer["audit"] == SCORE
    assert answer["left_out"]["n"] == 160
    assert answer["bins"] == METRICS["audit_bins"]
    assert [(point["snapshot"], point["audit"]) for point in answer["curve"]] == [(1, None), (2, SCORE)]
