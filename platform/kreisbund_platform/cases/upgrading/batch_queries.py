"""SQL of one batch: every statement serves all its cases at once.

Cases that stand alike come as one row with their ids as PostgreSQL writes an array, and these go back as they came:
`members` runs side by side with the number of their recipe in `shapes`; per-recipe rows carry that number, from 0.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from kreisbund_platform import ids
from kreisbund_platform.cases.upgrading.models import CaseUpgrade
from kreisbund_platform.database.prepared import array

Rows = Connection[Any]
BEGINNING = UUID(int=0)

MOVED = (
    "(SELECT i.id, b.shape FROM unnest(%(members)s::text[], %(shapes)s::int[]) b(ids, shape),"
    " unnest(b.ids::uuid[]) i(id)) m"
)
SAVES_WAITS = "(%(saves_waits)s::bool[])[m.shape + 1]"


@dataclass(frozen=True)
class Standing:
    """Cases of a batch that stand alike now; `ids` and `next_versions` are arrays in the order of the ids.

    `moved`: something happened to them since they were upgraded. `decided`: a notice was issued since.
    """

    status: str
    version_id: UUID
    variant_id: UUID | None
    state: str
    from_version_id: UUID | None
    from_variant_id: UUID | None
    moved: bool
    decided: bool
    ids: str
    next_versions: str
    municipalities: list[str | None]

    @property
    def last(self) -> UUID:
        """The last of the ids."""
        return UUID(self.ids[-37:-1])

    def without(self, gone: Collection[UUID]) -> "Standing | None":
        """The others; None where there are none."""
        pairs = zip(self.ids[1:-1].split(","), self.next_versions[1:-1].split(","), strict=True)
        kept = [pair for pair in pairs if UUID(pair[0]) not in gone]
        if not kept:
            return None
        cases, versions = zip(*kept, strict=True)
        return replace(self, ids=array(cases), next_versions=array(versions))


def ids_of(cases: Iterable[Standing]) -> str:
    """All ids as one array."""
    return f"{{{','.join(each.ids[1:-1] for each in cases)}}}"


def next_cases(connection: Rows, upgrade: CaseUpgrade, status: str, limit: int) -> list[Standing]:
    """The next cases of an upgrade's pass, locked in the order of their ids as every batch does."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(
            "WITH next AS MATERIALIZED (SELECT u.case_id, u.from_version_id, u.from_variant_id, u.version_after,"
            " u.changed_at FROM case_upgrade_case u WHERE u.upgrade_id = %s AND u.status = %s AND u.case_id > %s"
            " ORDER BY u.case_id LIMIT %s), locked AS MATERIALIZED (SELECT c.id, c.version, c.status,"
            " c.template_version_id AS version_id, c.variant_id, c.state::text AS state, n.from_version_id,"
            " n.from_variant_id, c.municipality_key::text, c.version IS DISTINCT FROM n.version_after AS moved,"
            " n.changed_at IS NOT NULL AND EXISTS (SELECT 1 FROM decision d WHERE d.case_id = c.id"
            " AND d.decided_at >= n.changed_at) AS decided"
            " FROM next n JOIN case_record c ON c.id = n.case_id ORDER BY n.case_id FOR UPDATE OF c)"
            " SELECT status, version_id, variant_id, state, from_version_id, from_variant_id, moved, decided,"
            " array_agg(id ORDER BY id)::text AS ids, array_agg(version + 1 ORDER BY id)::text AS next_versions,"
            " array_agg(DISTINCT municipality_key) AS municipalities"
            " FROM locked GROUP BY status, version_id, variant_id, state, from_version_id, from_variant_id, moved,"
            " decided",
            (upgrade.id, status, upgrade.position or BEGINNING, limit),
        ).fetchall()


