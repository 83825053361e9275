"""SQL of documents, uploads, decisions and deliveries, in one county's schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from sqlmodel import SQLModel

from kreisbund_platform.documents.models import Document, Upload

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class OwnDelivery:
    """A delivery of a notice to the person who asks for it, with what its periods depend on."""

    id: UUID
    decision_id: UUID
    case_id: UUID
    case_version: int
    channel: str
    municipality_key: str | None
    regime: str
    remedy_kind: str | None


def insert(connection: Connection, row: SQLModel) -> None:
    """Writes one row; column names are those of its model."""
    values = row.model_dump()
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(str(row.__tablename__)),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )
    connection.execute(statement, list(values.values()))


def own_uploads(connection: Connection, subject: str, upload_ids: Sequence[UUID], lock: bool = False) -> list[Upload]:
    """Those of the uploads that this person sent and no case took."""
    statement = "SELECT * FROM upload WHERE id = ANY(%s) AND subject = %s AND claimed_by_case IS NULL ORDER BY id"
    with connection.cursor(row_factory=class_row(Upload)) as cursor:
        return cursor.execute(statement + (" FOR UPDATE" if lock else ""), (list(upload_ids), subject)).fetchall()


def mark_claimed(connection: Connection, upload_ids: Sequence[UUID], case_id: UUID) -> None:
    """From now on these uploads belong to the case."""
    connection.execute("UPDATE upload SET claimed_by_case = %s WHERE id = ANY(%s)", (case_id, list(upload_ids)))


def delete_unclaimed(connection: Connection, before: datetime) -> list[str]:
    """Deletes uploads that no case took; answers the storage keys that nothing uses any more."""
    rows = connection.execute(
        "WITH gone AS (DELETE FROM upload WHERE claimed_by_case IS NULL AND created_at < %(before)s"
        " RETURNING id, storage_key) SELECT DISTINCT storage_key FROM gone"
        " WHERE NOT EXISTS (SELECT FROM document d WHERE d.storage_key = gone.storage_key)"
        " AND NOT EXISTS (SELECT FROM upload u WHERE u.storage_key = gone.storage_key"
        " AND (u.claimed_by_case IS NOT NULL OR u.created_at >= %(before)s))",
        {"before": before},
    )
    return [row[0] for row in rows]


def document(connection: Connection, document_id: UUID) -> Document | None:
    """A document of the county."""
    with connection.cursor(row_factory=class_row(Document)) as cursor:
        return cursor.execute("SELECT * FROM document WHERE id = %s", (document_id,)).fetchone()


def scan_state_of(connection: Connection, upload_id: UUID | None) -> str:
    """What is known of an upload; where nothing is, nobody has scanned it."""
    row = connection.execute("SELECT scan_state FROM upload WHERE id = %s", (upload_id,)).fetchone()
    return str(row[0]) if row else "NOT_SCANNED"


def is_party(connection: Connection, case_id: UUID, subject: str) -> bool:
    """Whether the person applied in this case or is one of its parties."""
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM application WHERE case_id = %(case)s AND applicant_subject = %(subject)s)"
        " OR EXISTS (SELECT FROM party WHERE case_id = %(case)s AND subject = %(subject)s)",
        {"case": case_id, "subject": subject},
    ).fetchone()
    return bool(found and found[0])


def unretrieved_delivery(connection: Connection, document_id: UUID, subject: str) -> OwnDelivery | None:
    """The delivery of this notice to this person, locked, if they have not retrieved it before."""
    statement = (
        "SELECT l.id, d.id AS decision_id, c.id AS case_id, c.version AS case_version, l.channel, c.municipality_key,"
        " coalesce(t.manifest ->> 'regime', 'ThürVwVfG') AS regime, d.remedy_kind"
        " FROM decision d JOIN delivery l ON l.decision_id = d.id JOIN case_record c ON c.id = d.case_id"
        " JOIN party p ON p.id = l.party_id AND p.subject = %s"
        " LEFT JOIN shared.template_version t ON t.id = c.template_version_id"
        " WHERE d.document_id = %s AND l.retrieved_at IS NULL ORDER BY l.id LIMIT 1 FOR UPDATE OF l"
    )
    with connection.cursor(row_factory=class_row(OwnDelivery)) as cursor:
        return cursor.execute(statement, (subject, document_id)).fetchone()


def mark_retrieved(connection: Connection, delivery_id: UUID, retrieved_at: datetime, deemed_on: date) -> None:
    """The recipient has the notice; an earlier fiction of delivery stands."""
    connection.execute(
        "UPDATE delivery SET retrieved_at = %s, deemed_on = least(deemed_on, %s) WHERE id = %s",
        (retrieved_at, deemed_on, delivery_id),
    )


def last_deemed_on(connection: Connection, decision_id: UUID) -> date | None:
    """The day on which the last recipient has the notice; None while one has no day yet."""
    row = connection.execute(
        "SELECT CASE WHEN bool_and(deemed_on IS NOT NULL) THEN max(deemed_on) END FROM delivery WHERE decision_id = %s",
        (decision_id,),
    ).fetchone()
    return row[0] if row else None


def set_remedy_until(connection: Connection, decision_id: UUID, until: date) -> None:
    """The last day for a remedy."""
    connection.execute("UPDATE decision SET remedy_until = %s WHERE id = %s", (until, decision_id))


def unit_name(connection: Connection, unit_id: UUID) -> str | None:
    """What a unit of the county is called."""
    row = connection.execute("SELECT name FROM shared.unit WHERE id = %s", (unit_id,)).fetchone()
    return str(row[0]) if row else None


def last_remedy(connection: Connection, case_id: UUID) -> tuple[date | None] | None:
    """Until when the case's last decision may be contested; no row where none may."""
    row = connection.execute(
        "SELECT remedy_until FROM decision WHERE case_id = %s AND remedy_kind IS NOT NULL"
        " ORDER BY decided_at DESC, id DESC LIMIT 1",
        (case_id,),
    ).fetchone()
    return (row[0],) if row else None


def notices_of(connection: Connection, case_id: UUID) -> list[UUID]:
    """The documents of the case's decisions."""
    rows = connection.execute("SELECT document_id FROM decision WHERE case_id = %s ORDER BY decided_at", (case_id,))
    return [row[0] for row in rows]
