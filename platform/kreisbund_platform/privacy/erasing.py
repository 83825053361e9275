"""What erasing does in the tables: rows deleted, keys destroyed, files noted for removal. Knows no rule and no right.

The current tables hold clear data and lose their rows; what is sealed loses its key; the event log holds ids and codes
only and stays whole. `connection` sees the county's schema; nothing else is needed, so that a restore can use it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.privacy.keys import account_holder, case_holder

Rows = Connection[Any]
FORGET_FILES = (
    "INSERT INTO erased_file (storage_key, erased_at) SELECT DISTINCT storage_key, %(now)s::timestamptz FROM ("
    " SELECT storage_key FROM document WHERE case_id = ANY(%(cases)s::uuid[]) UNION ALL"
    " SELECT storage_key FROM upload WHERE claimed_by_case = ANY(%(cases)s::uuid[])"
    " OR (subject = %(account)s AND claimed_by_case IS NULL)) f WHERE storage_key <> '' ON CONFLICT DO NOTHING"
)
UNUSED_FILES = (
    "DELETE FROM erased_file e WHERE storage_key IN (SELECT storage_key FROM erased_file ORDER BY erased_at LIMIT %s)"
    " RETURNING storage_key, NOT EXISTS (SELECT FROM document d WHERE d.storage_key = e.storage_key)"
    " AND NOT EXISTS (SELECT FROM upload u WHERE u.storage_key = e.storage_key)"
)


def delete_cases(connection: Rows, cases: Sequence[UUID], now: datetime) -> None:
    """Deletes cases with all that hangs on them, and the answers and keys that tell of them."""
    connection.execute(FORGET_FILES, {"cases": list(cases), "account": None, "now": now})
    _destroy(connection, [case_holder(case) for case in cases])
    # deliveries name parties and decisions name documents without a cascade, so they go first
    connection.execute("DELETE FROM decision WHERE case_id = ANY(%s)", (list(cases),))
    connection.execute("DELETE FROM case_record WHERE id = ANY(%s)", (list(cases),))


def delete_account(connection: Rows, account: str, now: datetime) -> None:
    """Deletes what an account left beside its cases: uploads that no case took, answers, its key."""
    connection.execute(FORGET_FILES, {"cases": [], "account": account, "now": now})
    connection.execute("DELETE FROM upload WHERE subject = %s AND claimed_by_case IS NULL", (account,))
    connection.execute("DELETE FROM idempotency WHERE subject = %s", (account,))
    _destroy(connection, [account_holder(account)])


def _destroy(connection: Rows, holders: list[str]) -> None:
    connection.execute("DELETE FROM subject_key WHERE holder = ANY(%s)", (holders,))
    connection.execute("DELETE FROM idempotency WHERE holders && %s::text[]", (holders,))


def take_unused_files(connection: Rows, most: int) -> tuple[int, list[str]]:
    """Takes noted files off the list; answers how many, and the keys of those that nothing uses any more."""
    rows = connection.execute(UNUSED_FILES, (most,)).fetchall()
    return len(rows), [key for key, unused in rows if unused]


def destroy_idle_keys(connection: Rows, before: datetime) -> int:
    """Destroys keys older than this under which no answer lies any more; answers how many."""
    return connection.execute(
        "DELETE FROM subject_key k WHERE created_at < %s AND NOT EXISTS"
        " (SELECT FROM (SELECT unnest(holders) AS holder FROM idempotency) used WHERE used.holder = k.holder)",
        (before,),
    ).rowcount
