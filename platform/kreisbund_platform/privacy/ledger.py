"""The ledger of erasures: written with each one, copied outside of the database, replayed by every restore.

A restore of a county: read the ledger (`stored_ledger`, and `read_ledger` where the old schema still answers), put the
rows back, then `replay_erasures` before anybody is let in. Entries name a case's id or an account's subject.
"""

import contextlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.audit.stores import CheckpointExistsError, CheckpointStore, store_of
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.privacy import erasing
from kreisbund_platform.privacy.models import Erasure
from kreisbund_platform.settings import Settings

Rows = Connection[Any]
COLUMNS = "number, id, at, kind, target, ground, ordered_by"
MOST_A_FILE = 5_000


@dataclass(frozen=True)
class Replayed:
    """What a replay erased again: rows that a backup had brought back."""

    cases: int
    accounts: int


def enter_cases(work: WorkContext, cases: Sequence[tuple[UUID, int]], ground: str, ordered_by: str | None) -> UUID:
    """Enters erased cases (id and version) into log and ledger; answers the last entry's id.

    The log comes first: whoever holds its head enters alone, so that numbers are committed in their order.
    """
    body = {"ground": ground}
    log.append_many(work, type="CASE_ERASED", cases=cases, bodies=[body] * len(cases))
    return _enter(work, "CASE", [str(case) for case, _version in cases], ground, ordered_by)


def enter_account(work: WorkContext, account: str) -> UUID:
    """Enters an account whose data were erased at its holder's request."""
    log.append(work, type="ACCOUNT_ERASED", case_id=None, case_version=None, body={"ground": "REQUEST"})
    return _enter(work, "ACCOUNT", [account], "REQUEST", work.principal.subject)


def _enter(work: WorkContext, kind: str, targets: list[str], ground: str, ordered_by: str | None) -> UUID:
    now = work.clock.now()
    made = [ids.new_id(ids.Kind.ERASURE, now) for _target in targets]
    work.connection.execute(
        f"INSERT INTO erasure ({COLUMNS}) SELECT e.last + x.n, x.id, %s, %s, x.target, %s, %s"
        " FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY x(id, target, n),"
        " (SELECT coalesce(max(number), 0) AS last FROM erasure) e",
        (now, kind, ground, ordered_by, made, targets),
    )
    return made[-1]


def read_ledger(connection: Rows, after: int = 0, most: int | None = None) -> list[Erasure]:
    """The entries behind a number, in their order."""
    with connection.cursor(row_factory=class_row(Erasure)) as cursor:
        statement = f"SELECT {COLUMNS} FROM erasure WHERE number > %s ORDER BY number LIMIT %s"
        return cursor.execute(statement, (after, most)).fetchall()


def newest(connection: Rows) -> int:
    """The last entry's number; 0 for an empty ledger."""
    row = connection.execute("SELECT coalesce(max(number), 0) FROM erasure").fetchone()
    assert row is not None
    return int(row[0])


def replay_erasures(connection: Rows, ledger: Iterable[Erasure]) -> Replayed:
    """Erases again what the ledger says, and completes the ledger itself. Twice is as good as once.

    `connection`: the restored county's, its schema first in the search_path, within the restore's own transaction.
    Files that nothing uses any more are noted for the worker (`erased_file`).
    """
    cases = accounts = 0
    for entry in ledger:
        if entry.kind == "CASE":
            there = connection.execute("SELECT FROM case_record WHERE id = %s", (entry.target,)).rowcount
            erasing.delete_cases(connection, [UUID(entry.target)], entry.at)
            cases += there
        else:
            erasing.delete_account(connection, entry.target, entry.at)
            accounts += 1
        connection.execute(
            f"INSERT INTO erasure ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (entry.number, entry.id, entry.at, entry.kind, entry.target, entry.ground, entry.ordered_by),
        )
    return Replayed(cases, accounts)


def outside(settings: Settings) -> CheckpointStore:
    """Where copies of the ledger lie: beside the checkpoints of the event log, outside of the database."""
    return store_of(settings, "erasures")


def copy_out(work: WorkContext, store: CheckpointStore) -> None:
    """Writes entries that are not outside yet, each file named by its last one. Raises CheckpointStoreError."""
    written = (store.numbers(work.tenant.id) or [0])[-1]
    while entries := read_ledger(work.connection, written, MOST_A_FILE):
        content = json.dumps([entry.model_dump(mode="json") for entry in entries]).encode()
        written = entries[-1].number
        # another worker's file of this name holds the same entries
        with contextlib.suppress(CheckpointExistsError):
            store.put(work.tenant.id, written, content)


def stored_ledger(store: CheckpointStore, county: UUID) -> list[Erasure]:
    """All entries that lie outside, in their order. Raises CheckpointStoreError."""
    files = [store.get(county, number) or b"[]" for number in store.numbers(county)]
    return [_entry(each) for content in files for each in json.loads(content)]


def _entry(values: dict[str, Any]) -> Erasure:
    return Erasure(**{**values, "id": UUID(values["id"]), "at": datetime.fromisoformat(values["at"])})
