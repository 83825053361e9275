"""SQL of upgrades: their own rows, what stands behind a preview, and which cases are next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.cases.upgrading.models import CaseUpgrade, CaseUpgradeGroup
from kreisbund_platform.cases.upgrading.orders import RUNNING_STATUSES, Criteria, Source

Rows = Connection[Any]

JSON_COLUMNS = ("criteria", "mapping", "fields", "warnings")
CHOSEN = (
    " c.template_id = %(template_id)s AND c.status = ANY(%(statuses)s)"
    " AND (c.template_version_id <> %(to_version)s OR c.variant_id IS DISTINCT FROM %(to_variant)s::uuid)"
    " AND (%(versions)s::uuid[] IS NULL OR c.template_version_id = ANY(%(versions)s))"
    " AND (%(numbers)s::text[] IS NULL OR c.case_number = ANY(%(numbers)s))"
    " AND (%(received_from)s::date IS NULL OR c.received_on >= %(received_from)s)"
    " AND (%(received_until)s::date IS NULL OR c.received_on <= %(received_until)s)"
    " AND (%(opened_from)s::date IS NULL OR c.opened_at >= %(opened_from)s::timestamp AT TIME ZONE 'Europe/Berlin')"
    " AND (%(opened_until)s::date IS NULL"
    " OR c.opened_at < (%(opened_until)s::date + 1)::timestamp AT TIME ZONE 'Europe/Berlin')"
)


@dataclass(frozen=True)
class Shape:
    """A state exactly as it is stored, and which of the chosen cases have it: `ids` as PostgreSQL writes an array."""

    version_id: UUID
    variant_id: UUID | None
    state: str
    cases: int
    ids: str

    @property
    def source(self) -> Source:
        """What these cases run on."""
        return Source(self.version_id, self.variant_id)


def template_id(connection: Rows, slug: str) -> UUID | None:
    """The template of this slug."""
    row = connection.execute("SELECT id FROM shared.process_template WHERE slug = %s", (slug,)).fetchone()
    return row[0] if row else None


def in_force(connection: Rows, template: UUID) -> Source | None:
    """What the county has adopted; None where nothing is."""
    row = connection.execute(
        "SELECT version_id, variant_id FROM template_adoption WHERE template_id = %s AND ended_at IS NULL", (template,)
    ).fetchone()
    return Source(row[0], row[1]) if row else None


def is_version_of(connection: Rows, version_id: UUID, template: UUID) -> bool:
    """Whether the version is one of this template's."""
    sql = "SELECT 1 FROM shared.template_version WHERE id = %s AND template_id = %s"
    return connection.execute(sql, (version_id, template)).fetchone() is not None


def _values(template: UUID, to: Source, criteria: Criteria) -> dict[str, Any]:
    return {
        "template_id": template,
        "to_version": to.version_id,
        "to_variant": to.variant_id,
        "statuses": list(criteria.statuses or RUNNING_STATUSES),
        "versions": list(criteria.versions) or None,
        "numbers": list(criteria.case_numbers) or None,
        "received_from": criteria.received_from,
        "received_until": criteria.received_until,
        "opened_from": criteria.opened_from,
        "opened_until": criteria.opened_until,
    }


def shapes(connection: Rows, template: UUID, to: Source, criteria: Criteria) -> list[Shape]:
    """The different states of the chosen cases: few, however many cases there are."""
    with connection.cursor(row_factory=class_row(Shape)) as cursor:
        return cursor.execute(
            "SELECT c.template_version_id AS version_id, c.variant_id, c.state::text AS state, count(*)::int AS cases,"
            f" array_agg(c.id)::text AS ids FROM case_record c WHERE {CHOSEN} GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3",
            _values(template, to, criteria),
        ).fetchall()


def sources_of(connection: Rows, template: UUID, to: Source, criteria: Criteria) -> list[Source]:
    """What the chosen cases run on, each once."""
    rows = connection.execute(
        f"SELECT DISTINCT c.template_version_id, c.variant_id FROM case_record c WHERE {CHOSEN}",
        _values(template, to, criteria),
    )
    return [Source(*row) for row in rows]


def insert_upgrade(connection: Rows, upgrade: CaseUpgrade) -> None:
    """A new upgrade, or the same previewed again: its old groups and cases go."""
    values = upgrade.model_dump() | {name: Json(getattr(upgrade, name)) for name in JSON_COLUMNS}
    connection.execute("DELETE FROM case_upgrade WHERE id = %s", (upgrade.id,))
    connection.execute(
        "INSERT INTO case_upgrade (id, version, status, template_id, to_version_id, to_variant_id, criteria, mapping,"
        " fields, deadlines, effective_on, legal_basis, tells_applicants, warnings, created_by, created_at,"
        " previewed_at) VALUES"
        " (%(id)s, %(version)s, %(status)s, %(template_id)s, %(to_version_id)s, %(to_variant_id)s, %(criteria)s,"
        " %(mapping)s, %(fields)s, %(deadlines)s, %(effective_on)s, %(legal_basis)s, %(tells_applicants)s,"
        " %(warnings)s, %(created_by)s, %(created_at)s, %(previewed_at)s)",
        values,
    )


