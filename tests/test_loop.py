"""The whole loop as people and programs meet it: a file, verdicts over HTTP, a snapshot after each, a changed queue.

Real gunicorn, Redis, ticker and trainer. What happens when one of them fails is in tests/faults.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.application import Application, manage
from tests.faults.visitor import Answer, Visitor
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

QUEUE = """
SELECT group_concat(q.pair_id || ' ' || round(q.p_first, 6) || ' ' || round(q.information, 8), ', ')
FROM annotate_queuedpair q JOIN annotate_project p ON p.id = q.project_id WHERE p.slug = 'loop'
"""
SUBJECTS = (
    "the moon",
    "a sonata",
    "the Danube",
    "yeast",
    "granite",
    "a theorem",
    "the herring",
    "felt",
    "Lisbon",
    "ice",
)


class Loop:
    """A project made and filled as the documents say, a program with a token, and a person with a browser."""

    def __init__(self, app: Application, file: Path) -> None:
        self._app = app
        self.program = Visitor(app.address, self._manage("create_token", "admin", "--scope", "manage").strip())
        created = self.program.call("POST", "projects/", name="Loop", slug="loop", audit_share=0.0, repeat_share=0.0)
        assert created.status == 201, created
        self._manage("import_pairs", str(file), "--project", "loop")
        own = ("--project", "loop", "--role", "researcher", "--address", app.address)
        link = self._manage("create_user", "ruth", *own).strip()
        self.person = Visitor(app.address)
        self.person.submit(self.person.open(link.removeprefix(app.address)))

    def status(self) -> Any:
        return self.program.call("GET", "projects/loop/status/").json

    def queue(self) -> str:
        return self._app.ask(QUEUE)

    def wait_for_snapshot_of(self, n_comparisons: int) -> Any:
        """Wait until the live snapshot has seen so many verdicts; return the status."""
        wait_until(lambda: self._live().get("n_comparisons") == n_comparisons, seconds=120, what="the snapshot")
        return self.status()

    def judge(self) -> Answer:
        (assignment,) = self.program.call("POST", "projects/loop/assignments/").json["assignments"]
        verdict = {"client_key": str(uuid4()), "outcome": "left"}
        stored = self.program.call("POST", f"assignments/{assignment['id']}/comparison/", **verdict)
        assert stored.status == 201, stored
        return stored

    def _live(self) -> dict[str, Any]:
        return self.status()["snapshot"] or {}

    def _manage(self, *arguments: str) -> str:
        return manage(*arguments, TIEBREAK_DATA_DIR=str(self._app.data_dir))


@pytest.fixture(scope="module")
def loop(running_app: Application, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    file = tmp_path_factory.mktemp("loop") / "pairs.jsonl"
    rows = (
        {
            "prompt": f"What is there to say about {subject}?",
            "response_a": f"A good deal, and people who know {subject} well disagree about most of it.",
            "response_b": f"{subject.capitalize()}! {place} facts, {place} lies, and a song.",
        }
        for place, subject in enumerate(SUBJECTS)
    )
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return Loop(running_app, file)


def judged_by_program(loop: Loop) -> None:
    loop.judge()


def judged_on_the_page(loop: Loop) -> None:
    page = loop.person.open("/p/loop/compare")
    fields = {name: page.value_of(name) for name in ("assignment", "client_key")}
    assert "Saved: B is better." in loop.person.submit(page, choice="right", **fields).text


def test_a_file_becomes_a_first_snapshot_and_a_queue(loop: Loop) -> None:
    status = loop.wait_for_snapshot_of(0)

    assert (status["n_pairs"], status["n_queued"], status["snapshot"]["number"]) == (10, 10, 1)
    assert status["parked"] is None


@pytest.mark.parametrize("judged", [judged_by_program, judged_on_the_page])
def test_a_verdict_becomes_a_snapshot_and_changes_the_queue(loop: Loop, judged: Callable[[Loop], None]) -> None:
    before, queue_before = loop.status(), loop.queue()

    judged(loop)
    after = loop.wait_for_snapshot_of(before["n_comparisons"] + 1)

    assert after["n_comparisons"] == before["n_comparisons"] + 1
    assert after["snapshot"]["number"] == before["snapshot"]["number"] + 1
    assert after["n_open_pairs"] < before["n_open_pairs"]
    assert after["seconds_behind"] > 0
    assert loop.queue() != queue_before


def test_an_undo_becomes_a_snapshot_that_has_forgotten_the_verdict(loop: Loop) -> None:
    before, queue_before = loop.status(), loop.queue()
    stored = loop.judge()
    loop.wait_for_snapshot_of(before["n_comparisons"] + 1)

    undone = loop.program.call("POST", f"comparisons/{stored.json['id']}/retract/")
    after = loop.wait_for_snapshot_of(before["n_comparisons"])

    assert undone.status == 200
    assert after["snapshot"]["number"] == before["snapshot"]["number"] + 2
    assert after["n_open_pairs"] == before["n_open_pairs"]
    assert sorted(loop.queue().split(", ")) == sorted(queue_before.split(", "))


def test_the_overview_tells_what_the_status_does(loop: Loop) -> None:
    status = loop.status()

    overview = loop.person.open("/p/loop/").text

    assert f'id="n-comparisons">{status["n_comparisons"]}<' in overview
    assert f'id="snapshot">{status["snapshot"]["number"]}<' in overview
