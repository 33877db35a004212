"""Fixtures of the tests that embed: a process of their own, and a project with a tiny encoder."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from annotate.models import Project
from tests.factories import make_project
from tests.trainer.runs import TINY
from tests.trainer.tiny_models import save_tiny_model
from trainer import embedding, shelf
from trainer.encoder import Encoder


@pytest.fixture
def own_process(settings: LazySettings, tmp_path: Path) -> None:
    """Begin with nothing loaded and no file, as a new process does, and with one tiny encoder to choose."""
    settings.DATA_DIR, settings.ENCODERS_DIR = tmp_path / "data", tmp_path / "encoders"
    save_tiny_model(tmp_path / "encoders" / "tiny", "bert")
    shelf._shelves.clear()
    embedding._encoders.clear()
    embedding._stopping.clear()


@pytest.fixture
def tiny_project(db: None, own_process: None) -> Project:
    return make_project(n_pairs=5, encoder=TINY.as_json())


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the response texts that encoders are given from now on."""
    texts: list[str] = []
    encode = Encoder.encode

    def noting(self: Encoder, given: Any, *options: Any) -> Any:
        texts.extend(text for _, text in given)
        return encode(self, given, *options)

    monkeypatch.setattr(Encoder, "encode", noting)
    return texts
