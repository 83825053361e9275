"""SQL of the way back: what `save_before` wrote down is put in place again, for many cases at once.

`case_ids` is an array as PostgreSQL writes it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

Rows = Connection[Any]

OF_BATCH = "u.upgrade_id = %(upgrade)s AND u.case_id = ANY(%(ids)s::uuid[])"
WITH_WAITS = f"FROM case_upgrade_case u WHERE {OF_BATCH} AND json_typeof(u.before -> 'tasks') = 'array'"


def restore_cases(connection: Rows, upgrade_id: UUID, case_ids: str, added: Sequence[str]) -> None:
    """Version, state, what applicants are told and data as they were; `added`: keys the upgrade may have made."""
    connection.execute(
        "UPDATE case_record c SET version = c.version + 1, template_version_id = u.from_version_id,"
        " variant_id = u.from_variant_id, state = u.before -> 'state', next_step = u.before ->> 'next_step',"
        " next_step_by = (u.before ->> 'next_step_by')::date, due_at = (u.before ->> 'due_at')::timestamptz,"
        " data = CASE WHEN json_typeof(u.before -> 'data') = 'object'"
        " THEN ((c.data::jsonb - %(added)s::text[]) || (u.before -> 'data')::jsonb)::json ELSE c.data END"
        f" FROM case_upgrade_case u WHERE {OF_BATCH} AND c.id = u.case_id",
        {"upgrade": upgrade_id, "ids": case_ids, "added": list(added)},
    )


def restore_waits(connection: Rows, upgrade_id: UUID, case_ids: str) -> None:
    """Timers, messages and open tasks as they were, where the upgrade changed any."""
    values = {"upgrade": upgrade_id, "ids": case_ids}
    for table in ("timer", "subscription"):
        of_case = f"SELECT u.case_id {WITH_WAITS}"
        connection.execute(f"DELETE FROM {table} t WHERE t.case_id IN ({of_case})", values)
        connection.execute(
            f"INSERT INTO {table} SELECT r.* FROM (SELECT u.before {WITH_WAITS}) x,"
            f" json_populate_recordset(NULL::{table}, x.before -> '{table}s') r",
            values,
        )
    _restore_tasks(connection, values)


def _restore_tasks(connection: Rows, values: dict[str, Any]) -> None:
    """Tasks the upgrade opened end, those it closed open again, the others say what they said."""
    was = (
        f"SELECT r.* FROM (SELECT u.before {WITH_WAITS}) x, json_populate_recordset(NULL::task, x.before -> 'tasks') r"
    )
    connection.execute(
        "UPDATE task t SET status = 'CANCELLED', assignee = NULL, version = t.version + 1 WHERE t.status IN"
        f" ('OPEN', 'CLAIMED') AND t.case_id IN (SELECT u.case_id {WITH_WAITS}) AND t.id NOT IN (SELECT w.id FROM"
        f" ({was}) w)",
        values,
    )
    connection.execute(
        "UPDATE task t SET element_id = w.element_id, name = w.name, role = w.role, form_id = w.form_id,"
        " unit_id = w.unit_id, due_on = w.due_on, due_at = w.due_at, version = t.version + 1, completed_at = NULL,"
        " status = CASE WHEN t.status = 'CANCELLED' THEN 'OPEN' WHEN t.role <> w.role THEN 'OPEN' ELSE t.status END,"
        " assignee = CASE WHEN t.status = 'CANCELLED' OR t.role <> w.role THEN NULL ELSE t.assignee END"
        f" FROM ({was}) w WHERE t.id = w.id AND t.status <> 'COMPLETED'",
        values,
    )


def restore_dropped(connection: Rows, upgrade_id: UUID, case_ids: str) -> None:
    """Values that the upgrade dropped come back where the case has none now."""
    connection.execute(
        "UPDATE case_record c SET data = ((u.before -> 'data')::jsonb || c.data::jsonb)::json"
        f" FROM case_upgrade_case u WHERE {OF_BATCH} AND c.id = u.case_id"
        " AND json_typeof(u.before -> 'data') = 'object'",
        {"upgrade": upgrade_id, "ids": case_ids},
    )


def mark_undone(connection: Rows, upgrade_id: UUID, case_ids: str) -> None:
    """The cases are back; what was kept for the way back is no longer needed."""
    connection.execute(
        f"UPDATE case_upgrade_case u SET status = 'UNDONE', before = NULL WHERE {OF_BATCH}",
        {"upgrade": upgrade_id, "ids": case_ids},
    )
