"""Choosing a project's encoder: at once before anything is embedded, later as a change; never outside the folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from annotate.models import AuditEvent, Project, User
from annotate.selectors.encoders import available_encoders
from annotate.services.encoders import EncoderSettings, adopt_first_encoder, choose_encoder
from annotate.services.errors import InvalidInput

pytestmark = pytest.mark.django_db

TINY = EncoderSettings(model="tiny", layers=(0, -1))


@pytest.fixture(autouse=True)
def encoders(settings: LazySettings, tmp_path: Path) -> Path:
    """Offer one encoder; a hidden folder, a file and what lies outside are none."""
    settings.ENCODERS_DIR = tmp_path / "encoders"
    for name in ("encoders/tiny", "encoders/.cache", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "encoders" / "notes.txt").touch()
    return tmp_path / "encoders"


def now(project: Project) -> tuple[Any, Any]:
    project.refresh_from_db()
    return project.encoder, project.next_encoder


def test_only_folders_in_the_folder_can_be_chosen() -> None:
    assert available_encoders() == ["tiny"]


def test_without_the_folder_there_are_none(settings: LazySettings, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path / "nowhere"

    assert available_encoders() == []


def test_before_anything_is_embedded_the_choice_holds_at_once(project: Project, alice: User) -> None:
    choose_encoder(project=project, settings=TINY, by=alice)

    assert now(project) == (TINY.as_json(), None)
    assert AuditEvent.objects.get(actor=alice).verb == "chose an encoder for"


def test_afterwards_it_is_a_change_and_choosing_the_present_one_gives_it_up(project: Project, alice: User) -> None:
    Project.objects.update(encoder_key="a-key")

    choose_encoder(project=project, settings=TINY, by=alice)
    changing = now(project)
    choose_encoder(project=project, settings=EncoderSettings(), by=alice)

    assert changing == ({}, TINY.as_json())
    assert now(project) == ({}, None)


def test_a_newer_choice_replaces_the_change_under_way(project: Project, alice: User) -> None:
    Project.objects.update(encoder_key="a-key")

    for settings in (TINY, replace(TINY, pooling="last")):
        choose_encoder(project=project, settings=settings, by=alice)

    assert now(project) == ({}, replace(TINY, pooling="last").as_json())


@pytest.mark.parametrize(
    "name", ["../outside", "outside", "..", ".cache", "notes.txt", "/etc", "tiny/../../outside", "a\x00b"]
)
def test_nothing_else_can_be_named(project: Project, alice: User, name: str) -> None:
    with pytest.raises(InvalidInput, match="no encoder"):
        choose_encoder(project=project, settings=EncoderSettings(model=name), by=alice)

    assert now(project) == ({}, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"texts": ()},
        {"texts": ("prompt",)},
        {"pooling": "max"},
        {"truncation": "middle"},
        {"dtype": "int8"},
        {"max_tokens": 7},
        {"max_tokens": 10**6},
        {"prompt_tokens": -1},
        {"max_tokens": 100, "prompt_tokens": 101},
        {"layers": (10**6,)},
    ],
)
def test_settings_that_no_encoder_has_are_refused(project: Project, alice: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        choose_encoder(project=project, settings=EncoderSettings(**wrong), by=alice)


def test_the_first_embedding_fixes_the_settings_once(project: Project) -> None:
    settled = EncoderSettings(dtype="float32").as_json()

    first = adopt_first_encoder(project=project, settings=settled, key="a-key")
    again = adopt_first_encoder(project=project, settings=settled, key="another-key")

    assert (first, again) == (True, False)
    assert now(project) == (settled, None)
    assert project.encoder_key == "a-key"


def test_a_choice_made_while_the_first_encoder_loads_wins(project: Project, alice: User) -> None:
    choose_encoder(project=Project.objects.get(), settings=TINY, by=alice)

    assert not adopt_first_encoder(project=project, settings=EncoderSettings().as_json(), key="a-key")
    assert now(project) == (TINY.as_json(), None)
