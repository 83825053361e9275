"""SQL of one batch: every statement serves all its cases at once.

Cases and what they get run side by side in arrays: `ids` with the number of their recipe in `shapes`; per-recipe
rows carry that number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform.cases.upgrading.models import CaseUpgrade

Rows = Connection[Any]
BEGINNING = UUID(int=0)

MOVED = "unnest(%(ids)s::uuid[], %(shapes)s::int[]) m(id, shape)"


@dataclass(frozen=True)
class Standing:
    """A case of a batch as it stands now; `decided` says whether a notice was issued since it was moved."""

    id: UUID
    version: int
    status: str
    version_id: UUID
    variant_id: UUID | None
    state: str
    group_number: int
    from_version_id: UUID | None
    from_variant_id: UUID | None
    version_after: int | None
    decided: bool


def next_cases(connection: Rows, upgrade: CaseUpgrade, status: str, limit: int) -> list[Standing]:
    """The next cases of an upgrade's pass, locked in the order of their ids as every batch does."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(
            "SELECT c.id, c.version, c.status, c.template_version_id AS version_id, c.variant_id,"
            " c.state::text AS state, u.group_number, u.from_version_id, u.from_variant_id, u.version_after,"
            " u.changed_at IS NOT NULL AND EXISTS (SELECT 1 FROM decision d WHERE d.case_id = c.id"
            " AND d.decided_at >= u.changed_at) AS decided"
            " FROM case_upgrade_case u JOIN case_record c ON c.id = u.case_id"
            " WHERE u.upgrade_id = %s AND u.status = %s AND u.case_id > %s ORDER BY u.case_id LIMIT %s FOR UPDATE OF c",
            (upgrade.id, status, upgrade.position or BEGINNING, limit),
        ).fetchall()


@dataclass
class Batch:
    """The arrays of one batch; `keeps_waits[n]` of recipe n: nothing beside the case itself changes."""

    upgrade_id: UUID
    now: datetime
    ids: list[UUID]
    shapes: list[int]
    states: list[str]
    saves_waits: list[bool]

    def values(self, **more: Any) -> dict[str, Any]:
        """The arrays by name, and what else a statement needs."""
        return {**vars(self), "numbers": list(range(len(self.states))), **more}


def save_before(connection: Rows, batch: Batch, kept_keys: Sequence[str]) -> None:
    """Writes down what undoing restores, and that the case is upgraded."""
    connection.execute(
        "UPDATE case_upgrade_case u SET status = 'UPGRADED', changed_at = %(now)s, from_version_id ="
        " c.template_version_id, from_variant_id = c.variant_id, version_after = c.version + 1, before ="
        " json_build_object('state', c.state, 'next_step', c.next_step, 'next_step_by', c.next_step_by, 'due_at',"
        " c.due_at, 'data', CASE WHEN cardinality(%(kept_keys)s::text[]) > 0 THEN"
        " code.kept_data(c.data, %(kept_keys)s::text[]) END,"
        " 'timers', CASE WHEN s.waits THEN"
        " (SELECT coalesce(json_agg(t), '[]') FROM timer t WHERE t.case_id = c.id) END,"
        " 'subscriptions', CASE WHEN s.waits THEN"
        " (SELECT coalesce(json_agg(t), '[]') FROM subscription t WHERE t.case_id = c.id) END,"
        " 'tasks', CASE WHEN s.waits THEN (SELECT coalesce(json_agg(t), '[]') FROM task t WHERE t.case_id = c.id"
        " AND t.status IN ('OPEN', 'CLAIMED')) END)"
        f" FROM case_record c JOIN {MOVED} ON m.id = c.id"
        " JOIN unnest(%(numbers)s::int[], %(saves_waits)s::bool[]) s(number, waits) ON s.number = m.shape"
        " WHERE u.upgrade_id = %(upgrade_id)s AND u.case_id = c.id",
        batch.values(kept_keys=list(kept_keys)),
    )


