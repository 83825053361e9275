"""SQL of the shared catalogue (workspace `catalogue`) and of a county's adoptions (its own login role)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.database import catalogue_objects
from kreisbund_platform.templates.models import ProcessTemplate, TemplateAdoption, TemplateVersion, Topic

Rows = Connection[Any]


def tenant_id(connection: Rows, slug: str) -> UUID | None:
    """The county of this slug."""
    row = connection.execute("SELECT id FROM shared.tenant WHERE slug = %s", (slug,)).fetchone()
    return row[0] if row else None


def put_topic(connection: Rows, topic: Topic) -> UUID:
    """Adds a topic, or brings title and lead up to date; answers its id."""
    row = connection.execute(
        "INSERT INTO shared.topic (id, slug, title, lead_tenant_id) VALUES (%(id)s, %(slug)s, %(title)s,"
        " %(lead_tenant_id)s) ON CONFLICT (slug) DO UPDATE SET title = excluded.title,"
        " lead_tenant_id = excluded.lead_tenant_id RETURNING id",
        topic.model_dump(),
    ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def put_template(connection: Rows, template: ProcessTemplate) -> UUID:
    """Adds a template, or brings what is said of it up to date; answers its id and holds its row."""
    row = connection.execute(
        "INSERT INTO shared.process_template (id, slug, title, topic_id, leika_key, summary, created_at)"
        " VALUES (%(id)s, %(slug)s, %(title)s, %(topic_id)s, %(leika_key)s, %(summary)s, %(created_at)s)"
        " ON CONFLICT (slug) DO UPDATE SET title = excluded.title, topic_id = excluded.topic_id,"
        " leika_key = excluded.leika_key, summary = excluded.summary RETURNING id",
        template.model_dump(),
    ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def version_with(connection: Rows, slug: str, content_hash: str) -> TemplateVersion | None:
    """The version of a template that has exactly this content."""
    with connection.cursor(row_factory=class_row(TemplateVersion)) as cursor:
        return cursor.execute(
            "SELECT v.* FROM shared.template_version v JOIN shared.process_template t ON t.id = v.template_id"
            " WHERE t.slug = %s AND v.content_hash = %s",
            (slug, content_hash),
        ).fetchone()


def next_number(connection: Rows, template_id: UUID) -> int:
    """The number of the version to come; the caller holds the template's row."""
    row = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM shared.template_version WHERE template_id = %s", (template_id,)
    ).fetchone()
    return int(row[0]) if row else 1


def insert_version(connection: Rows, version: TemplateVersion) -> None:
    """Stores a published version."""
    values = version.model_dump()
    json_columns = ("manifest", "decisions", "forms", "letters", "cases")
    connection.execute(
        "INSERT INTO shared.template_version (id, template_id, number, content_hash, manifest, bpmn_xml, decisions,"
        " forms, letters, cases, start_form, published_at, published_by) VALUES (%(id)s, %(template_id)s, %(number)s,"
        " %(content_hash)s, %(manifest)s, %(bpmn_xml)s, %(decisions)s, %(forms)s, %(letters)s, %(cases)s,"
        " %(start_form)s, %(published_at)s, %(published_by)s)",
        {**values, **{name: Json(values[name]) for name in json_columns}},
    )


def version(connection: Rows, version_id: UUID) -> TemplateVersion | None:
    """A published version by its id."""
    with connection.cursor(row_factory=class_row(TemplateVersion)) as cursor:
        return cursor.execute("SELECT * FROM shared.template_version WHERE id = %s", (version_id,)).fetchone()


def version_numbered(connection: Rows, slug: str, number: int | None) -> TemplateVersion | None:
    """A template's version by its number; the newest where `number` is None."""
    with connection.cursor(row_factory=class_row(TemplateVersion)) as cursor:
        return cursor.execute(
            "SELECT v.* FROM shared.template_version v JOIN shared.process_template t ON t.id = v.template_id"
            " WHERE t.slug = %s AND (%s::int IS NULL OR v.number = %s) ORDER BY v.number DESC LIMIT 1",
            (slug, number, number),
        ).fetchone()


def newest_versions(connection: Rows) -> list[tuple[str, str, int, datetime]]:
    """Slug, title, number and date of each template's newest version, by slug."""
    return connection.execute(
        "SELECT DISTINCT ON (t.slug) t.slug, t.title, v.number, v.published_at FROM shared.process_template t"
        " JOIN shared.template_version v ON v.template_id = t.id ORDER BY t.slug, v.number DESC"
    ).fetchall()


