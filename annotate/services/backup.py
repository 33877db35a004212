"""Copy the whole database to one file while people work, and bring such a file back into an empty database."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from django.db import connection

from annotate.environment import inherited
from annotate.services.errors import Conflict, InvalidInput, Refusal

SQLITE_MAGIC = b"SQLite format 3\x00"
POSTGRESQL_MAGIC = b"PGDMP"
CONNECTION_VARIABLES = {
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


class BackupFailed(Refusal):
    """The database's own tool gave up; its words are in the message."""

    code = "backup_failed"
    status = 500


def back_up(target: Path) -> None:
    """Write a consistent copy, readable by its owner alone. Raises Conflict if the file exists, BackupFailed."""
    if target.exists():
        raise Conflict(f"{target} exists. Choose another name: a backup never overwrites one.")
    unfinished = target.with_name(f"{target.name}.part")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        if connection.vendor == "sqlite":
            _copy_sqlite(unfinished)
        else:
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}")
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def restore(source: Path) -> None:
    """Fill an empty database from a backup of the same kind of database.

    Raises Conflict if the database has tables, InvalidInput if the file is no such backup, BackupFailed.
    """
    _check_kind(source)
    if connection.introspection.table_names():
        raise Conflict("This database is not empty. Restore into a new one: nothing here is ever overwritten.")
    if connection.vendor == "sqlite":
        _fill_sqlite(source)
    else:
        options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
        _run("pg_restore", *options, f"--dbname={connection.settings_dict['NAME']}", str(source))


def _copy_sqlite(target: Path) -> None:
    connection.ensure_connection()
    copy = sqlite3.connect(target)
    try:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        _check_whole(copy)
    finally:
        copy.close()


def _fill_sqlite(source: Path) -> None:
    connection.ensure_connection()
    copy = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
    try:
        _check_whole(copy)
        copy.backup(connection.connection)
    finally:
        copy.close()
        connection.close()


def _check_whole(database: sqlite3.Connection) -> None:
    try:
        findings = [row[0] for row in database.execute("PRAGMA quick_check")]
    except sqlite3.DatabaseError as error:
        findings = [str(error)]
    if findings != ["ok"]:
        raise BackupFailed(f"The copy is damaged: {'; '.join(findings[:3])}")


def _check_kind(source: Path) -> None:
    try:
        with source.open("rb") as file:
            beginning = file.read(len(SQLITE_MAGIC))
    except OSError as error:
        raise InvalidInput(f"{source} cannot be read: {error.strerror}.") from None
    magic = SQLITE_MAGIC if connection.vendor == "sqlite" else POSTGRESQL_MAGIC
    if not beginning.startswith(magic):
        raise InvalidInput(f"{source} is no backup of a {connection.display_name} database.")


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools on the connected database; its password travels in the environment."""
    path = shutil.which(program)
    if path is None:
        raise BackupFailed(f"{program} was not found. Install PostgreSQL's client programs, of the server's version.")
    parameters = connection.get_connection_params()
    variables = {env: str(parameters[name]) for name, env in CONNECTION_VARIABLES.items() if parameters.get(name)}
    done = subprocess.run([path, *arguments], env=inherited(variables), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()[-500:]}")