def any_behind(connection: Rows, upgrade: CaseUpgrade, status: str, position: UUID | None) -> bool:
    """Whether an upgrade's pass has cases behind this one."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM case_upgrade_case WHERE upgrade_id = %s AND status = %s AND case_id > %s)",
        (upgrade.id, status, position or BEGINNING),
    ).fetchone()
    assert row is not None
    return bool(row[0])


@dataclass
class Batch:
    """The arrays of one batch; `saves_waits[n]`: of cases with recipe n something beside the case itself changes."""

    upgrade_id: UUID
    now: datetime
    cases: list[Standing]
    shapes: list[int]
    states: list[str]
    saves_waits: list[bool]

    def values(self, **more: Any) -> dict[str, Any]:
        """The arrays by name, and what else a statement needs."""
        members = [each.ids for each in self.cases]
        return {**vars(self), "members": members, "numbers": list(range(len(self.states))), **more}


def save_before(connection: Rows, batch: Batch, kept_keys: Sequence[str]) -> None:
    """Writes down what undoing restores, and that the case is upgraded."""
    connection.execute(
        "UPDATE case_upgrade_case u SET status = 'UPGRADED', changed_at = %(now)s, from_version_id ="
        " c.template_version_id, from_variant_id = c.variant_id, version_after = c.version + 1, before ="
        " json_build_object('state', c.state, 'next_step', c.next_step, 'next_step_by', c.next_step_by, 'due_at',"
        " c.due_at, 'data', CASE WHEN cardinality(%(kept_keys)s::text[]) > 0 THEN"
        " code.kept_data(c.data, %(kept_keys)s::text[]) END,"
        f" 'timers', CASE WHEN {SAVES_WAITS} THEN"
        " (SELECT coalesce(json_agg(t), '[]') FROM timer t WHERE t.case_id = c.id) END,"
        f" 'subscriptions', CASE WHEN {SAVES_WAITS} THEN"
        " (SELECT coalesce(json_agg(t), '[]') FROM subscription t WHERE t.case_id = c.id) END,"
        f" 'tasks', CASE WHEN {SAVES_WAITS} THEN (SELECT coalesce(json_agg(t), '[]') FROM task t"
        " WHERE t.case_id = c.id AND t.status IN ('OPEN', 'CLAIMED')) END)"
        f" FROM case_record c JOIN {MOVED} ON m.id = c.id"
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
        """What `code.renamed_data` takes."""
        return {"old": list(self.old), "new": list(self.new), "drop": list(self.drop), "added": self.added}


@dataclass(frozen=True)
class Told:
    """What the applicants of a recipe's cases are told; the day follows from a task or from a period.

    `usual`: said of any case that is not decided.
    """

    text: str
    task_token: int | None
    period: str | None
    usual: bool


@dataclass(frozen=True)
class Change:
    """What cases become beside their state: `told[n]` with recipe n; `names` where data are told in other names.

    `days`: municipality, period and the day on which it ends when it starts today. `settles`: a case is due with the
    first of its open tasks, until it is decided.
    """

    version_id: UUID
    variant_id: UUID | None
    names: Names | None
    told: Sequence[Told]
    days: Sequence[tuple[str | None, str | None, date]]
    settles: bool


def move_cases(connection: Rows, batch: Batch, change: Change) -> None:
    """Gives the cases their new version, state, names of data, next step and due day: one row version for each."""
    connection.execute(
        "UPDATE case_record c SET version = c.version + 1, template_version_id = %(to_version)s,"
        " variant_id = %(to_variant)s::uuid, state = s.state::json, data = CASE WHEN %(maps)s THEN"
        " code.renamed_data(c.data, %(old)s::text[], %(new)s::text[], %(drop)s::text[], %(added)s::jsonb)"
        " ELSE c.data END, next_step = CASE WHEN s.usual AND c.status = 'DECIDED' THEN c.next_step ELSE s.text END,"
        " next_step_by = CASE WHEN s.usual AND c.status = 'DECIDED' THEN c.next_step_by ELSE coalesce(CASE WHEN"
        " s.task_token IS NOT NULL THEN (SELECT t.due_on FROM task t WHERE t.case_id = c.id AND t.token = s.task_token"
        " AND t.status IN ('OPEN', 'CLAIMED')) WHEN s.text = c.next_step THEN c.next_step_by END, (SELECT d.day FROM"
        " unnest(%(keys)s::text[], %(periods)s::text[], %(days)s::date[]) d(municipality_key, period, day)"
        " WHERE d.municipality_key IS NOT DISTINCT FROM c.municipality_key::text"
        " AND d.period IS NOT DISTINCT FROM s.period)) END,"
        " due_at = CASE WHEN %(settles)s AND c.status IN ('SUBMITTED', 'IN_PROGRESS', 'WAITING') THEN (SELECT"
        " min(t.due_at) FROM task t WHERE t.case_id = c.id AND t.status IN ('OPEN', 'CLAIMED')) ELSE c.due_at END"
        f" FROM {MOVED} JOIN unnest(%(numbers)s::int[], %(states)s::text[], %(texts)s::text[], %(task_tokens)s::int[],"
        " %(told_periods)s::text[], %(usual)s::bool[]) s(number, state, text, task_token, period, usual)"
        " ON s.number = m.shape WHERE c.id = m.id",
        batch.values(
            to_version=change.version_id,
            to_variant=change.variant_id,
            maps=change.names is not None,
            **(change.names or Names()).values(),
            settles=change.settles,
            texts=[told.text for told in change.told],
            task_tokens=[told.task_token for told in change.told],
            told_periods=[told.period for told in change.told],
            usual=[told.usual for told in change.told],
            keys=[day[0] for day in change.days],
            periods=[day[1] for day in change.days],
            days=[day[2] for day in change.days],
        ),
    )


def write_messages(connection: Rows, now: datetime, case_ids: str, *, author: str, subject: str, text: str) -> None:
    """One message to each applicant who applied."""
    connection.execute(
        "INSERT INTO message (id, case_id, direction, author, subject, text, sent_at) SELECT code.id_with(%s), x.id,"
        " 'TO_APPLICANT', %s, %s, %s, %s FROM unnest(%s::uuid[]) x(id)"
        " WHERE EXISTS (SELECT 1 FROM application a WHERE a.case_id = x.id)",
        (ids.beginning(ids.Kind.MESSAGE, now), author, subject, text, now, case_ids),
    )


@dataclass(frozen=True)
class Refused:
    """Why cases stay as they are: a code, and where a proof failed its element, reason and path. `ids` is an array."""

    ids: str
    reason: str
    explanation: str | None = None
    element_id: str | None = None
    path: tuple[str, ...] = ()


def mark(connection: Rows, upgrade_id: UUID, status: str, refused: Sequence[Refused]) -> None:
    """Marks cases that stay (`REFUSED`, `KEPT`, `LEFT_OUT`) with the reason."""
    connection.execute(
        "UPDATE case_upgrade_case u SET status = %s, reason = x.reason, explanation = x.explanation,"
        " element_id = x.element_id, path = string_to_array(x.path, ' ') FROM unnest(%s::text[], %s::text[],"
        " %s::text[], %s::text[], %s::text[]) x(ids, reason, explanation, element_id, path), unnest(x.ids::uuid[])"
        " i(id) WHERE u.upgrade_id = %s AND u.case_id = i.id",
        (
            status,
            [r.ids for r in refused],
            [r.reason for r in refused],
            [r.explanation for r in refused],
            [r.element_id for r in refused],
            [" ".join(r.path) or None for r in refused],
            upgrade_id,
        ),
    )


def mark_all(connection: Rows, upgrade_id: UUID, status: str, case_ids: str) -> None:
    """Gives cases of an upgrade another status."""
    connection.execute(
        "UPDATE case_upgrade_case SET status = %s WHERE upgrade_id = %s AND case_id = ANY(%s::uuid[])",
        (status, upgrade_id, case_ids),
    )
