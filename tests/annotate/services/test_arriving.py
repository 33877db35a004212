"""Imports come in steps: no row is seen before the last one is there, nobody waits long, a failure leaves nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotate.formats.rows import ImportedLabel, ImportedPrompt, ImportedResponse, Message
from annotate.models import Assignment, Comparison, Import, Pair, Project, Prompt, Response, User
from annotate.services.arriving import MOVED_A_STEP, ROWS_A_STEP, SILENT_SECONDS, add_rows, settle_imports
from annotate.services.errors import Conflict
from annotate.services.projects import archive_project, change_project
from tests.at_once import at_once
from tests.factories import compare, make_member, make_project

pytestmark = pytest.mark.django_db(transaction=True)

N_ROWS, N_MANY = 300, 1_200
ROWS_OF_ONE = 6  # a prompt, two responses, a pair, an assignment and a comparison
MATERIAL = (Prompt, Response, Pair, Assignment, Comparison)


class Dies(BaseException):
    """What ends an import and everything that it would still do."""


def rows(n: int = N_ROWS, **changes: Any) -> Iterator[ImportedPrompt]:
    for number in range(n):
        answers = (ImportedResponse(f"Yes, {number}."), ImportedResponse(f"No, {number}."))
        asked = (Message("user", f"Is it {number}?"),)
        labels = (ImportedLabel("ann", "first"),)
        yield ImportedPrompt(number, f"q{number}", asked, answers, is_pair=True, labels=labels, **changes)


def failing_at_the_end() -> Iterator[ImportedPrompt]:
    yield from rows()
    raise OSError("the disk is gone")


def everything() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in (*MATERIAL, Project, Import, User)}


def seen(project: Project) -> Counter[str]:
    """Count what belongs to the project, as every page and the trainer count it."""
    return Counter({model.__name__: model._default_manager.filter(project=project).count() for model in MATERIAL})


@contextmanager
def at_every_commit(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` after each transaction of this thread, outside of it."""
    awaited = False

    def watched(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal awaited
        if connection.in_atomic_block and not awaited:
            awaited = True
            transaction.on_commit(told)
        return execute(sql, params, many, context)

    def told() -> None:
        nonlocal awaited
        awaited = False
        look()

    with connection.execute_wrapper(watched):
        yield


def leave_alone() -> None:
    """Let as much time pass as tells a dead import from a slow one."""
    Import.objects.update(beat_at=timezone.now() - timedelta(seconds=SILENT_SECONDS + 1))


@pytest.fixture
def empty() -> Project:
    return make_project("empty")


@pytest.fixture
def admin(empty: Project) -> User:
    return make_member(empty, "alice", role="admin")


def test_nothing_is_seen_before_everything_is_there(empty: Project, admin: User) -> None:
    states: list[tuple[str, int]] = []

    def look() -> None:
        state = Import.objects.values_list("state", flat=True).first() or "over"
        states.append((state, seen(empty).total()))

    with at_every_commit(look):
        added = add_rows(project=empty, rows=rows(), by=admin)

    assert {n for state, n in states if state == Import.State.ARRIVING} == {0}
    assert states[-1] == ("over", N_ROWS * ROWS_OF_ONE)
    assert str(added) == f"{N_ROWS} prompts, {2 * N_ROWS} responses, {N_ROWS} pairs, {N_ROWS} labels"


def test_no_step_writes_more_than_its_share_and_people_judge_between_any_two(admin: User) -> None:
    project = make_project("judged", n_pairs=40)
    bob = make_member(project)
    sizes: list[Counter[str]] = [Counter()]
    verdicts: list[object] = []

    def look() -> None:
        held = Import.objects.select_related("hold").first()
        sizes.append(seen(held.hold) if held else Counter())
        verdicts.extend(at_once(lambda person: compare(project, person), [bob]))

    with at_every_commit(look):
        add_rows(project=project, rows=rows(N_MANY), by=admin)

    steps = [abs(after[name] - before[name]) for before, after in pairwise(sizes) for name in after]
    assert max(steps) <= max(2 * ROWS_A_STEP, MOVED_A_STEP)
    assert len(verdicts) > N_MANY / ROWS_A_STEP + ROWS_OF_ONE * N_MANY / MOVED_A_STEP
    assert all(isinstance(verdict, Comparison) for verdict in verdicts)


def test_long_texts_make_short_steps(empty: Project, admin: User) -> None:
    sizes = [0]

    def look() -> None:
        sizes.append(Response.objects.exclude(project=empty).count())

    texts = [
        ImportedPrompt(
            n,
            None,
            (Message("user", f"{n}?"),),
            tuple(ImportedResponse(f"{side} " * 30_000) for side in "ab"),
            is_pair=True,
        )
        for n in range(30)
    ]

    with at_every_commit(look):
        add_rows(project=empty, rows=texts, by=admin)

    assert max(after - before for before, after in pairwise(sizes)) <= 10


def test_a_failure_at_the_end_leaves_nothing(empty: Project, admin: User) -> None:
    before = everything()

    with pytest.raises(OSError, match="disk"):
        add_rows(project=empty, rows=failing_at_the_end(), by=admin)

    assert everything() == before


def test_an_import_whose_process_died_is_removed_and_can_be_run_again(empty: Project, admin: User) -> None:
    before = everything()

    def die() -> None:
        if Pair.objects.exists():
            raise Dies

    with pytest.raises(Dies), at_every_commit(die):
        add_rows(project=empty, rows=rows(), by=admin)
    assert everything() != before
    assert not seen(empty).total()

    leave_alone()
    settle_imports(seconds=60)
    assert everything() == before

    add_rows(project=empty, rows=rows(), by=admin)
    assert seen(empty).total() == N_ROWS * ROWS_OF_ONE


def test_an_import_that_was_whole_when_its_process_died_is_completed(empty: Project, admin: User) -> None:
    def die() -> None:
        if seen(empty)["Pair"]:
            raise Dies

    with pytest.raises(Dies), at_every_commit(die):
        add_rows(project=empty, rows=rows(), by=admin)
    assert not seen(empty)["Comparison"]

    leave_alone()
    settle_imports(seconds=60)

    assert seen(empty).total() == N_ROWS * ROWS_OF_ONE
    assert not Import.objects.exists()
    assert Project.objects.get() == empty


def test_whoever_imports_again_need_not_wait_for_the_sweep(empty: Project, admin: User) -> None:
    with pytest.raises(Dies), at_every_commit(lambda: (_ for _ in ()).throw(Dies())):
        add_rows(project=empty, rows=rows(3), by=admin)
    leave_alone()

    add_rows(project=empty, rows=rows(3), by=admin)

    assert seen(empty).total() == 3 * ROWS_OF_ONE


def test_imports_into_one_project_come_one_at_a_time(empty: Project, admin: User) -> None:
    def rows_with_another_import_between() -> Iterator[ImportedPrompt]:
        with pytest.raises(Conflict, match="under way"):
            add_rows(project=empty, rows=rows(1), by=admin)
        yield from rows(2)

    add_rows(project=empty, rows=rows_with_another_import_between(), by=admin)

    assert seen(empty).total() == 2 * ROWS_OF_ONE


def test_an_import_that_was_given_up_does_not_go_on(empty: Project, admin: User) -> None:
    def rows_with_a_long_sleep_between() -> Iterator[ImportedPrompt]:
        yield from rows(ROWS_A_STEP)
        leave_alone()
        settle_imports(seconds=60)
        yield from rows(ROWS_A_STEP)

    with pytest.raises(Conflict, match="given up"):
        add_rows(project=empty, rows=rows_with_a_long_sleep_between(), by=admin)

    assert not Prompt.objects.exists()


def test_a_project_that_is_archived_meanwhile_takes_nothing(empty: Project, admin: User) -> None:
    def rows_with_archiving_between() -> Iterator[ImportedPrompt]:
        yield from rows(ROWS_A_STEP)
        archive_project(project=empty, by=admin)
        yield from rows(ROWS_A_STEP)

    with pytest.raises(Conflict, match="archived"):
        add_rows(project=empty, rows=rows_with_archiving_between(), by=admin)

    assert not Prompt.objects.exists()


def test_phrases_that_change_meanwhile_mark_the_responses_that_are_arriving_too(empty: Project, admin: User) -> None:
    def rows_with_a_change_between() -> Iterator[ImportedPrompt]:
        yield from rows(ROWS_A_STEP)
        change_project(project=Project.objects.get(pk=empty.pk), by=admin, leak_phrases=["Yes"])
        yield from (row for row in rows(ROWS_A_STEP + 5) if row.line >= ROWS_A_STEP)

    add_rows(project=empty, rows=rows_with_a_change_between(), by=admin)

    assert empty.responses.filter(leak="Yes").count() == ROWS_A_STEP + 5


def test_labels_that_arrive_are_newer_than_the_verdicts_that_were_given_meanwhile(empty: Project, admin: User) -> None:
    add_rows(project=empty, rows=rows(2), by=admin)
    bob = make_member(empty)
    given: list[Comparison] = []

    def more_labels_with_a_verdict_between() -> Iterator[ImportedPrompt]:
        for row in rows(2):
            yield ImportedPrompt(
                row.line, row.external_id, row.messages, row.responses, is_pair=True,
                labels=(ImportedLabel("ben", "second"),) * (1 + ROWS_A_STEP),
            )  # fmt: skip
        given.append(compare(empty, bob))

    add_rows(project=empty, rows=more_labels_with_a_verdict_between(), by=admin)

    later = Comparison.objects.filter(project=empty, pk__gt=given[0].pk)
    assert later.count() == 2 * (1 + ROWS_A_STEP)
