"""The project's own source files as text and as syntax trees, for the tests that keep conventions and docs true."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("annotate", "trainer")
FOLDERS = (*PACKAGES, "tests", "benchmarks", "templates", "static")
NOT_WRITTEN_HERE = ("vendor", "migrations", "__pycache__", "results")


@dataclass(frozen=True)
class Module:
    """One Python file of annotate/ or trainer/."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def name(self) -> str:
        """Return its dotted name; a package is named without `__init__`."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts).removesuffix(".__init__")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text())

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield the line and the dotted name of everything it imports, at its top or inside a function."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def modules() -> list[Module]:
    return [Module(path) for path in files("*.py") if path.relative_to(ROOT).parts[0] in PACKAGES]


def files(pattern: str) -> list[Path]:
    """Return the files of the project that people wrote here, by name pattern."""
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob(pattern))]
    return [path for path in found if not set(path.relative_to(ROOT).parts) & set(NOT_WRITTEN_HERE)]


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
