"""SIGKILL of the worker and of PostgreSQL under load: nothing acknowledged is lost, nothing happens twice.

Beat cases wait for a timer and then send a message; each has a receiver that waits for it. Clients submit pairs as
fast as they can while worker and postmaster are killed in turn; afterwards a worker finishes what is left.
"""

import itertools
import threading
import time

import psycopg
import pytest

from kreisbund_platform.audit import log
from kreisbund_platform.cases import intake
from kreisbund_platform.database.session import DatabaseUnavailableError
from tests.cases.models import MODELS
from tests.faults.site import REST, Site

CLIENTS, KILLS, BETWEEN_KILLS = 3, 6, 1.2


class Client(threading.Thread):
    """Submits pairs until told to stop; keeps what was acknowledged."""

    def __init__(self, place: Site, number: int, stopping: threading.Event) -> None:
        super().__init__()
        self._place, self._number, self._stopping = place, number, stopping
        self.acknowledged: dict[str, list[str]] = {}

    def run(self) -> None:
        for count in itertools.count():
            if self._stopping.is_set():
                return
            name = f"Paar {self._number}-{count}"
            for slug in ("receiver", "beat"):
                self._submit(name, slug)

    def _submit(self, name: str, slug: str) -> None:
        data = dict(MODELS["receiver"].forms["application"]["example"]) | {"name": name}
        try:
            done = self._place.do(intake.submit, intake.SubmitApplication(slug, data))
        except (DatabaseUnavailableError, psycopg.Error):
            time.sleep(0.1)
            return
        assert isinstance(done, intake.Submitted), done
        self.acknowledged.setdefault(name, []).append(slug)


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(place):
    place.start_worker()
    stopping = threading.Event()
    clients = [Client(place, number, stopping) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for number in range(KILLS):
        time.sleep(BETWEEN_KILLS)
        place.kill(("worker", "postgres")[number % 2])
    stopping.set()
    for client in clients:
        client.join()
    acknowledged = {name: slugs for client in clients for name, slugs in client.acknowledged.items()}
    assert len(acknowledged) > 20, "there was a load"
    assert_finished(place)
    assert_whole(place, acknowledged)


def assert_finished(place: Site) -> None:
    """The worker that is left finishes: no timer due, nothing on its way to somebody who waits."""
    left = (
        "SELECT (SELECT count(*) FROM timer) + (SELECT count(*) FROM job) + (SELECT count(*) FROM outbound_event o"
        " JOIN subscription s ON s.name = o.name AND s.correlation_key = o.correlation_key)"
    )
    place.start_worker()
    end = time.monotonic() + REST
    while place.rows(left) != [(0,)]:
        assert time.monotonic() < end, "the worker does not finish"
        time.sleep(0.3)


def assert_whole(place: Site, acknowledged: dict[str, list[str]]) -> None:
    stored: dict[str, list[tuple[str, str, int]]] = {}
    for name, *facts in place.rows(
        "SELECT c.data->>'name', t.slug, c.status, (SELECT count(*) FROM task k WHERE k.case_id = c.id)"
        " FROM case_record c JOIN shared.process_template t ON t.id = c.template_id"
    ):
        stored.setdefault(name, []).append(tuple(facts))
    for name, slugs in acknowledged.items():
        found = stored[name]
        receivers, beats = ([each for each in found if each[0] == slug] for slug in ("receiver", "beat"))
        assert len(receivers) >= slugs.count("receiver"), "an acknowledged application is there"
        assert len(beats) >= slugs.count("beat")
        assert {status for _, status, _ in beats} <= {"CLOSED"}, "its timer fired and its message was sent"
        assert sum(tasks for _, _, tasks in receivers) == min(len(beats), len(receivers)), "one message, one task"
    numbers = [int(row[0][-6:]) for row in place.rows("SELECT case_number FROM case_record ORDER BY 1")]
    assert numbers == list(range(1, len(numbers) + 1)), "no gap, no duplicate"
    assert place.do(log.verify) is None
    fired = place.rows("SELECT count(*) FROM event WHERE type = 'TIMER_FIRED' GROUP BY case_id HAVING count(*) > 1")
    assert fired == []