def newest_version(connection: Rows, slug: str) -> tuple[UUID, UUID] | None:
    """Template id and id of its newest published version that is not retired."""
    return connection.execute(
        "SELECT t.id, v.id FROM shared.process_template t JOIN shared.template_version v ON v.template_id = t.id"
        " WHERE t.slug = %s AND NOT EXISTS (SELECT 1 FROM shared.version_retirement r WHERE r.version_id = v.id)"
        " ORDER BY v.number DESC LIMIT 1",
        (slug,),
    ).fetchone()


def version_in_force(connection: Rows, slug: str) -> UUID | None:
    """The version this county has adopted; None where it has not, has ended it, or the version is retired."""
    row = connection.execute(
        "SELECT a.version_id FROM template_adoption a JOIN shared.process_template t ON t.id = a.template_id"
        " WHERE t.slug = %s AND a.ended_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM shared.version_retirement r WHERE r.version_id = a.version_id)",
        (slug,),
    ).fetchone()
    return row[0] if row else None


def version_for_received(connection: Rows, slug: str, received_on: date) -> UUID | None:
    """The version on which an application received on this day starts in the connection's county."""
    template = "(SELECT t.id FROM shared.process_template t WHERE t.slug = %(slug)s)"
    statement = "SELECT " + catalogue_objects.STARTS_ON % (template, "%(received_on)s")
    row = connection.execute(statement.encode(), {"slug": slug, "received_on": received_on}).fetchone()
    return row[0] if row else None


def versions_offered(connection: Rows, day: date) -> list[UUID]:
    """For each template adopted in the connection's county the version on which a case of this day starts."""
    version = catalogue_objects.STARTS_ON % ("a.template_id", "%(day)s")
    statement = f"SELECT {version} FROM template_adoption a WHERE a.ended_at IS NULL ORDER BY a.template_id"
    return [row[0] for row in connection.execute(statement.encode(), {"day": day}) if row[0]]


def is_retired(connection: Rows, version_id: UUID) -> bool:
    """Whether a version may be taken over no more."""
    query = "SELECT 1 FROM shared.version_retirement WHERE version_id = %s"
    return connection.execute(query, (version_id,)).fetchone() is not None


def put_adoption(connection: Rows, adoption: TemplateAdoption) -> bool:
    """Adopts a version; false where exactly this one is in force already."""
    row = connection.execute(
        "INSERT INTO template_adoption AS a (template_id, version_id, adopted_at, adopted_by) VALUES (%(template_id)s,"
        " %(version_id)s, %(adopted_at)s, %(adopted_by)s) ON CONFLICT (template_id) DO UPDATE SET"
        " version_id = excluded.version_id, adopted_at = excluded.adopted_at, adopted_by = excluded.adopted_by,"
        " ended_at = NULL WHERE a.ended_at IS NOT NULL OR a.version_id <> excluded.version_id RETURNING 1",
        adoption.model_dump(),
    ).fetchone()
    return row is not None


def end_adoption(connection: Rows, slug: str, at: datetime) -> TemplateAdoption | None:
    """Ends the adoption in force and answers it; None where there is none."""
    with connection.cursor(row_factory=class_row(TemplateAdoption)) as cursor:
        return cursor.execute(
            "UPDATE template_adoption a SET ended_at = %s FROM shared.process_template t"
            " WHERE t.id = a.template_id AND t.slug = %s AND a.ended_at IS NULL"
            " RETURNING a.template_id, a.version_id, a.adopted_at, a.adopted_by, a.ended_at",
            (at, slug),
        ).fetchone()


def emit_adoption(connection: Rows, adoption: TemplateAdoption, now: datetime) -> None:
    """Tells the collector, which brings it to shared.adoption_overview."""
    payload = {
        "template_id": str(adoption.template_id),
        "version_id": str(adoption.version_id),
        "adopted_at": adoption.adopted_at.isoformat(),
        "ended_at": adoption.ended_at.isoformat() if adoption.ended_at else None,
    }
    connection.execute(
        "INSERT INTO outbox (topic, payload, created_at) VALUES ('adoption', %s, %s)", (Json(payload), now)
    )