@dataclass(frozen=True)
class Names:
    """Data told in other names: old and new run side by side; `added` is a JSON object for keys that are missing."""

    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    added: str = "{}"

    def values(self) -> dict[str, Any]:
        """What `mapped_data` takes."""
        return {"old": list(self.old), "new": list(self.new), "drop": list(self.drop), "added": self.added}


def move_cases(connection: Rows, batch: Batch, version_id: UUID, variant_id: UUID | None, names: Names | None) -> None:
    """Gives the cases their new version and state, and tells their data in other names where there are any."""
    connection.execute(
        "UPDATE case_record c SET version = c.version + 1, template_version_id = %(to_version)s,"
        " variant_id = %(to_variant)s::uuid, state = s.state::json, data = CASE WHEN %(maps)s THEN"
        " code.renamed_data(c.data, %(old)s::text[], %(new)s::text[], %(drop)s::text[], %(added)s::jsonb)"
        " ELSE c.data END"
        f" FROM {MOVED} JOIN unnest(%(numbers)s::int[], %(states)s::text[]) s(number, state) ON s.number = m.shape"
        " WHERE c.id = m.id",
        batch.values(
            to_version=version_id, to_variant=variant_id, maps=names is not None, **(names or Names()).values()
        ),
    )


def settle_due(connection: Rows, batch: Batch) -> None:
    """A case is due with the first of its open tasks, until it is decided."""
    connection.execute(
        "UPDATE case_record c SET due_at = x.due_at FROM (SELECT m.id, min(t.due_at) AS due_at FROM unnest(%s::uuid[])"
        " m(id) LEFT JOIN task t ON t.case_id = m.id AND t.status IN ('OPEN', 'CLAIMED') GROUP BY m.id) x"
        " WHERE c.id = x.id AND c.due_at IS DISTINCT FROM x.due_at"
        " AND c.status IN ('SUBMITTED', 'IN_PROGRESS', 'WAITING')",
        (batch.ids,),
    )


def write_messages(
    connection: Rows,
    now: datetime,
    case_ids: Sequence[UUID],
    message_ids: Sequence[UUID],
    *,
    author: str,
    subject: str,
    text: str,
) -> None:
    """One message to each applicant who applied."""
    connection.execute(
        "INSERT INTO message (id, case_id, direction, author, subject, text, sent_at) SELECT x.message_id, x.case_id,"
        " 'TO_APPLICANT', %s, %s, %s, %s FROM unnest(%s::uuid[], %s::uuid[]) x(case_id, message_id)"
        " WHERE EXISTS (SELECT 1 FROM application a WHERE a.case_id = x.case_id)",
        (author, subject, text, now, list(case_ids), list(message_ids)),
    )


@dataclass(frozen=True)
class Refused:
    """Why a case stays as it is: a code, and where a proof failed its element, reason and path."""

    case_id: UUID
    reason: str
    explanation: str | None = None
    element_id: str | None = None
    path: tuple[str, ...] = ()


def mark(connection: Rows, upgrade_id: UUID, status: str, refused: Sequence[Refused]) -> None:
    """Marks cases that stay (`REFUSED`, `KEPT`, `LEFT_OUT`) with the reason."""
    connection.execute(
        "UPDATE case_upgrade_case u SET status = %s, reason = x.reason, explanation = x.explanation,"
        " element_id = x.element_id, path = string_to_array(x.path, ' ') FROM unnest(%s::uuid[], %s::text[],"
        " %s::text[], %s::text[], %s::text[]) x(case_id, reason, explanation, element_id, path)"
        " WHERE u.upgrade_id = %s AND u.case_id = x.case_id",
        (
            status,
            [r.case_id for r in refused],
            [r.reason for r in refused],
            [r.explanation for r in refused],
            [r.element_id for r in refused],
            [" ".join(r.path) or None for r in refused],
            upgrade_id,
        ),
    )


def mark_all(connection: Rows, upgrade_id: UUID, status: str, case_ids: Sequence[UUID]) -> None:
    """Gives cases of an upgrade another status."""
    connection.execute(
        "UPDATE case_upgrade_case SET status = %s WHERE upgrade_id = %s AND case_id = ANY(%s)",
        (status, upgrade_id, list(case_ids)),
    )
