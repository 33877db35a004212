"""`manage.py export_head` writes the head in use, or that of a given snapshot, and says which it was."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotate.models import Project, User
from annotate.services.releasing import release_snapshot
from tests.annotate.api.material import make_snapshot

pytestmark = pytest.mark.django_db


def export(*arguments: str) -> str:
    said = StringIO()
    call_command("export_head", "--project", "antarctica", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def two_snapshots(project: Project) -> None:
    make_snapshot(project, 1, weights=b"head 1")
    make_snapshot(project, 2, weights=b"head 2", style_free=b"plain words")


@pytest.mark.usefixtures("two_snapshots")
def test_the_newest_is_written_until_one_is_released(project: Project, alice: User, tmp_path: Path) -> None:
    file = tmp_path / "head.safetensors"

    before, content = export("--out", str(file)), file.read_bytes()
    release_snapshot(project=project, number=1, by=alice)
    after = export("--out", str(file))

    assert (content, before) == (b"head 2", f"Wrote the head of snapshot 2 (not released) to {file}.\n")
    assert (file.read_bytes(), after) == (b"head 1", f"Wrote the head of snapshot 1 (released) to {file}.\n")


@pytest.mark.usefixtures("two_snapshots")
def test_a_given_snapshot_is_written_in_either_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    export("--snapshot", "2")
    export("--snapshot", "2", "--style-free")

    assert (tmp_path / "antarctica-2.safetensors").read_bytes() == b"head 2"
    assert (tmp_path / "antarctica-2-style-free.safetensors").read_bytes() == b"plain words"


@pytest.mark.usefixtures("two_snapshots")
@pytest.mark.parametrize("arguments", [("--snapshot", "9"), ("--snapshot", "1", "--style-free"), ("--style-free",)])
def test_a_head_that_is_not_there_is_refused_and_nothing_is_written(arguments: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "head.safetensors"

    with pytest.raises(CommandError):
        export(*arguments, "--out", str(file))

    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("project")
def test_a_project_without_a_snapshot_has_no_head_yet() -> None:
    with pytest.raises(CommandError, match="no head yet"):
        export()
