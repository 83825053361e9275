"""Checkpoints are written when due, by one worker, and what they seal is checked round after round."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from kreisbund_api.worker import Worker
from kreisbund_platform.audit import log, queries, sealing
from kreisbund_platform.audit.findings import Change
from kreisbund_platform.audit.sealing import EVERY, EVERY_EVENTS, Sealer
from kreisbund_platform.audit.stores import CheckpointExistsError, FolderStore, store_of
from kreisbund_platform.audit.verifying import verify
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, new_id
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, START, deployed, principal_of, settings_for


class Office:
    """A county with an empty log of its own."""

    def __init__(self, here, tenant, store):
        self.here, self.tenant, self.store, self.clock = here, tenant, store, ManualClock(START)

    @contextmanager
    def work(self) -> Iterator[WorkContext]:
        with self.here.connections.for_tenant(self.tenant) as connection, connection.transaction():
            yield WorkContext(
                connection, self.tenant, principal_of(self.tenant, "caseworker"), self.clock, self.here.settings
            )

    def write(self, count):
        with self.work() as work:
            case = new_id(Kind.CASE_RECORD, self.clock.now())
            log.append_many(work, type="COPIED", cases=[(case, n) for n in range(count)], bodies=[{}] * count)

    def seal(self, **more):
        with self.work() as work:
            return Sealer(work, self.store).seal(**more)

    def check(self):
        with self.work() as work:
            return Sealer(work, self.store).check()

    def watch(self):
        with self.work() as work:
            return queries.watch(work.connection)

    def report(self):
        with self.here.connections.for_tenant(self.tenant) as connection:
            return verify(connection, self.here.settings, self.store, self.tenant)

    def later(self, span):
        self.clock.set(self.clock.now() + span)


@pytest.fixture
def here(tmp_path):
    with fresh_database() as url, deployed(settings_for(url, tmp_path), COUNTY, OTHER_COUNTY) as made:
        yield made


@pytest.fixture
def office(here):
    return Office(here, here.registry.by_slug(COUNTY), store_of(here.settings))


def test_due_after_many_events_or_after_a_while_and_never_without_events(office):
    start = office.report().events
    assert start == 0
    assert not office.seal(now_or_never=True)
    office.write(3)
    assert office.seal(), "the first events are sealed at once"
    office.write(EVERY_EVENTS - 1)
    assert not office.seal()
    office.write(1)
    assert office.seal()
    office.write(1)
    assert not office.seal()
    office.later(EVERY)
    assert office.seal()
    office.later(EVERY * 9)
    assert not office.seal(now_or_never=True)
    report = office.report()
    assert (report.checkpoints, report.sealed_events, report.finding) == (3, EVERY_EVENTS + 4, None)


def test_a_long_log_is_sealed_in_pieces_and_checked_in_pieces(office, monkeypatch):
    monkeypatch.setattr(sealing, "MOST_EVENTS", 40)
    office.write(100)
    assert [office.seal(now_or_never=True) for _ in range(4)] == [True, True, True, False]
    assert [(office.check(), office.watch().checked_number) for _ in range(4)] == [
        (None, 1), (None, 2), (None, 3), (None, 1)]  # fmt: skip
    assert office.report().sealed_events == 100


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("UPDATE event SET actor = 'x' WHERE seq = 7", Change.ALTERED_ROW),
        ("DELETE FROM event WHERE seq = 12", Change.DELETED_ROW),
    ],
)
def test_the_check_that_goes_on_finds_a_change_and_remembers_it(office, change, kind):
    office.write(12)
    office.seal()
    with office.here.database.owner() as owner:
        owner.execute(f"SET search_path TO {office.tenant.schema_name}")
        owner.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        owner.execute(change)
    found = office.check()
    assert (found.change, found.seq) == (kind, 7 if kind is Change.ALTERED_ROW else 12)
    assert office.watch().finding == f"{found.change} {found.seq}"


def test_nothing_is_signed_that_does_not_follow(office):
    office.write(5)
    with office.here.database.owner() as owner:
        owner.execute(f"SET search_path TO {office.tenant.schema_name}")
        owner.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        owner.execute("UPDATE event SET type = 'OTHER' WHERE seq = 3")
    assert not office.seal(now_or_never=True)
    assert office.store.numbers(office.tenant.id) == []
    assert office.watch().finding == "ALTERED_ROW 3"


def test_a_lost_checkpoint_stops_the_sealing_and_is_told(office):
    office.write(2)
    assert office.seal()
    next(office.store._root.rglob("*.json")).unlink()
    office.write(2)
    assert not office.seal(now_or_never=True)
    assert office.watch().finding == "CHECKPOINT_MISSING 1"


def test_a_worker_killed_between_store_and_database_leaves_nothing_to_mend(office):
    office.write(4)
    with office.here.connections.for_tenant(office.tenant) as connection:
        with connection.transaction(force_rollback=True):
            person = principal_of(office.tenant, "caseworker")
            work = WorkContext(connection, office.tenant, person, office.clock, office.here.settings)
            assert Sealer(work, office.store).seal()
    assert office.watch().number == 0
    assert office.store.numbers(office.tenant.id) == [1]
    assert office.report().finding is None
    office.write(2)
    assert office.seal(now_or_never=True)
    assert office.seal(now_or_never=True)
    report = office.report()
    assert (report.checkpoints, report.sealed_events, report.finding) == (2, 6, None)


def test_a_folder_takes_each_number_once(tmp_path, county):
    store = FolderStore(tmp_path)
    store.put(county.id, 1, b"one")
    with pytest.raises(CheckpointExistsError):
        store.put(county.id, 1, b"two")
    assert (store.get(county.id, 1), store.get(county.id, 2), store.numbers(county.id)) == (b"one", None, [1])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["000000000001.json"]


def test_the_worker_seals_in_its_rounds_and_before_it_ends(office):
    worker = Worker(office.here.settings, office.here.connections, office.here.registry, office.clock)
    office.write(3)
    worker.serve_all()
    assert office.watch().seq == 3
    office.write(2)
    worker.serve_all()
    assert office.watch().seq == 3, "not due yet"
    office.later(timedelta(seconds=11))
    worker.serve_all()
    assert (office.watch().seq, office.watch().checked_number) == (3, 1)
    worker.stopping.set()
    worker.run()
    assert office.watch().seq == 5
    assert office.report().finding is None
