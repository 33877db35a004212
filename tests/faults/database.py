"""An installation's rows, read and written past Django and its services, as any other process could."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

# What keeps a trainer from publishing while it holds: it may read, it cannot write a snapshot.
LOCKS = {
    "sqlite": ("BEGIN IMMEDIATE",),
    "postgresql": ("BEGIN", "LOCK TABLE annotate_snapshot IN SHARE MODE"),
}


class Database:
    """The database at an address: a postgres:// one, or the path of a SQLite file."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.kind = "postgresql" if address.startswith("postgres") else "sqlite"

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query gives; `?` stands for a value on both databases."""
        with self.connected() as connection:
            return list(connection.execute(self._spelled(query), values).fetchall())

    def one(self, query: str, *values: object) -> Any:
        """Return the one value that a query gives."""
        ((value,),) = self.rows(query, *values)
        return value

    def change(self, statement: str, *values: object) -> None:
        with self.connected() as connection:
            connection.execute(self._spelled(statement), values)

    def is_free(self) -> bool:
        """Say whether nobody keeps others from writing; on PostgreSQL nobody can, but to the same row."""
        if self.kind == "postgresql":
            return True
        with self.connected(patience_seconds=0) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.execute("ROLLBACK")
            return True

    @contextmanager
    def publishing_blocked(self) -> Iterator[None]:
        """Let nobody publish a snapshot as long as it lasts (on SQLite: let nobody write)."""
        with self.connected() as connection:
            for statement in LOCKS[self.kind]:
                connection.execute(statement)
            yield
            connection.execute("ROLLBACK")

    @contextmanager
    def connected(self, *, patience_seconds: float = 60) -> Iterator[Any]:
        """Open a connection that commits each statement."""
        if self.kind == "sqlite":
            opened: Any = sqlite3.connect(self.address, timeout=patience_seconds, isolation_level=None)
        else:
            socket, name = Path(urlsplit(self.address).path[1:]).parent, Path(self.address).name
            opened = psycopg.connect(host=str(socket), user="tiebreak", dbname=name, autocommit=True)
        with closing(opened) as connection:
            yield connection

    def _spelled(self, query: str) -> str:
        return query.replace("?", "%s") if self.kind == "postgresql" else query
