"""PostgreSQL crashes and comes back while texts are embedded: nobody needs to be told."""

import time

import pytest

from tests.faults.installation import RECOVERY_SECONDS, Installation
from tests.faults.postgresql import Server
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

BEATS_MISSED_SECONDS = 4.0  # the trainer beats every three


def test_work_goes_on_after_the_database_was_away(postgresql_installation: Installation) -> None:
    server = Server(postgresql_installation.database.address)
    subject = postgresql_installation.add_project("interrupted", n_pairs=260)
    wait_until(lambda: subject.newest_run("embed").get("done", 0) > 0, seconds=RECOVERY_SECONDS, what="a chunk")
    stored = subject.judge().json["id"]

    server.crash()
    time.sleep(BEATS_MISSED_SECONDS)
    server.start()

    for process in ("ticker", "trainer"):
        postgresql_installation.wait_for_pulse(process)
    subject.catch_up()
    assert subject.rows("SELECT 1 FROM annotate_comparison WHERE project_id = ? AND public_id = ?", stored) == [(1,)]
    assert subject.newest_run("embed")["state"] == "done"
