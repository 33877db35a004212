"""Is the web process alive? Nobody needs to sign in to ask, and the database is not asked."""

from django.test import Client


def test_it_answers_without_a_database(client: Client) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")
