"""Stages with real services and a real encoder, and people who said what a small file says they did."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from annotate.formats.hashes import messages_hash
from annotate.models import Assignment, Comparison, Project, Stream, User
from tests.trainer.replay.recorded import recorded_file, recorded_rows
from trainer import shelf
from trainer.replay.library import Library, build_library
from trainer.replay.recording import Recording
from trainer.replay.results import Finished
from trainer.replay.run import Plan, run_on
from trainer.replay.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_shelves(settings: LazySettings, tmp_path: Path) -> None:
    """Keep nothing of other tests, whose rows had the same ids."""
    shelf._shelves.clear()
    settings.DATA_DIR = tmp_path


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create(username="replay", is_superuser=True)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording.read(recorded_file(tmp_path, recorded_rows(ties=True)))


@pytest.fixture
def library(recording: Recording, admin: User) -> Library:
    return build_library(recording, admin)


def stage_of(library: Library, recording: Recording, admin: User, strategy: str = "vopt", seed: int = 0) -> Stage:
    return Stage(library, recording.rows, admin, strategy=strategy, outcomes="ties", seed=seed)


def run(library: Library, recording: Recording, admin: User, strategy: str = "vopt", seed: int = 0) -> Finished:
    split = recording.split(0.25, seed)
    stage = Stage(library, split.asked, admin, strategy=strategy, outcomes="ties", seed=seed)
    exams = {"pairs": library.exam(split.held_out_pairs), "prompts": library.exam(split.held_out_prompts)}
    return run_on(stage, exams, Plan(n_labels=15, every=6, held_out=0.25))


def test_verdicts_are_those_recorded_each_given_at_most_once(
    library: Library, recording: Recording, admin: User
) -> None:
    """Every verdict favours the longer text or ties, so that a swapped side would be seen."""
    rows = tuple(
        replace(row, labels=tuple(replace(label, outcome="second") for label in row.labels)) for row in recording.rows
    )
    stage = stage_of(library, replace(recording, rows=rows), admin)
    stage.learn()

    while stage.ask():
        pass

    judged = Comparison.objects.select_related("assignment__pair__first", "assignment__pair__second")
    for comparison in judged:
        pair = comparison.assignment.pair
        longer = "first" if len(pair.first.text) > len(pair.second.text) else "second"
        assert comparison.outcome == longer
    assert {len(set(pair)) for pair in stage.recorded.values()} == {1}
    given = Counter(judged.values_list("assignment__pair", flat=True))
    assert all(given[pair] + len(stage.left[pair]) == 3 for pair in stage.recorded)
    assert set(given) == set(stage.recorded)


def test_streams_are_on(library: Library, recording: Recording, admin: User) -> None:
    """Audit pairs are judged by both stand-ins, learn pairs by one."""
    stage = stage_of(library, recording, admin)
    stage.learn()

    while stage.ask():
        pass

    people = Counter(Assignment.objects.values_list("pair", "stream"))
    assert {n for (_, stream), n in people.items() if stream == Stream.AUDIT} == {2}
    assert {n for (_, stream), n in people.items() if stream == Stream.LEARN} == {1}


def test_a_pair_without_verdicts_left_is_skipped_and_another_offered(
    library: Library, recording: Recording, admin: User
) -> None:
    stage = stage_of(library, recording, admin)
    stage.left |= {pair: [] for pair in list(stage.left)[:-1]}
    stage.learn()

    assert stage.ask()

    assert Comparison.objects.get().assignment.pair_id == list(stage.left)[-1]
    assert Assignment.objects.filter(closed_as=Assignment.ClosedAs.SKIPPED).exists()


def test_a_run_scores_each_head_on_both_held_out_sets(library: Library, recording: Recording, admin: User) -> None:
    finished = run(library, recording, admin)

    assert [point.n_labels for point in finished.points] == [0, 6, 12, 15]
    assert finished.points[0].scores["pairs"]["nll"] == pytest.approx(np.log(2), abs=1e-6)
    assert finished.points[0].scores["prompts"]["accuracy"] == 0.5
    assert {point.scores["pairs"]["n"] for point in finished.points} == {finished.points[0].scores["pairs"]["n"]}
    assert finished.points[-1].scores["pairs"]["nll"] != finished.points[-2].scores["pairs"]["nll"]
    assert Project.objects.get(slug="vopt-0").archived_at is not None


def test_a_run_is_that_of_its_seed(library: Library, recording: Recording, admin: User) -> None:
    one = run(library, recording, admin)
    Project.objects.filter(slug="vopt-0").update(slug="before")

    again = run(library, recording, admin)

    assert again.points == one.points
    assert run(library, recording, admin, seed=1).points != one.points


def test_held_out_material_is_not_in_the_project(library: Library, recording: Recording, admin: User) -> None:
    run(library, recording, admin)

    split = recording.split(0.25, 0)
    project = Project.objects.get(slug="vopt-0")
    assert project.pairs.count() == len(split.asked)
    held_out = {messages_hash(row.messages) for row in split.held_out_prompts}
    assert held_out
    assert not held_out & set(project.prompts.values_list("text_hash", flat=True))


def test_two_strategies_with_one_seed_share_their_audit_pairs(
    library: Library, recording: Recording, admin: User
) -> None:
    one, other = (stage_of(library, recording, admin, strategy) for strategy in ("vopt", "random"))

    ids = [set(stage.project.pairs.filter(audit=True).values_list("external_id", flat=True)) for stage in (one, other)]

    assert ids[0] == ids[1] != set()
    assert [person.pk for person in one.people] == [person.pk for person in other.people]
    assert list(one.left.values()) == list(other.left.values())
