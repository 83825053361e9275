"""Every change to a log is found, named and told apart: flipped bytes, rows gone, put in, swapped, re-hashed."""

import os
import random
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from kreisbund_platform import ids
from kreisbund_platform.audit import log, queries, sealing
from kreisbund_platform.audit.findings import Change
from kreisbund_platform.audit.stores import FolderStore
from kreisbund_platform.audit.verifying import read_checkpoints, walk
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.context import WorkContext
from tests.support.database import fresh_database
from tests.support.fixtures import COUNTY, OTHER_COUNTY, START, deployed, principal_of, settings_for

EVENTS, EACH = 60, 20  # sealed in three checkpoints, with some more events behind them
SEED = int(os.environ.get("KREISBUND_AUDIT_SEED") or random.SystemRandom().randrange(2**32))
ROWS = int(os.environ.get("KREISBUND_AUDIT_ROWS", "3"))
COLUMNS = ["seq", "id", "case_id", "case_version", "at", "type", "actor", "task_id", "body", "hash"]
CALL = "code.digest_of_event(%(previous)s, seq, id, case_id, case_version, at, type, actor, task_id, body::text)"


@dataclass
class Log:
    """A county's log, open to its database's owner, who has switched the triggers off."""

    owner: object
    deployment: object
    tenant: object
    store: FolderStore
    clock: ManualClock

    def finding(self):
        return self.report().finding

    def report(self, settings=None):
        written = queries.watch(self.owner).number
        sealed = read_checkpoints(self.store, settings or self.deployment.settings, self.tenant.id, written)
        return walk(self.owner, sealed, self.tenant)

    def run(self, sql, *values):
        return self.owner.execute(sql, values)

    def row(self, seq):
        return self.run("SELECT * FROM event WHERE seq = %s", seq).fetchone()

    def id_of(self, seq):
        return str(self.run("SELECT id FROM event WHERE seq = %s", seq).fetchone()[0])

    def rehash(self, first, last):
        """What somebody does who knows how: a correct chain from a row on, the head too."""
        previous = self.run("SELECT hash FROM event WHERE seq = %s", first - 1).fetchone()[0]
        for seq in range(first, last + 1):
            made = self.owner.execute(
                f"UPDATE event SET hash = {CALL} WHERE seq = %(seq)s RETURNING hash", {"previous": previous, "seq": seq}
            ).fetchone()
            previous = made[0]
        self.run("UPDATE chain_head SET seq = %s, hash = %s", last, previous)


def write(here, tenant, clock, count):
    with here.connections.for_tenant(tenant) as connection, connection.transaction():
        for number in range(count):
            clock.set(clock.now() + timedelta(seconds=7, microseconds=number * 13))
            work = WorkContext(connection, tenant, principal_of(tenant, "caseworker"), clock, here.settings)
            case = ids.new_id(ids.Kind.CASE_RECORD, clock.now())
            task = ids.new_id(ids.Kind.TASK, clock.now()) if number % 3 else None
            kind = ("SUBMITTED", "TASK_COMPLETED", "DECIDED")[number % 3]
            body = {"element": f"prüfen_{number}", "n": number}
            log.append(work, type=kind, case_id=case, case_version=number + 1, task_id=task, body=body)


