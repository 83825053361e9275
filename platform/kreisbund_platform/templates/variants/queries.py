"""SQL of a county's variants and rebases, on the county's own connection."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json

from kreisbund_platform.templates.models import TemplateAdoption, TemplateVariant, TemplateVersion, VariantRebase

Rows = Connection[Any]
_JSON = ("operations", "manifest", "decisions", "forms", "letters")


def variant(connection: Rows, variant_id: UUID) -> TemplateVariant | None:
    """One variant of the county."""
    with connection.cursor(row_factory=class_row(TemplateVariant)) as cursor:
        return cursor.execute("SELECT * FROM template_variant WHERE id = %s", (variant_id,)).fetchone()


def lock_variant(connection: Rows, variant_id: UUID) -> TemplateVariant | None:
    """One variant, locked until the transaction ends."""
    with connection.cursor(row_factory=class_row(TemplateVariant)) as cursor:
        return cursor.execute("SELECT * FROM template_variant WHERE id = %s FOR UPDATE", (variant_id,)).fetchone()


def in_force(connection: Rows, version_id: UUID) -> UUID | None:
    """The variant that new applications of a version start on here; None where the version itself counts."""
    row = connection.execute(
        "SELECT id FROM template_variant WHERE base_version_id = %s AND status = 'IN_FORCE'", (version_id,)
    ).fetchone()
    return row[0] if row else None


def draft(connection: Rows, template_id: UUID) -> TemplateVariant | None:
    """The county's draft of a template, locked."""
    with connection.cursor(row_factory=class_row(TemplateVariant)) as cursor:
        return cursor.execute(
            "SELECT * FROM template_variant WHERE template_id = %s AND status = 'DRAFT' FOR UPDATE", (template_id,)
        ).fetchone()


def next_number(connection: Rows, template_id: UUID) -> int:
    """The number of the variant to come; the caller holds the adoption's row."""
    row = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM template_variant WHERE template_id = %s", (template_id,)
    ).fetchone()
    return int(row[0]) if row else 1


def insert_variant(connection: Rows, made: TemplateVariant) -> None:
    """Stores a variant."""
    values = made.model_dump()
    connection.execute(
        "INSERT INTO template_variant (id, template_id, base_version_id, number, version, status, operations,"
        " content_hash, manifest, bpmn_xml, decisions, forms, letters, created_at, created_by, in_force_at,"
        " in_force_by) VALUES (%(id)s, %(template_id)s, %(base_version_id)s, %(number)s, %(version)s, %(status)s,"
        " %(operations)s, %(content_hash)s, %(manifest)s, %(bpmn_xml)s, %(decisions)s, %(forms)s, %(letters)s,"
        " %(created_at)s, %(created_by)s, %(in_force_at)s, %(in_force_by)s)",
        {**values, **{name: Json(values[name]) for name in _JSON}},
    )


def replace_draft(connection: Rows, made: TemplateVariant) -> None:
    """A draft's new content; its number and id stay."""
    values = made.model_dump()
    connection.execute(
        "UPDATE template_variant SET base_version_id = %(base_version_id)s, version = version + 1,"
        " operations = %(operations)s, content_hash = %(content_hash)s, manifest = %(manifest)s,"
        " bpmn_xml = %(bpmn_xml)s, decisions = %(decisions)s, forms = %(forms)s, letters = %(letters)s,"
        " created_at = %(created_at)s, created_by = %(created_by)s WHERE id = %(id)s",
        {**values, **{name: Json(values[name]) for name in _JSON}},
    )


def delete_draft(connection: Rows, variant_id: UUID) -> None:
    """Throws a draft away."""
    connection.execute("DELETE FROM template_variant WHERE id = %s AND status = 'DRAFT'", (variant_id,))


def retire_in_force(connection: Rows, version_id: UUID, now: datetime) -> None:
    """The version itself counts again for new applications."""
    connection.execute(
        "UPDATE template_variant SET status = 'REPLACED', replaced_at = %s, version = version + 1"
        " WHERE base_version_id = %s AND status = 'IN_FORCE'",
        (now, version_id),
    )


