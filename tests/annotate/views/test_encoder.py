"""The encoder on the settings screen, and its change on the overview."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from annotate.models import Project, Run, User
from annotate.services.encoders import EncoderSettings
from tests.annotate.views.browsers import browser_of, main_of

pytestmark = pytest.mark.django_db

URL = "/p/antarctica/settings"
DEFAULTS = {
    "model": "",
    "layers": "",
    "texts": ["pair", "response"],
    "pooling": "mean",
    "max_tokens": 512,
    "prompt_tokens": 160,
    "truncation": "right",
    "dtype": "auto",
}


@pytest.fixture(autouse=True)
def encoders(settings: LazySettings, tmp_path: Path) -> None:
    settings.ENCODERS_DIR = tmp_path
    (tmp_path / "tiny").mkdir()


def form(**changes: Any) -> dict[str, Any]:
    return {f"encoder-{name}": value for name, value in (DEFAULTS | changes).items()} | {"choose_encoder": "save"}


def make_run(project: Project, **fields: Any) -> Run:
    now = timezone.now()
    return Run.objects.create(
        project=project, kind=Run.Kind.REEMBED, watermark="r10", created_at=now, heartbeat_at=now, **fields
    )


def test_the_page_offers_the_folders_of_the_server(alices: Client) -> None:
    page = main_of(alices.get(URL))

    assert '<option value="tiny">tiny</option>' in page
    assert "all-MiniLM-L6-v2 (packaged)" in page


def test_every_field_has_a_name_that_is_read_aloud(alices: Client) -> None:
    page = main_of(alices.get(URL))

    assert '<label for="">' not in page
    assert "<legend>Texts" in page


def test_saving_what_is_shown_changes_nothing(alices: Client, project: Project) -> None:
    Project.objects.update(encoder_key="a-key")

    alices.post(URL, form())

    assert Project.objects.get().next_encoder is None


def test_every_setting_is_stored(alices: Client) -> None:
    chosen = {
        "model": "tiny",
        "layers": "0, -1",
        "texts": ["response"],
        "pooling": "last",
        "max_tokens": 64,
        "prompt_tokens": 32,
        "truncation": "left",
        "chat_template": "on",
        "dtype": "float32",
    }

    response = alices.post(URL, form(**chosen))

    assert response["Location"] == URL
    assert EncoderSettings(**Project.objects.get().encoder).as_json() == chosen | {
        "layers": [0, -1],
        "chat_template": True,
    }
    page = " ".join(main_of(alices.get(URL)).split())
    assert 'value="0, -1"' in page
    assert '<option value="tiny" selected>' in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "../tiny"},
        {"layers": "first"},
        {"texts": []},
        {"texts": ["prompt"]},
        {"max_tokens": 1},
        {"pooling": "max"},
        {"prompt_tokens": 600},
        {"layers": "9999"},
    ],
)
def test_what_cannot_be_chosen_is_asked_for_again(alices: Client, wrong: dict[str, Any]) -> None:
    response = alices.post(URL, form(**wrong))

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert Project.objects.get().encoder == {}


def test_researchers_choose_no_encoder(project: Project, rosa: User) -> None:
    assert browser_of(rosa).post(URL, form(model="tiny")).status_code == 403
    assert Project.objects.get().encoder == {}


def test_a_change_under_way_shows_how_far_it_is_beside_the_other_work(project: Project, rosa: User) -> None:
    Project.objects.update(next_encoder=EncoderSettings(model="tiny").as_json())
    make_run(project, state=Run.State.RUNNING, done=30, total=120)

    page = " ".join(main_of(browser_of(rosa).get("/p/antarctica/")).split())

    assert "Embedding anew with tiny: 30 of 120" in page
    assert 'value="30" max="120"' in page
    assert "Nothing to do" not in page


def test_a_change_that_no_worker_has_taken_up_says_so(project: Project, rosa: User) -> None:
    Project.objects.update(next_encoder=EncoderSettings().as_json())

    page = " ".join(main_of(browser_of(rosa).get("/p/antarctica/")).split())

    assert "Embedding anew with the packaged encoder (waiting for a worker)" in page


def test_a_change_that_failed_shows_why(project: Project, rosa: User) -> None:
    Project.objects.update(next_encoder=EncoderSettings(model="tiny").as_json())
    make_run(project, state=Run.State.PARKED, attempt=3, error="EncoderError: 'tiny' has no <tokenizer>")

    page = " ".join(main_of(browser_of(rosa).get("/p/antarctica/")).split())

    assert "The change to the encoder tiny failed and was put aside." in page
    assert "has no &lt;tokenizer&gt;" in page


def test_no_change_is_shown_where_there_is_none(project: Project, rosa: User) -> None:
    make_run(project, state=Run.State.DONE)

    assert "Embedding anew" not in main_of(browser_of(rosa).get("/p/antarctica/"))