def seal(here, tenant, clock, store, **more):
    with here.connections.for_tenant(tenant) as connection, connection.transaction():
        work = WorkContext(connection, tenant, principal_of(tenant, "caseworker"), clock, here.settings)
        return sealing.Sealer(work, store).seal(**more)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A deployment of its own: the changes to its log are rolled back, its files are not shared."""
    with fresh_database() as url:
        home = tmp_path_factory.mktemp("audit")
        with deployed(settings_for(url, home), COUNTY, OTHER_COUNTY) as here:
            clock = ManualClock(START)
            tenant = here.registry.by_slug(COUNTY)
            store = FolderStore(home / "checkpoints")
            for _checkpoint in range(EVENTS // EACH):
                write(here, tenant, clock, EACH)
                assert seal(here, tenant, clock, store, now_or_never=True)
            write(here, tenant, clock, 5)
            yield here, tenant, store, clock


@pytest.fixture
def kept(place):
    """The log as its owner can get at it; whatever a test does is undone. JSON is opened to any text."""
    here, tenant, store, clock = place
    with here.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute(f"SET LOCAL search_path TO {tenant.schema_name}")
        owner.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        owner.execute("ALTER TABLE event ALTER body TYPE text USING body::text")
        yield Log(owner, here, tenant, store, clock)


@pytest.fixture(autouse=True)
def _seed(request):
    print(f"seed {SEED}: KREISBUND_AUDIT_SEED={SEED}")


def test_an_untouched_log_is_whole(kept):
    report = kept.report()
    assert (report.events, report.checkpoints, report.sealed_events) == (EVENTS + 5, 3, EVENTS)
    assert report.finding is None


def flips(row, randomness):
    """Each byte of each column of a row, changed: (column, new value as SQL takes it)."""
    for column, value in zip(COLUMNS, row, strict=True):
        if value is None:
            continue
        if column == "seq":
            stored = value.to_bytes(8, "big", signed=True)
        elif column in ("id", "case_id", "task_id"):
            stored = value.bytes
        elif column == "case_version":
            stored = value.to_bytes(4, "big", signed=True)
        elif column == "at":
            since = value - value.replace(year=2000, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
            stored = (since // timedelta(microseconds=1)).to_bytes(8, "big", signed=True)
        else:
            stored = value if column == "hash" else value.encode()
        for number in range(len(stored)):
            # text stays text: one of seven bits of an ASCII byte, the lowest of another
            high = 6 if column == "at" and number == 0 else 7
            bit = 1 if stored[number] > 127 else 1 << randomness.randrange(high)
            if column in ("type", "actor", "body") and stored[number] == bit:
                bit = 1 if stored[number] != 1 else 2
            yield column, stored[:number] + bytes((stored[number] ^ bit,)) + stored[number + 1 :]


def store_flip(kept, seq, column, stored):
    if column == "at":
        text = f"{int.from_bytes(stored, 'big', signed=True)} microseconds"
        kept.run("UPDATE event SET at = timestamptz '2000-01-01 00:00:00+00' + %s::interval WHERE seq = %s", text, seq)
        return
    value = {
        "seq": lambda: int.from_bytes(stored, "big", signed=True),
        "case_version": lambda: int.from_bytes(stored, "big", signed=True),
        "hash": lambda: stored,
    }.get(column, lambda: UUID(bytes=stored) if column.endswith("id") else stored.decode())()
    kept.run(f"UPDATE event SET {column} = %s WHERE seq = %s", value, seq)


def test_each_flipped_byte_of_a_row_is_found_with_its_row_and_column(kept):
    randomness = random.Random(SEED)
    some = {1, EVENTS, EVENTS + 5, *randomness.sample(range(2, EVENTS), max(ROWS - 3, 1))}
    tried = 0
    for seq in sorted(some):
        row = kept.row(seq)
        for column, stored in flips(row, randomness):
            wanted = str(UUID(bytes=stored)) if column == "id" else str(row[1])
            if column == "seq" and int.from_bytes(stored, "big", signed=True) in range(1, EVENTS + 6):
                continue  # another row has this number
            with kept.owner.transaction(force_rollback=True):
                store_flip(kept, seq, column, stored)
                found = kept.finding()
            tried += 1
            where = (seq, column, stored, found)
            assert found is not None, where
            assert (found.change, found.seq, found.event_id, found.column) == (
                Change.ALTERED_ROW, seq, wanted, column), where  # fmt: skip
    assert tried > 150 * len(some)
    print(f"{tried} flips")


@pytest.mark.parametrize("seq", [1, 2, 33, EVENTS, EVENTS + 3])
def test_a_deleted_row_is_named(kept, seq):
    kept.run("DELETE FROM event WHERE seq = %s", seq)
    found = kept.finding()
    assert (found.change, found.seq, found.other_seq) == (Change.DELETED_ROW, seq, seq)


@pytest.mark.parametrize(("first", "count"), [(2, 1), (30, 7), (EVENTS - 2, 4), (EVENTS + 2, 1)])
def test_deleted_rows_whose_followers_were_renumbered_are_named(kept, first, count):
    kept.run("DELETE FROM event WHERE seq BETWEEN %s AND %s", first, first + count - 1)
    kept.run("UPDATE event SET seq = -seq WHERE seq > %s", first)
    kept.run("UPDATE event SET seq = -seq - %s WHERE seq < 0", count)
    found = kept.finding()
    assert (found.change, found.seq, found.other_seq) == (Change.DELETED_ROW, first, first + count - 1)


def swap(kept, one, other, columns):
    rows = {seq: kept.run(f"SELECT {columns} FROM event WHERE seq = %s", seq).fetchone() for seq in (one, other)}
    names = columns.split(", ")
    free = ", ".join(f"{name} = %s" for name in names)
    if "id" in names:
        kept.run("UPDATE event SET id = gen_random_uuid() WHERE seq = %s", one)
    kept.run(f"UPDATE event SET {free} WHERE seq = %s", *rows[one], other)
    kept.run(f"UPDATE event SET {free} WHERE seq = %s", *rows[other], one)


@pytest.mark.parametrize("columns", [", ".join(COLUMNS[1:]), ", ".join(COLUMNS[1:-1])])
@pytest.mark.parametrize(("one", "other"), [(1, 2), (12, 13), (9, 44), (EVENTS, EVENTS + 5), (EVENTS + 4, EVENTS + 5)])
def test_swapped_rows_are_named_with_or_without_their_hashes(kept, one, other, columns):
    swap(kept, one, other, columns)
    found = kept.finding()
    assert (found.change, found.seq, found.other_seq) == (Change.SWAPPED_ROWS, one, other)
    assert found.event_id == kept.id_of(one)


@pytest.mark.parametrize("seq", [1, 2, 25, EVENTS + 2, EVENTS + 5])
def test_an_inserted_row_is_named(kept, seq):
    kept.run("UPDATE event SET seq = -seq WHERE seq >= %s", seq)
    kept.run("UPDATE event SET seq = -seq + 1 WHERE seq < 0")
    kept.run("INSERT INTO event SELECT %s, gen_random_uuid(), case_id, case_version, at, type, actor, task_id, body,"
             " sha256('invented') FROM event WHERE seq = %s", seq, seq + 1)  # fmt: skip
    found = kept.finding()
    assert (found.change, found.seq, found.event_id) == (Change.INSERTED_ROW, seq, kept.id_of(seq))


@pytest.mark.parametrize("chained", [False, True])
def test_a_row_put_behind_the_last_is_named(kept, chained):
    last = EVENTS + 5
    kept.run("INSERT INTO event SELECT seq + 1, gen_random_uuid(), case_id, case_version, at, type, actor, task_id,"
             " body, sha256('invented') FROM event WHERE seq = %s", last)  # fmt: skip
    if chained:
        head = kept.run("SELECT hash FROM event WHERE seq = %s", last).fetchone()[0]
        kept.owner.execute(f"UPDATE event SET hash = {CALL} WHERE seq = %(seq)s", {"previous": head, "seq": last + 1})
    found = kept.finding()
    assert (found.change, found.seq, found.event_id) == (Change.INSERTED_ROW, last + 1, kept.id_of(last + 1))


@pytest.mark.parametrize("left", [0, 1, 20, EVENTS - 1, EVENTS + 2])
@pytest.mark.parametrize("head_too", [False, True])
def test_a_cut_tail_is_named(kept, left, head_too):
    head_too = head_too and left < EVENTS  # behind the last checkpoint: the next test
    kept.run("DELETE FROM event WHERE seq > %s", left)
    if head_too:
        kept.run("UPDATE chain_head SET seq = %s, hash = coalesce((SELECT hash FROM event WHERE seq = %s),"
                 " sha256('kreisbund'))", left, left)  # fmt: skip
    found = kept.finding()
    assert (found.change, found.seq) == (Change.TAIL_CUT, left + 1)


def test_what_no_checkpoint_covers_yet_can_be_cut_with_its_head(kept):
    """The promise begins with the checkpoint: this says how far it does not reach."""
    kept.run("DELETE FROM event WHERE seq > %s", EVENTS + 2)
    kept.run("UPDATE chain_head SET seq = %s, hash = (SELECT hash FROM event WHERE seq = %s)", EVENTS + 2, EVENTS + 2)
    assert kept.finding() is None


def test_a_log_rehashed_with_a_correct_chain_is_named_at_the_row_where_it_begins(kept):
    randomness = random.Random(SEED + 1)
    for first in (2, *randomness.sample(range(3, EVENTS), 5), EVENTS):
        with kept.owner.transaction(force_rollback=True):
            kept.run("UPDATE event SET actor = 'somebody else' WHERE seq = %s", first)
            kept.rehash(first, EVENTS + 5)
            found = kept.finding()
            assert (found.change, found.seq, found.event_id) == (Change.REHASHED, first, kept.id_of(first))


@pytest.mark.parametrize("column", ["seq = seq + 1", "seq = seq - 3", "hash = sha256('else')"])
def test_an_altered_head_is_told_apart(kept, column):
    kept.run(f"UPDATE chain_head SET {column}")
    found = kept.finding()
    assert (found.change, found.seq) == (Change.HEAD_ALTERED, EVENTS + 5)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "nordhausen-citizen"),
        ("type", "DECIDED"),
        ("task_id", UUID(int=5)),
        ("case_version", 4711),
        ("at", START - timedelta(days=9)),
    ],
)
def test_a_changed_value_is_named_even_where_more_than_a_byte_changed(kept, column, value):
    kept.run(f"UPDATE event SET {column} = %s WHERE seq = 21", value)
    found = kept.finding()
    assert (found.change, found.seq, found.column) == (Change.ALTERED_ROW, 21, column)


def copied(store, folder):
    twin = FolderStore(folder)
    for source in store._root.rglob("*.json"):
        target = folder / source.relative_to(store._root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    return twin


def paths(store):
    return sorted(store._root.rglob("*.json"))


def test_each_altered_byte_of_a_checkpoint_is_found(kept, tmp_path):
    twin = replace(kept, store=copied(kept.store, tmp_path))
    path = paths(twin.store)[1]
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
        found = twin.finding()
        assert (found.change, found.seq) == (Change.CHECKPOINT_ALTERED, 2), place
    path.write_bytes(whole)
    assert twin.finding() is None


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_missing_checkpoint_is_named_the_last_one_too(kept, tmp_path, number):
    twin = replace(kept, store=copied(kept.store, tmp_path))
    paths(twin.store)[number - 1].unlink()
    found = twin.finding()
    assert (found.change, found.seq) == (Change.CHECKPOINT_MISSING, number)


def test_a_checkpoint_in_another_ones_place_is_found(kept, tmp_path):
    twin = replace(kept, store=copied(kept.store, tmp_path))
    first, second, _third = paths(twin.store)
    second.write_bytes(first.read_bytes())
    assert twin.finding().change is Change.CHECKPOINT_ALTERED


def test_another_deployments_signature_does_not_count(kept):
    other = replace(kept.deployment.settings, wrapping_key=b"x" * 32)
    found = kept.report(other).finding
    assert (found.change, found.seq) == (Change.CHECKPOINT_ALTERED, 1)