def insert_groups(connection: Rows, groups: Sequence[CaseUpgradeGroup]) -> None:
    """The markings of a preview."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO case_upgrade_group (upgrade_id, number, from_version_id, from_variant_id, signature, cases,"
            " possible, chosen, element_id, reason, path, waiting, changes) VALUES (%(upgrade_id)s, %(number)s,"
            " %(from_version_id)s, %(from_variant_id)s, %(signature)s, %(cases)s, %(possible)s, %(chosen)s,"
            " %(element_id)s, %(reason)s, %(path)s, %(waiting)s, %(changes)s)",
            [group.model_dump() | {"changes": Json(group.changes)} for group in groups],
        )


def insert_cases(connection: Rows, upgrade_id: UUID, found: Sequence[tuple[Shape, int, bool]]) -> None:
    """The chosen cases with the version that was previewed. `found`: shape, group, provable."""
    connection.execute(
        "INSERT INTO case_upgrade_case (upgrade_id, case_id, group_number, planned_version, status, reason)"
        " SELECT %s, c.id, s.number, c.version, CASE WHEN s.possible THEN 'PLANNED' ELSE 'REFUSED' END,"
        " CASE WHEN NOT s.possible THEN 'NOT_PROVABLE' END FROM unnest(%s::text[], %s::int[], %s::bool[])"
        " s(ids, number, possible), unnest(s.ids::uuid[]) m(id) JOIN case_record c ON c.id = m.id ORDER BY c.id",
        (
            upgrade_id,
            [shape.ids for shape, _group, _possible in found],
            [group for _shape, group, _possible in found],
            [possible for _shape, _group, possible in found],
        ),
    )


def lock_upgrade(connection: Rows, upgrade_id: UUID) -> CaseUpgrade | None:
    """An upgrade, locked."""
    with connection.cursor(row_factory=class_row(CaseUpgrade)) as cursor:
        return cursor.execute("SELECT * FROM case_upgrade WHERE id = %s FOR UPDATE", (upgrade_id,)).fetchone()


def groups(connection: Rows, upgrade_id: UUID) -> list[CaseUpgradeGroup]:
    """The markings of an upgrade."""
    with connection.cursor(row_factory=class_row(CaseUpgradeGroup)) as cursor:
        sql = "SELECT * FROM case_upgrade_group WHERE upgrade_id = %s ORDER BY number"
        return cursor.execute(sql, (upgrade_id,)).fetchall()


def next_upgrade(connection: Rows, today: date) -> CaseUpgrade | None:
    """One upgrade with work to do, locked; skips what another worker holds and what is to wait for its day."""
    with connection.cursor(row_factory=class_row(CaseUpgrade)) as cursor:
        return cursor.execute(
            "SELECT * FROM case_upgrade WHERE status IN ('CHECKING', 'UNDOING')"
            " OR (status = 'RUNNING' AND effective_on <= %s) ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED",
            (today,),
        ).fetchone()


def set_status(connection: Rows, upgrade: CaseUpgrade, status: str, moments: dict[str, datetime]) -> None:
    """Moves a locked upgrade on, its next pass from the beginning; `moments` are columns of its row."""
    upgrade.status, upgrade.version = status, upgrade.version + 1
    for name, at in moments.items():
        setattr(upgrade, name, at)
    connection.execute(
        "UPDATE case_upgrade SET status = %s, version = %s, checked_at = %s, started_at = %s, finished_at = %s,"
        " undone_at = %s, position = NULL WHERE id = %s",
        (
            status, upgrade.version, upgrade.checked_at, upgrade.started_at, upgrade.finished_at, upgrade.undone_at,
            upgrade.id,
        ),
    )  # fmt: skip


def set_position(connection: Rows, upgrade: CaseUpgrade, case_id: UUID) -> None:
    """How far the pass in work has come."""
    connection.execute("UPDATE case_upgrade SET position = %s WHERE id = %s", (case_id, upgrade.id))


def choose_groups(connection: Rows, upgrade_id: UUID, numbers: Sequence[int]) -> None:
    """Which markings are to be upgraded; a marking that cannot be proved never is."""
    connection.execute(
        "UPDATE case_upgrade_group SET chosen = possible AND number = ANY(%s) WHERE upgrade_id = %s",
        (list(numbers), upgrade_id),
    )
    of_upgrade = "SELECT number FROM case_upgrade_group WHERE upgrade_id = %(upgrade)s AND"
    found = f"CASE WHEN u.group_number = ANY(ARRAY({of_upgrade} chosen)) THEN 'PLANNED' ELSE 'LEFT_OUT' END"
    connection.execute(
        f"UPDATE case_upgrade_case u SET status = {found}, reason = NULL, explanation = NULL, element_id = NULL,"
        " path = NULL WHERE u.upgrade_id = %(upgrade)s"
        f" AND u.group_number = ANY(ARRAY({of_upgrade} possible))"
        f" AND u.status IN ('PLANNED', 'LEFT_OUT', 'CHECKED', 'REFUSED') AND u.status <> {found}",
        {"upgrade": upgrade_id},
    )


def count(connection: Rows, upgrade_id: UUID, status: str) -> int:
    """How many cases of an upgrade have a status."""
    row = connection.execute(
        "SELECT count(*) FROM case_upgrade_case WHERE upgrade_id = %s AND status = %s", (upgrade_id, status)
    ).fetchone()
    assert row is not None
    return int(row[0])


def other_in_work(connection: Rows, upgrade: CaseUpgrade) -> bool:
    """Whether another upgrade of the same template is at work."""
    row = connection.execute(
        "SELECT 1 FROM case_upgrade WHERE template_id = %s AND id <> %s"
        " AND status IN ('CHECKING', 'RUNNING', 'UNDOING')",
        (upgrade.template_id, upgrade.id),
    ).fetchone()
    return row is not None
