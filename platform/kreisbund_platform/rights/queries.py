"""SQL of a county's decisions about people that one row's columns do not say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.rights.models import Approval

Rows = Connection[Any]


def is_known(connection: Rows, subject: str) -> bool:
    """Whether the county has met the account: as a colleague, an applicant or a party."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM staff_account WHERE subject = %(subject)s)"
        " OR EXISTS (SELECT 1 FROM application WHERE applicant_subject = %(subject)s)"
        " OR EXISTS (SELECT 1 FROM party WHERE subject = %(subject)s)",
        {"subject": subject},
    ).fetchone()
    assert row is not None
    return bool(row[0])


def works_on(connection: Rows, case_id: UUID, subject: str) -> bool:
    """Whether a task of the case is or was this person's."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM task WHERE case_id = %(case)s"
        " AND role <> 'citizen' AND (assignee = %(subject)s OR completed_by = %(subject)s))",
        {"case": case_id, "subject": subject},
    ).fetchone()
    assert row is not None
    return bool(row[0])


def case_version(connection: Rows, case_id: UUID) -> int | None:
    """The case's version; None where there is no such case."""
    row = connection.execute("SELECT version FROM case_record WHERE id = %s", (case_id,)).fetchone()
    return row[0] if row else None


def tell_invitation(connection: Rows, invitation_id: UUID, until: datetime | None, now: datetime) -> None:
    """A line for the collector: where to ask about an invitation; `until` None: nowhere any more."""
    payload = {"id": str(invitation_id), "until": until.isoformat() if until else None}
    connection.execute(
        "INSERT INTO outbox (topic, payload, created_at) VALUES ('support_invitation', %s, %s)", (Json(payload), now)
    )


def county_of_invitation(connection: Rows, invitation_id: UUID) -> UUID | None:
    """Which county invited; on a connection of the workspace `catalogue`."""
    row = connection.execute(
        "SELECT tenant_id FROM shared.support_invitation WHERE id = %s", (invitation_id,)
    ).fetchone()
    return row[0] if row else None


def holding_invitation(connection: Rows, invitation_id: UUID, now: datetime) -> UUID | None:
    """The case that an invitation opens at this moment; on the inviting county's connection."""
    row = connection.execute(
        "SELECT case_id FROM support_invitation WHERE id = %s AND revoked_at IS NULL AND until > %s",
        (invitation_id, now),
    ).fetchone()
    return row[0] if row else None


def case_named(connection: Rows, case_id: UUID | None, number: str) -> tuple[UUID, int] | None:
    """Id and version of the case of this id or case number; its row is locked, so that askers queue."""
    row = connection.execute(
        "SELECT id, version FROM case_record WHERE id = %s OR case_number = %s FOR UPDATE", (case_id, number)
    ).fetchone()
    return (row[0], row[1]) if row else None


def emergency_stands(connection: Rows, case_id: UUID, now: datetime) -> bool:
    """Whether two operators may look at the case at this moment."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM emergency_access WHERE case_id = %s AND ended_at IS NULL AND until > %s)",
        (case_id, now),
    ).fetchone()
    assert row is not None
    return bool(row[0])


def emergency_case(connection: Rows, access_id: UUID, subject: str, now: datetime) -> UUID | None:
    """The case at which this operator may look at this moment; on the county's connection."""
    row = connection.execute(
        "SELECT case_id FROM emergency_access WHERE id = %(id)s AND ended_at IS NULL AND until > %(now)s"
        " AND %(subject)s IN (requested_by, confirmed_by)",
        {"id": access_id, "now": now, "subject": subject},
    ).fetchone()
    return row[0] if row else None


def end_all_emergencies(connection: Rows, now: datetime, by: str) -> None:
    """Ends whatever is asked for or stands."""
    connection.execute(
        "UPDATE emergency_access SET ended_at = %s, ended_by = %s, version = version + 1"
        " WHERE ended_at IS NULL AND coalesce(until, confirm_until) > %s",
        (now, by, now),
    )


@dataclass(frozen=True)
class TaskInTemplate:
    """What four eyes ask of a task. `key`: template's slug / element's id; `data`: the case's."""

    key: str
    role: str
    case_id: UUID
    case_version: int
    data: dict[str, Any] | None


def task_in_template(connection: Rows, task_id: UUID) -> TaskInTemplate | None:
    """A task with its place in the template."""
    with connection.cursor(row_factory=class_row(TaskInTemplate)) as cursor:
        return cursor.execute(
            "SELECT p.slug || '/' || t.element_id AS key, t.role, c.id AS case_id, c.version AS case_version, c.data"
            " FROM task t JOIN case_record c ON c.id = t.case_id"
            " JOIN shared.process_template p ON p.id = c.template_id WHERE t.id = %s",
            (task_id,),
        ).fetchone()


def open_approval(connection: Rows, operation: str, content_hash: str, subject: str, now: datetime) -> Approval | None:
    """A person's proposal of exactly this content that is neither used nor over; locked."""
    with connection.cursor(row_factory=class_row(Approval)) as cursor:
        return cursor.execute(
            "SELECT * FROM approval WHERE operation = %s AND content_hash = %s AND proposed_by = %s"
            " AND used_at IS NULL AND withdrawn_at IS NULL AND until > %s FOR UPDATE",
            (operation, content_hash, subject, now),
        ).fetchone()


def withdraw_old(connection: Rows, operation: str, content_hash: str, subject: str, now: datetime) -> None:
    """Closes what ran out, so that the same can be proposed again."""
    connection.execute(
        "UPDATE approval SET withdrawn_at = %(now)s, version = version + 1 WHERE operation = %(operation)s"
        " AND content_hash = %(hash)s AND proposed_by = %(subject)s AND used_at IS NULL AND withdrawn_at IS NULL"
        " AND until <= %(now)s",
        {"operation": operation, "hash": content_hash, "subject": subject, "now": now},
    )


def linked_persons(connection: Rows, accounts: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The natural persons of those accounts (realm, subject) that operators have linked."""
    found = connection.execute(
        "SELECT realm, subject, person_id::text FROM shared.natural_person_account"
        " WHERE (realm, subject) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
        ([realm for realm, _subject in accounts], [subject for _realm, subject in accounts]),
    ).fetchall()
    return {(realm, subject): person for realm, subject, person in found}


def delete_old_decisions(connection: Rows, before: datetime) -> None:
    """Removes blocks, substitutions, delegations, invitations and emergency accesses that were over by then."""
    for table, over in (
        ("account_block", "ended_at < %s"),
        ("substitution", "last_day < %s::date"),
        ("delegation", "last_day < %s::date"),
        ("support_invitation", "until < %s"),
        ("emergency_access", "confirm_until < %s"),
    ):
        connection.execute(f"DELETE FROM {table} WHERE {over}", (before,))


def delete_old_approvals(connection: Rows, before: datetime) -> None:
    """Removes proposals that were over by then, whatever became of them."""
    connection.execute("DELETE FROM approval WHERE until < %s", (before,))


def delete_old_colleagues(connection: Rows, before: datetime) -> None:
    """Removes colleagues who were last here before then and whom no kept decision names."""
    connection.execute(
        "DELETE FROM staff_account a WHERE seen_at < %s"
        " AND NOT EXISTS (SELECT 1 FROM substitution x WHERE a.subject IN (x.absent, x.substitute))"
        " AND NOT EXISTS (SELECT 1 FROM delegation x WHERE a.subject IN (x.delegator, x.delegate))",
        (before,),
    )