def put_in_force(connection: Rows, variant_id: UUID, by: str, now: datetime) -> None:
    """New applications start on the variant; the one in force before must have been retired."""
    connection.execute(
        "UPDATE template_variant SET status = 'IN_FORCE', in_force_at = %s, in_force_by = %s, version = version + 1"
        " WHERE id = %s",
        (now, by, variant_id),
    )


def lock_adoption(connection: Rows, slug: str) -> TemplateAdoption | None:
    """What the county adopted of a template, ended or not, locked: variants change under this lock."""
    with connection.cursor(row_factory=class_row(TemplateAdoption)) as cursor:
        return cursor.execute(
            "SELECT a.* FROM template_adoption a JOIN shared.process_template t ON t.id = a.template_id"
            " WHERE t.slug = %s FOR UPDATE OF a",
            (slug,),
        ).fetchone()


def adoption_of(connection: Rows, template_id: UUID) -> TemplateAdoption | None:
    """As `lock_adoption`, by the template's id."""
    with connection.cursor(row_factory=class_row(TemplateAdoption)) as cursor:
        return cursor.execute(
            "SELECT * FROM template_adoption WHERE template_id = %s FOR UPDATE", (template_id,)
        ).fetchone()


def version_numbered(connection: Rows, slug: str, number: int) -> TemplateVersion | None:
    """A published version of a template by its number."""
    with connection.cursor(row_factory=class_row(TemplateVersion)) as cursor:
        return cursor.execute(
            "SELECT v.* FROM shared.template_version v JOIN shared.process_template t ON t.id = v.template_id"
            " WHERE t.slug = %s AND v.number = %s",
            (slug, number),
        ).fetchone()


def rebase(connection: Rows, rebase_id: UUID) -> VariantRebase | None:
    """A rebase, to be read."""
    with connection.cursor(row_factory=class_row(VariantRebase)) as cursor:
        return cursor.execute("SELECT * FROM variant_rebase WHERE id = %s", (rebase_id,)).fetchone()


def lock_rebase(connection: Rows, rebase_id: UUID) -> VariantRebase | None:
    """A rebase, locked until the transaction ends."""
    with connection.cursor(row_factory=class_row(VariantRebase)) as cursor:
        return cursor.execute("SELECT * FROM variant_rebase WHERE id = %s FOR UPDATE", (rebase_id,)).fetchone()


def open_rebase(connection: Rows, template_id: UUID) -> VariantRebase | None:
    """The rebase of a template that is not finished."""
    with connection.cursor(row_factory=class_row(VariantRebase)) as cursor:
        return cursor.execute(
            "SELECT * FROM variant_rebase WHERE template_id = %s AND status = 'OPEN' FOR UPDATE", (template_id,)
        ).fetchone()


def insert_rebase(connection: Rows, made: VariantRebase) -> None:
    """Stores a rebase that begins."""
    connection.execute(
        "INSERT INTO variant_rebase (id, template_id, from_version_id, to_version_id, from_variant_id, status, version,"
        " steps, automatic, started_at, started_by) VALUES (%(id)s, %(template_id)s, %(from_version_id)s,"
        " %(to_version_id)s, %(from_variant_id)s, %(status)s, %(version)s, %(steps)s, %(automatic)s, %(started_at)s,"
        " %(started_by)s)",
        {**made.model_dump(), "steps": Json(made.steps)},
    )


def update_rebase(connection: Rows, changed: VariantRebase) -> None:
    """Stores what a step of a rebase changed; raises its version."""
    connection.execute(
        "UPDATE variant_rebase SET status = %(status)s, version = version + 1, steps = %(steps)s,"
        " to_variant_id = %(to_variant_id)s, finished_at = %(finished_at)s, finished_by = %(finished_by)s,"
        " undone_at = %(undone_at)s, undone_by = %(undone_by)s, undone_reason = %(undone_reason)s WHERE id = %(id)s",
        {**changed.model_dump(), "steps": Json(changed.steps)},
    )
