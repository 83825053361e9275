"""SQL of what a batch's cases wait for: tasks, timers, messages and due days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform import ids
from kreisbund_platform.cases.upgrading.batch_queries import MOVED, Batch, Names

Rows = Connection[Any]


@dataclass(frozen=True)
class TaskRow:
    """What a task is to say in the new version; `opened` where its token had none before."""

    shape: int
    token: int
    element_id: str
    name: str
    role: str
    form_id: str | None
    instance: int | None = None


def _columns(rows: Sequence[Any], *names: str) -> dict[str, list[Any]]:
    return {f"r_{name}": [getattr(row, name) for row in rows] for name in names}


TASKS = (
    "unnest(%(r_shape)s::int[], %(r_token)s::int[], %(r_element_id)s::text[], %(r_name)s::text[], %(r_role)s::text[],"
    " %(r_form_id)s::text[], %(r_instance)s::int[]) r(shape, token, element_id, name, role, form_id, instance)"
)
TASK_COLUMNS = ("shape", "token", "element_id", "name", "role", "form_id", "instance")


def change_tasks(connection: Rows, batch: Batch, rows: Sequence[TaskRow]) -> None:
    """Open tasks that are called or done otherwise now; one whose role changes is given back."""
    connection.execute(
        "UPDATE task t SET element_id = r.element_id, name = r.name, form_id = r.form_id, version = t.version + 1,"
        " role = r.role, unit_id = CASE WHEN r.role <> 'citizen' THEN c.unit_id END,"
        " status = CASE WHEN t.role = r.role THEN t.status ELSE 'OPEN' END,"
        " assignee = CASE WHEN t.role = r.role THEN t.assignee END"
        f" FROM {MOVED} JOIN {TASKS} ON r.shape = m.shape JOIN case_record c ON c.id = m.id"
        " WHERE t.case_id = m.id AND t.token = r.token AND t.status IN ('OPEN', 'CLAIMED')",
        batch.values(**_columns(rows, *TASK_COLUMNS)),
    )


def open_tasks(connection: Rows, batch: Batch, rows: Sequence[TaskRow]) -> None:
    """Tasks that the new version opens."""
    connection.execute(
        "INSERT INTO task (id, case_id, token, element_id, name, status, version, role, unit_id, form_id, created_at,"
        " instance) SELECT code.id_with(%(beginning)s), m.id, r.token, r.element_id, r.name, 'OPEN', 1, r.role,"
        " CASE WHEN r.role <> 'citizen' THEN c.unit_id END, r.form_id, %(now)s, r.instance"
        f" FROM {MOVED} JOIN {TASKS} ON r.shape = m.shape JOIN case_record c ON c.id = m.id",
        batch.values(beginning=ids.beginning(ids.Kind.TASK, batch.now), **_columns(rows, *TASK_COLUMNS)),
    )


@dataclass(frozen=True)
class WaitRow:
    """A wait of a recipe's token; `old_id` is None for one that opens, `element_id` for one that closes."""

    shape: int
    token: int
    old_id: str | None
    element_id: str | None
    name: str | None = None


WAITS = (
    "unnest(%(r_shape)s::int[], %(r_token)s::int[], %(r_old_id)s::text[], %(r_element_id)s::text[], %(r_name)s::text[])"
    " r(shape, token, old_id, element_id, name)"
)
WAIT_COLUMNS = ("shape", "token", "old_id", "element_id", "name")


def close_tasks(connection: Rows, batch: Batch, rows: Sequence[WaitRow]) -> None:
    """Tasks that the new version does not have."""
    connection.execute(
        "UPDATE task t SET status = 'CANCELLED', version = t.version + 1, assignee = NULL, completed_at = %(now)s"
        f" FROM {MOVED} JOIN {WAITS} ON r.shape = m.shape"
        " WHERE t.case_id = m.id AND t.token = r.token AND t.status IN ('OPEN', 'CLAIMED')",
        batch.values(**_columns(rows, *WAIT_COLUMNS)),
    )


