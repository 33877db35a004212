"""Writers wait for each other, and none is left holding its place: SQLite by our backend, PostgreSQL by itself."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from annotate.models import Project
from tests.factories import make_project

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(work: object) -> object:
    def run() -> object:
        try:
            return work()  # type: ignore[operator]
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def rename(name: str) -> None:
    with transaction.atomic():
        Project.objects.update(name=name)


def test_a_writer_waits_until_the_one_before_has_committed() -> None:
    make_project()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Project.objects.update(name="first")
            later = pool.submit(lambda: (rename("second"), connection.close()))
        later.result(timeout=30)

    assert Project.objects.get().name == "second"


@pytest.mark.parametrize("ending", ["rollback", "close"])
def test_a_transaction_that_does_not_commit_leaves_the_line(ending: str) -> None:
    make_project()

    def broken() -> None:
        with transaction.atomic():
            Project.objects.update(name="lost")
            connection.close() if ending == "close" else transaction.set_rollback(True)

    in_a_thread(broken)
    in_a_thread(lambda: rename("kept"))

    assert Project.objects.get().name == "kept"


def test_a_line_that_does_not_move_ends_in_an_error_that_says_so() -> None:
    make_project()
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Project.objects.update(name="held")
            entered.set()
            leave.wait(30)
        connection.close()

    def impatient() -> None:
        if connection.vendor == "sqlite":  # PostgreSQL gives up after its lock_timeout
            own = connection.settings_dict  # shared by all threads: this thread gets one of its own
            connection.settings_dict = own | {"OPTIONS": own["OPTIONS"] | {"timeout": 0.05}}
        rename("never")

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        entered.wait(30)
        with pytest.raises(OperationalError, match="lock"):
            in_a_thread(impatient)
        leave.set()
        holding.result()
