"""A compiled query gives what the ORM gives, on both databases, for values that it has not seen before."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.compiled import Update, compiled, compiled_update
from annotate.models import Assignment, Pair, Project, User
from tests.factories import lease, make_pair, make_project

pytestmark = pytest.mark.django_db

built: list[bool] = []


@compiled
def in_order(project: int, place: int, descending: bool) -> QuerySet[Pair]:
    built.append(descending)
    pairs = Pair.objects.filter(project=project, shuffle__gte=place).select_related("prompt", "first")
    return pairs.annotate(now=Now(), doubled=F("shuffle") * 2).order_by("-shuffle" if descending else "shuffle")


@compiled
def lent(public_id: UUID, to: str, before: datetime) -> QuerySet[Assignment]:
    return Assignment.objects.filter(public_id=public_id, annotator__username=to, leased_at__lt=before)


@compiled_update
def move(pair: int, by: int) -> Update:
    return Pair.objects.filter(pk=pair), {"slots_taken": F("slots_taken") + by, "external_id": "moved"}


def test_rows_are_instances_with_their_relations_and_annotations(project: Project) -> None:
    in_order(project.pk, 0, descending=False)

    with CaptureQueriesContext(connection) as queries:
        rows = in_order(project.pk, 2, descending=False)
        read = [(row.pk, row.prompt.messages, row.first.text, row.doubled) for row in rows]  # type: ignore[attr-defined]

    expected = Pair.objects.filter(project=project, shuffle__gte=2).order_by("shuffle")
    assert len(queries) == 1
    assert read == [(row.pk, row.prompt.messages, row.first.text, 2 * row.shuffle) for row in expected]
    assert abs(rows[0].now - timezone.now()) < timedelta(minutes=1)  # type: ignore[attr-defined]
    assert not rows[0]._state.adding


def test_each_choice_is_a_query_of_its_own_and_is_built_once(project: Project) -> None:
    built.clear()

    upwards = [[row.shuffle for row in in_order(project.pk, place, descending=False)] for place in (0, 3)]
    downwards = [[row.shuffle for row in in_order(project.pk, place, descending=True)] for place in (0, 3)]

    assert upwards == [[0, 1, 2, 3, 4], [3, 4]]
    assert downwards == [[4, 3, 2, 1, 0], [4, 3]]
    assert len(built) <= 2


def test_values_of_every_type_are_bound_as_the_database_wants_them(project: Project, bob: User) -> None:
    assignment = lease(project, bob)
    tomorrow = timezone.now() + timedelta(days=1)

    assert lent(assignment.public_id, "bob", tomorrow) == [assignment]
    assert lent(assignment.public_id, "bob", tomorrow - timedelta(days=2)) == []
    assert lent(assignment.public_id, "bob'; --", tomorrow) == []
    assert lent(uuid4(), "bob", tomorrow) == []


def test_an_update_says_how_many_rows_it_changed(db: None) -> None:
    project = make_project(overlap=3)
    pair, other = make_pair(project, 1), make_pair(project, 2)

    changed = move(pair.pk, by=2), move(-1, by=2)

    pair.refresh_from_db()
    other.refresh_from_db()
    assert changed == (1, 0)
    assert (pair.slots_taken, pair.external_id, other.slots_taken) == (2, "moved", 0)


def test_a_constraint_that_refuses_an_update_spoils_the_transaction_around_it(project: Project) -> None:
    pair = project.pairs.all()[0]

    with pytest.raises(IntegrityError), transaction.atomic():
        move(pair.pk, by=-1)

    assert Pair.objects.filter(pk=pair.pk, slots_taken=0).exists()


def test_what_is_compiled_is_what_the_orm_writes(project: Project) -> None:
    wanted = Pair.objects.filter(Q(shuffle__gte=1), project=project).order_by("-shuffle")

    assert in_order(project.pk, 1, descending=True) == list(wanted)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_between_two_requests_is_opened_anew() -> None:
    project = make_project()
    pair = make_pair(project)

    connection.close_if_unusable_or_obsolete()  # as at the end of a request
    if connection.vendor == "postgresql":
        _end_the_servers_side()

    assert in_order(project.pk, 0, descending=False) == [pair]


def _end_the_servers_side() -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
        assert cursor.fetchone() == (True,)
    other.close()
