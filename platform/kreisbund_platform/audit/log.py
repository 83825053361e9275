"""Appends to the county's hash-chained event log.

An event holds ids and codes only, so that it can stand for ever; the database chains it (`chain_event`).
The chain's head is the county's one contended row: append as the last write of a transaction.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform import ids
from kreisbund_platform.audit import queries
from kreisbund_platform.audit.models import AuditWatch
from kreisbund_platform.identity.context import WorkContext

Code = str | int | bool | None | list[str]


def append(
    work: WorkContext,
    *,
    type: str,
    case_id: UUID | None,
    case_version: int | None,
    task_id: UUID | None = None,
    body: Mapping[str, Code] | None = None,
) -> UUID:
    """Writes one event and answers its id. `body`: codes and ids, no personal data."""
    now = work.clock.now()
    event_id = ids.new_id(ids.Kind.EVENT, now)
    text = _text(body or {})
    actor = work.principal.subject if work.principal else None
    work.connection.execute(
        "SELECT code.chain_event(%s::uuid, %s::uuid, %s::integer, %s::timestamptz, %s, %s, %s::uuid, %s)",
        (event_id, case_id, case_version, now, type, actor, task_id, text),
    )
    return event_id


def append_many(
    work: WorkContext, *, type: str, cases: Sequence[tuple[UUID, int]], bodies: Sequence[Mapping[str, Code]]
) -> None:
    """Writes one event of a type for each case (id and version), `bodies` side by side, in one statement."""
    now = work.clock.now()
    places: dict[str, int] = {}
    of_body: dict[int, int] = {}
    for body in bodies:
        if id(body) not in of_body:
            of_body[id(body)] = places.setdefault(_text(body), len(places) + 1)
    work.connection.execute(
        "SELECT code.chain_events(%s::uuid[], %s::uuid[], %s::integer[], %s::timestamptz, %s, %s, %s::text[],"
        " %s::integer[])",
        (
            [ids.new_id(ids.Kind.EVENT, now) for _case in cases],
            [case_id for case_id, _version in cases],
            [version for _case_id, version in cases],
            now,
            type,
            work.principal.subject,
            list(places),
            [of_body[id(body)] for body in bodies],
        ),
    )


def _text(body: Mapping[str, Code]) -> str:
    return json.dumps(body, separators=(",", ":"), sort_keys=True)


def verify(work: WorkContext) -> int | None:
    """The number of the first event whose hash does not follow from the one before; None when the chain holds."""
    row = work.connection.execute(
        "SELECT min(seq) FROM (SELECT seq, hash,"
        " code.digest_of_event(coalesce(lag(hash) OVER chain, sha256('kreisbund')), seq,"
        " id, case_id, case_version, at, type, actor, task_id, body::text) AS expected"
        " FROM event WINDOW chain AS (ORDER BY seq)) x WHERE hash IS DISTINCT FROM expected"
    ).fetchone()
    return row[0] if row else None


def watched(connection: Connection[Any]) -> AuditWatch:
    """How far the log is sealed and checked, and what the worker found."""
    return queries.watch(connection)


def last_at(connection: Connection[Any]) -> datetime | None:
    """When the county's last event was; None for an empty log."""
    row = connection.execute("SELECT max(at) FROM event").fetchone()
    return row[0] if row else None
