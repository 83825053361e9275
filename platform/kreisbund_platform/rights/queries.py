"""SQL of a county's decisions about people that one row's columns do not say."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Json

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
