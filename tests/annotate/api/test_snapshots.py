"""Snapshots over the API, and the head as a file."""

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from safetensors.numpy import load, save

from annotate.models import Project, User
from tests.annotate.api.clients import client_of
from tests.annotate.api.material import make_snapshot
from tests.factories import make_project

pytestmark = pytest.mark.django_db

SNAPSHOTS = "/api/v1/projects/antarctica/snapshots/"


def test_the_newest_snapshot_comes_first_with_its_metrics(project: Project, rosa: User) -> None:
    make_snapshot(project, 1)
    make_snapshot(project, 2)

    first, second = client_of(rosa).get(SNAPSHOTS).json()["results"]

    assert (first["number"], second["number"]) == (2, 1)
    assert first["metrics"]["audit_n"] == 40
    assert "weights" not in first


def test_one_snapshot_is_read_by_its_number(project: Project, rosa: User) -> None:
    make_snapshot(project, 7)

    assert client_of(rosa).get(f"{SNAPSHOTS}7/").json()["digest"] == "f" * 64


@pytest.mark.parametrize("number", ["0", "8", "9" * 30])
@pytest.mark.parametrize("ending", ["/", "/head.safetensors"])
def test_a_snapshot_that_is_not_there_is_404(project: Project, rosa: User, number: str, ending: str) -> None:
    make_snapshot(project, 7)
    make_snapshot(make_project("elsewhere"), 8)

    response = client_of(rosa).get(f"{SNAPSHOTS}{number}{ending}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("accept", ["*/*", "application/octet-stream", "application/json"])
def test_the_head_is_the_file_that_was_stored(project: Project, rosa: User, accept: str) -> None:
    weights = save({"w": np.array([0.5, -1.0], dtype=np.float32)})
    make_snapshot(project, 7, weights=weights)

    response = client_of(rosa).get(f"{SNAPSHOTS}7/head.safetensors", HTTP_ACCEPT=accept)

    assert sha256(response.content).digest() == sha256(weights).digest()
    assert load(response.content)["w"].tolist() == [0.5, -1.0]
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="antarctica-7.safetensors"'


def test_the_head_in_use_is_the_released_one_and_the_newest_before(project: Project, rosa: User, alice: User) -> None:
    head = f"{SNAPSHOTS.removesuffix('snapshots/')}head.safetensors"
    for number in (1, 2):
        make_snapshot(project, number, weights=f"head {number}".encode())

    before = client_of(rosa).get(head)
    client_of(alice).post(f"{SNAPSHOTS}1/release/")
    after, newest = (client_of(rosa).get(address) for address in (head, f"{SNAPSHOTS}2/head.safetensors"))

    told = [(one.content, one["Tiebreak-Snapshot"], one["Tiebreak-Released"]) for one in (before, after, newest)]
    assert told == [(b"head 2", "2", "no"), (b"head 1", "1", "yes"), (b"head 2", "2", "no")]


def test_before_the_first_snapshot_there_is_no_head_in_use(project: Project, rosa: User) -> None:
    make_snapshot(make_project("elsewhere"), 8)

    assert client_of(rosa).get(f"{SNAPSHOTS.removesuffix('snapshots/')}head.safetensors").status_code == 404


def test_the_list_costs_the_same_with_ten_more_snapshots(project: Project, rosa: User) -> None:
    client = client_of(rosa)
    make_snapshot(project, 1)
    with CaptureQueriesContext(connection) as before:
        client.get(SNAPSHOTS)
    for number in range(2, 12):
        make_snapshot(project, number)

    with CaptureQueriesContext(connection) as after:
        client.get(SNAPSHOTS)

    assert len(after) == len(before)
    assert not any('"weights"' in query["sql"] for query in after.captured_queries)


def pages(user: User, address: str) -> list[Any]:
    """Follow `next` to the end and return the snapshot numbers."""
    numbers, client, link = [], client_of(user), address
    while link:
        page = client.get(link).json()
        numbers += [row["number"] for row in page["results"]]
        link = page["next"]
    return numbers


def test_following_the_pages_gives_every_snapshot_once(project: Project, rosa: User) -> None:
    for number in range(1, 8):
        make_snapshot(project, number)

    assert pages(rosa, f"{SNAPSHOTS}?page_size=3") == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("page_size", ["0", "-1", "201", "null", "%00", "", "9" * 5000, "\u0663"])
def test_a_page_size_that_will_not_do_is_refused(project: Project, rosa: User, page_size: str) -> None:
    response = client_of(rosa).get(f"{SNAPSHOTS}?page_size={page_size}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize(
    "cursor",
    ["x", "cD1hYmM=", "cD0tMQ==", "cD0lMDA=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "cj14"],
)
def test_a_cursor_that_is_not_ours_is_refused(project: Project, rosa: User, cursor: str) -> None:
    response = client_of(rosa).get(f"{SNAPSHOTS}?cursor={cursor}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_admins_release_and_roll_back(project: Project, alice: User) -> None:
    client = client_of(alice)
    make_snapshot(project, 7)

    released = client.post(f"{SNAPSHOTS}7/release/")
    back = client.post(f"{SNAPSHOTS}7/roll-back/")
    again = client.post(f"{SNAPSHOTS}7/roll-back/")

    assert released.json()["released_at"] is not None
    assert released.json()["withdrawn_at"] is None
    assert back.json()["withdrawn_at"] is not None
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_the_style_free_head_is_released_where_there_is_one(project: Project, alice: User) -> None:
    client = client_of(alice)
    make_snapshot(project, 1)
    make_snapshot(project, 2, style_free=b"plain words")

    refused = client.post(f"{SNAPSHOTS}1/release/", {"style_free": True}, format="json")
    released = client.post(f"{SNAPSHOTS}2/release/", {"style_free": True}, format="json")

    assert refused.status_code == 409
    assert released.json()["released_style_free"] is True
    assert client.post(f"{SNAPSHOTS}2/release/", {"style": True}, format="json").status_code == 400
