"""Load balancers ask without signing in."""

import pytest
from django.db import ProgrammingError, connection
from django.test import Client


@pytest.mark.django_db
def test_it_is_ready_once_the_database_answers(client: Client) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_without_its_tables_it_is_not_ready(client: Client) -> None:
    def no_table(*_: object) -> None:
        raise ProgrammingError

    with connection.execute_wrapper(no_table):
        response = client.get("/readyz")

    assert (response.status_code, response["Retry-After"]) == (503, "5")