def close_waits(connection: Rows, batch: Batch, table: str, rows: Sequence[WaitRow]) -> None:
    """Timers or subscriptions (`table`) that end."""
    assert table in ("timer", "subscription")
    connection.execute(
        f"DELETE FROM {table} t USING {MOVED} JOIN {WAITS} ON r.shape = m.shape"
        " WHERE t.case_id = m.id AND t.token = r.token AND t.element_id = r.old_id",
        batch.values(**_columns(rows, *WAIT_COLUMNS)),
    )


def rename_timers(connection: Rows, batch: Batch, rows: Sequence[WaitRow]) -> None:
    """Timers that go on under another element's id."""
    connection.execute(
        f"UPDATE timer t SET element_id = r.element_id FROM {MOVED} JOIN {WAITS} ON r.shape = m.shape"
        " WHERE t.case_id = m.id AND t.token = r.token AND t.element_id = r.old_id",
        batch.values(**_columns(rows, *WAIT_COLUMNS)),
    )


def rename_subscriptions(connection: Rows, batch: Batch, rows: Sequence[WaitRow]) -> None:
    """Messages that are waited for under another id or name."""
    connection.execute(
        f"UPDATE subscription t SET element_id = r.element_id, name = r.name FROM {MOVED} JOIN {WAITS}"
        " ON r.shape = m.shape WHERE t.case_id = m.id AND t.token = r.token AND t.element_id = r.old_id",
        batch.values(**_columns(rows, *WAIT_COLUMNS)),
    )


def open_subscriptions(
    connection: Rows, batch: Batch, kind: str, rows: Sequence[WaitRow], keys: Sequence[tuple[UUID, int, str, str]]
) -> None:
    """Messages or signals (`kind`) that are waited for from now on; `keys` by case, token and element."""
    connection.execute(
        "INSERT INTO subscription (case_id, token, element_id, name, kind, correlation_key)"
        " SELECT m.id, r.token, r.element_id, r.name, %(kind)s, k.key"
        f" FROM {MOVED} JOIN {WAITS} ON r.shape = m.shape LEFT JOIN unnest(%(k_cases)s::uuid[], %(k_tokens)s::int[],"
        " %(k_elements)s::text[], %(k_keys)s::text[]) k(case_id, token, element_id, key) ON k.case_id = m.id"
        " AND k.token = r.token AND k.element_id = r.element_id ON CONFLICT DO NOTHING",
        batch.values(
            kind=kind,
            k_cases=[key[0] for key in keys],
            k_tokens=[key[1] for key in keys],
            k_elements=[key[2] for key in keys],
            k_keys=[key[3] for key in keys],
            **_columns(rows, *WAIT_COLUMNS),
        ),
    )


def rename_waits(connection: Rows, batch: Batch, table: str, rows: Sequence[WaitRow]) -> None:
    """Jobs that are tried again and incidents (`table`) go on under another element's id."""
    assert table in ("job", "incident")
    connection.execute(
        f"UPDATE {table} t SET element_id = r.element_id FROM {MOVED} JOIN {WAITS} ON r.shape = m.shape"
        " WHERE t.case_id = m.id AND t.token = r.token AND t.element_id = r.old_id",
        batch.values(**_columns(rows, *WAIT_COLUMNS)),
    )


@dataclass(frozen=True)
class Run:
    """A timer of a case and when its wait began; `data` only where an expression needs it."""

    case_id: UUID
    token: int
    element_id: str
    started_at: datetime
    data: dict[str, Any] | None


def timer_runs(
    connection: Rows, batch: Batch, rows: Sequence[WaitRow], sources: Sequence[str], names: Names | None
) -> list[Run]:
    """When the waits of these timers began: with the task of their token, or with the step that led there.

    `sources[n]`: elements, comma-separated, that lead to where row n's token rests. `names`: how the data are told
    in the new version, where an expression needs them.
    """
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        return cursor.execute(
            "SELECT m.id AS case_id, r.token, r.element_id, coalesce((SELECT max(k.created_at) FROM task k WHERE"
            " k.case_id = m.id AND k.token = r.token AND k.status IN ('OPEN', 'CLAIMED')), (SELECT max(e.at)"
            " FROM event e WHERE e.case_id = m.id AND EXISTS (SELECT 1"
            " FROM json_array_elements_text(e.body -> 'passed') p"
            " WHERE p = ANY(string_to_array(r.sources, ',')))), c.opened_at) AS started_at,"
            " CASE WHEN %(with_data)s THEN"
            " code.renamed_data(c.data, %(old)s::text[], %(new)s::text[], %(drop)s::text[], %(added)s::jsonb)"
            " END AS data"
            f" FROM {MOVED} JOIN unnest(%(r_shape)s::int[], %(r_token)s::int[], %(r_element_id)s::text[],"
            " %(sources)s::text[]) r(shape, token, element_id, sources) ON r.shape = m.shape"
            " JOIN case_record c ON c.id = m.id",
            batch.values(
                sources=list(sources),
                with_data=names is not None,
                **(names or Names()).values(),
                **_columns(rows, "shape", "token", "element_id"),
            ),
        ).fetchall()


