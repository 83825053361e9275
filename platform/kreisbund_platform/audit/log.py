"""Appends to the county's hash-chained event log.

An event holds ids and codes only, so that it can stand for ever; the database chains it (`chain_event`).
The chain's head is the county's one contended row: append as the last write of a transaction.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    places: dict[str, int] = {}
    of_body: dict[int, int] = {}
    for body in bodies:
        if id(body) not in of_body:
            of_body[id(body)] = places.setdefault(_text(body), len(places) + 1)
    arrays = [case for case, _version in cases], [version for _case, version in cases], [of_body[id(b)] for b in bodies]
    work.connection.execute(
        "SELECT code.append_chained(%s, %s::uuid[], %s::integer[], %s::integer[], %s::timestamptz, %s, %s, %s::text[])",
        (ids.beginning(ids.Kind.EVENT, work.clock.now()), *arrays, *_said(work, type, list(places))),
    )


@dataclass(frozen=True)
class Alike:
    """Cases whose events say the same: ids and versions side by side, each as PostgreSQL writes an array."""

    ids: str
    versions: str
    body: Mapping[str, Code]


def append_alike(work: WorkContext, *, type: str, groups: Sequence[Alike]) -> None:
    """Writes one event of a type for each case of these groups in the order of their ids, in one statement."""
    work.connection.execute(
        "SELECT code.append_chained(%s, array_agg(x.id), array_agg(x.version), array_agg(x.which), %s::timestamptz,"
        " %s, %s, %s::text[]) FROM (SELECT e.id, e.version, g.which::integer FROM unnest(%s::text[], %s::text[])"
        " WITH ORDINALITY g(ids, versions, which), unnest(g.ids::uuid[], g.versions::integer[]) e(id, version)"
        " ORDER BY e.id) x",
        (
            ids.beginning(ids.Kind.EVENT, work.clock.now()),
            *_said(work, type, [_text(group.body) for group in groups]),
            [group.ids for group in groups],
            [group.versions for group in groups],
        ),
    )


def _said(work: WorkContext, type: str, bodies: list[str]) -> tuple[datetime, str, str, list[str]]:
    return work.clock.now(), type, work.principal.subject, bodies


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
