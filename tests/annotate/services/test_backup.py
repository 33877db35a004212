"""A backup holds everything in one file and comes back into an empty database of its own kind, and only there."""

import json
import stat
from pathlib import Path

import pytest
from django.db import connection

from annotate.services.backup import back_up, restore
from annotate.services.errors import Conflict, InvalidInput
from tests.application import manage
from tests.factories import compare, make_member, make_project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def empty_database(tmp_path: Path) -> dict[str, str]:
    """Return the environment that names an empty database of the kind that the tests run on."""
    own = {"TIEBREAK_DATA_DIR": str(tmp_path / "var")}
    if connection.vendor == "sqlite":
        return own
    name = f"{connection.settings_dict['NAME']}_empty"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    server = connection.settings_dict
    return own | {"DATABASE_URL": f"postgres://{server['USER']}@/{server['HOST']}/{name}"}


def test_a_restored_database_says_what_the_first_one_said(tmp_path: Path, empty_database: dict[str, str]) -> None:
    project = make_project(n_pairs=3)
    compare(project, make_member(project, "bob"))

    back_up(tmp_path / "backup")
    manage("restore", str(tmp_path / "backup"), **empty_database)

    (restored,) = json.loads(manage("status", "--json", **empty_database))
    assert (restored["project"], restored["n_pairs"], restored["n_comparisons"]) == ("antarctica", 3, 1)


def test_a_backup_is_one_file_for_its_owner_alone(tmp_path: Path) -> None:
    back_up(tmp_path / "backup")

    assert [path.name for path in tmp_path.iterdir()] == ["backup"]
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600


def test_a_backup_never_overwrites_a_file(tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("precious")

    with pytest.raises(Conflict, match="never overwrites"):
        back_up(tmp_path / "backup")

    assert (tmp_path / "backup").read_text() == "precious"


def test_a_database_with_tables_is_never_filled(tmp_path: Path) -> None:
    back_up(tmp_path / "backup")

    with pytest.raises(Conflict, match="not empty"):
        restore(tmp_path / "backup")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("not a backup")

    with pytest.raises(InvalidInput, match="no backup"):
        restore(tmp_path / "notes")