def set_timers(connection: Rows, found: Sequence[tuple[UUID, int, str, datetime]], floor: datetime) -> None:
    """Timers and when they are due; one that stands already moves, but never before `floor` where it was later."""
    connection.execute(
        "INSERT INTO timer AS t (case_id, token, element_id, due_at) SELECT * FROM unnest(%s::uuid[], %s::int[],"
        " %s::text[], %s::timestamptz[]) ON CONFLICT (case_id, token, element_id) DO UPDATE SET"
        " due_at = greatest(excluded.due_at, least(t.due_at, %s)), attempts = 0",
        ([r[0] for r in found], [r[1] for r in found], [r[2] for r in found], [r[3] for r in found], floor),
    )


@dataclass(frozen=True)
class PeriodRow:
    """The period (ISO 8601) until a token's task is due; None where it has none."""

    shape: int
    token: int
    period: str | None


PERIODS = "unnest(%(r_shape)s::int[], %(r_token)s::int[], %(r_period)s::text[]) r(shape, token, period)"


def task_starts(connection: Rows, batch: Batch, rows: Sequence[PeriodRow]) -> list[tuple[date, str | None, str]]:
    """The different days, municipalities and periods from which due days follow."""
    return connection.execute(
        "SELECT DISTINCT (t.created_at AT TIME ZONE 'Europe/Berlin')::date, c.municipality_key, r.period"
        f" FROM {MOVED} JOIN {PERIODS} ON r.shape = m.shape JOIN case_record c ON c.id = m.id"
        " JOIN task t ON t.case_id = m.id AND t.token = r.token AND t.status IN ('OPEN', 'CLAIMED')"
        " WHERE r.period IS NOT NULL",
        batch.values(**_columns(rows, "shape", "token", "period")),
    ).fetchall()


def set_task_dues(
    connection: Rows,
    batch: Batch,
    rows: Sequence[PeriodRow],
    dues: Sequence[tuple[date, str | None, str, date]],
    floor: date,
) -> None:
    """Gives open tasks the due day of their start; never before `floor` where it was later."""
    connection.execute(
        "UPDATE task t SET due_on = x.due_on, due_at = (x.due_on + 1)::timestamp AT TIME ZONE 'Europe/Berlin',"
        " version = t.version + 1 FROM (SELECT k.id, greatest(d.due_on, least(k.due_on, %(floor)s::date)) AS due_on"
        f" FROM {MOVED} JOIN {PERIODS} ON r.shape = m.shape JOIN case_record c ON c.id = m.id"
        " JOIN task k ON k.case_id = m.id AND k.token = r.token AND k.status IN ('OPEN', 'CLAIMED')"
        " LEFT JOIN unnest(%(days)s::date[], %(keys)s::text[], %(periods)s::text[], %(dues)s::date[])"
        " d(day, municipality_key, period, due_on) ON d.day = (k.created_at AT TIME ZONE 'Europe/Berlin')::date"
        " AND d.municipality_key IS NOT DISTINCT FROM c.municipality_key::text AND d.period = r.period) x"
        " WHERE t.id = x.id AND t.due_on IS DISTINCT FROM x.due_on",
        batch.values(
            floor=floor,
            days=[d[0] for d in dues],
            keys=[d[1] for d in dues],
            periods=[d[2] for d in dues],
            dues=[d[3] for d in dues],
            **_columns(rows, "shape", "token", "period"),
        ),
    )
