"""The documents stay true: links lead somewhere, settings, commands and targets are described, the map is the tree."""

import ast
import re
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import get_commands

from annotate.formats.jsonl import read_rows
from annotate.formats.limits import Limits
from annotate.formats.rows import ImportedPrompt
from tests.source import NOT_WRITTEN_HERE, ROOT, files, modules

READERS = {"read_bool", "read_int", "read_list", "read_text", "read_database", "read_secret_key"}
OURS = {"annotate", "trainer"}


def documents() -> list[Path]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "annotate").rglob("*.md")]
    return [path for path in found if not set(path.parts) & set(NOT_WRITTEN_HERE)]


def headings(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    lines = [line.lstrip("#").strip() for line in path.read_text().splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def first_column(path: Path) -> dict[str, list[str]]:
    """Return the rows of a document's tables by the code in their first cell."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", path.read_text(), re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listed.splitlines()]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    local = [target for target in targets if not target.startswith(("http://", "https://", "mailto:"))]

    for target in local:
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), f"{document.name} links to {target}, which is not there"
        assert not anchor or anchor in headings(path), f"{document.name}: {path.name} has no heading #{anchor}"


def read_variables() -> dict[str, object]:
    """Return every environment variable that the project reads, with its default where that is a constant."""
    calls = [node for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in READERS]
    variables: dict[str, object] = {"SECRET_KEY": None}
    for call in named:
        first, *rest = call.args
        if isinstance(first, ast.Constant):
            default = rest[0] if rest else None
            variables.setdefault(str(first.value), default.value if isinstance(default, ast.Constant) else None)
    return variables


def test_every_environment_variable_is_described_and_every_described_one_is_read() -> None:
    described = {name for name in first_column(ROOT / "docs" / "operations.md") if name.isupper()}

    assert described == set(read_variables())


def test_described_defaults_are_the_defaults() -> None:
    described = first_column(ROOT / "docs" / "operations.md")
    numbers = {name: default for name, default in read_variables().items() if isinstance(default, int)}

    stated = {name: described[name][0].strip("`") for name in numbers}

    assert stated == {name: str(int(default)) for name, default in numbers.items()}


def test_the_variables_of_the_tests_are_described() -> None:
    described = {name for name in first_column(ROOT / "CONTRIBUTING.md") if name.isupper()}
    text = "\n".join(path.read_text() for path in files("*.py") if path.is_relative_to(ROOT / "tests"))
    read = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', text))

    assert described <= read
    assert read - described <= {"TIEBREAK_DATA_DIR", "DEBUG", "REDIS_URL", "DATABASE_URL"}


def test_every_management_command_is_described() -> None:
    ours = {name for name, app in get_commands().items() if app in OURS}
    described = {
        name.split()[0] for name in first_column(ROOT / "docs" / "operations.md") if name.islower() or " " in name
    }

    assert ours <= described, f"docs/operations.md, Commands, says nothing of {ours - described}"


def test_every_make_target_is_described() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    described = first_column(ROOT / "CONTRIBUTING.md")

    assert {f"make {target}" for target in targets} == {name for name in described if name.startswith("make ")}


def test_the_map_in_the_readme_is_the_tree() -> None:
    tree = re.search(r"^```\nannotate/.*?^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert tree
    shown = {line.split()[0].rstrip("/") for line in tree[0].splitlines()[1:-1]}
    folders = {str(Path(*path.parts[:depth])) for path in tracked() for depth in (1, 2) if len(path.parts) > depth}
    expected = {folder for folder in folders if "/" not in folder or folder.split("/")[0] in OURS}

    assert shown == {folder for folder in expected if not folder.startswith(".")}


def test_the_rows_in_the_readme_can_be_imported() -> None:
    rows = re.findall(r"^ {4}(\{.*\})$", (ROOT / "README.md").read_text(), re.MULTILINE)

    read = list(read_rows(BytesIO("\n".join(rows).encode()), Limits()))

    assert len(rows) == 2
    assert all(isinstance(row, ImportedPrompt) for row in read), read


def test_every_decision_is_in_its_index_and_says_context_choice_and_consequence() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = [path for path in folder.glob("*.md") if path.name != "README.md"]

    assert {path.name for path in pages} == set(re.findall(r"\]\(([^)]+)\)", (folder / "README.md").read_text()))
    for page in pages:
        text = page.read_text()
        assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Consequence")), page.name


def test_the_pages_that_the_code_refers_to_are_there() -> None:
    mentioned = {
        reference
        for module in modules()
        for reference in re.findall(r"\b(docs/[\w/-]+\.md)\b", module.path.read_text())
    }

    assert {reference for reference in mentioned if not (ROOT / reference).exists()} == set()
