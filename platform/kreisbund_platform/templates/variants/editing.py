"""A county varies a template: a draft of operations, checked at once, then in force for new applications.

Running cases stay on what they started on. Who may do so is policy's matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, FieldError, Invalid, NotFound, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.models import TemplateAdoption, TemplateVariant, TemplateVersion
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.templates.variants import queries as variants_queries
from kreisbund_platform.templates.variants.check import Judged, base_of, invalid, judge
from kreisbund_platform.templates.variants.points import points
from kreisbund_platform.templates.variants.terms import Operation, operation_of
from kreisbund_platform.texts import _

_GIVEN = frozenset({"point", "kind", "value", "reason", "citation", "citation_date"})


def save_draft(
    work: WorkContext, template_slug: str, given: Sequence[Mapping[str, Any]], expected_version: int
) -> UUID | Refusal:
    """Stores the county's operations as its draft and answers its id; refused where one of them may not be.

    `expected_version` is 0 where there is no draft yet. Operations as in `Operation`, fingerprints left out: they are
    taken from the base in force here.
    """
    adoption = variants_queries.lock_adoption(work.connection, template_slug)
    base = _base(work, adoption)
    if adoption is None or base is None:
        return not_offered()
    draft = variants_queries.draft(work.connection, adoption.template_id)
    if (draft.version if draft else 0) != expected_version:
        return stale(draft.version if draft else 0)
    source = base_of(work.connection, base)
    operations = read_operations(source, given)
    if isinstance(operations, Invalid):
        return operations
    judged = judge(source, operations)
    if judged.problems:
        return invalid(judged.problems)
    return _store_draft(work, base, operations, judged, draft)


def read_operations(source: TemplateSource, given: Sequence[Mapping[str, Any]]) -> list[Operation] | Invalid:
    """Operations as a client names them, with the fingerprint and value of the base they are written against."""
    known = {point.id: point for point in points(source)}
    found = []
    for number, raw in enumerate(given):
        place = str(raw.get("point") or number)
        try:
            operation = operation_of({name: raw[name] for name in _GIVEN if raw.get(name) is not None})
        except (ValueError, KeyError, TypeError):
            return invalid([FieldError(place, "UNREADABLE", _("Diese Angabe ist nicht lesbar."))])
        point = known.get(operation.point)
        if point is not None:
            operation = replace(operation, fingerprint=point.fingerprint, base_value=point.base_value)
        found.append(operation)
    return found


def put_in_force(work: WorkContext, variant_id: UUID, expected_version: int) -> UUID | Refusal:
    """New applications start on the draft from now on. Checked once more, on the base that is in force now."""
    draft = variants_queries.lock_variant(work.connection, variant_id)
    if draft is None:
        return not_offered()
    if draft.status != "DRAFT" or draft.version != expected_version:
        return stale(draft.version)
    adoption = variants_queries.adoption_of(work.connection, draft.template_id)
    base = _base(work, adoption)
    if base is None:
        return not_offered()
    if draft.base_version_id != base.id:
        return Conflict("BASE_CHANGED", _("Inzwischen gilt hier eine andere Fassung der Vorlage."), draft.version)
    judged = judge(base_of(work.connection, base), [operation_of(raw) for raw in draft.operations])
    if judged.problems:
        return invalid(judged.problems)
    variants_queries.retire_in_force(work.connection, base.id, work.clock.now())
    variants_queries.put_in_force(work.connection, draft.id, work.principal.subject, work.clock.now())
    record(work, "VARIANT_IN_FORCE", draft)
    return draft.id


def discard_draft(work: WorkContext, variant_id: UUID, expected_version: int) -> UUID | Refusal:
    """Throws the draft away; answers the template's id."""
    draft = variants_queries.lock_variant(work.connection, variant_id)
    if draft is None:
        return not_offered()
    if draft.status != "DRAFT" or draft.version != expected_version:
        return stale(draft.version)
    variants_queries.delete_draft(work.connection, draft.id)
    record(work, "VARIANT_DISCARDED", draft)
    return draft.template_id


def end_variant(work: WorkContext, variant_id: UUID, expected_version: int) -> UUID | Refusal:
    """New applications start on the base itself from now on; answers the template's id."""
    found = variants_queries.lock_variant(work.connection, variant_id)
    if found is None:
        return not_offered()
    if found.status != "IN_FORCE" or found.version != expected_version:
        return stale(found.version)
    variants_queries.retire_in_force(work.connection, found.base_version_id, work.clock.now())
    record(work, "VARIANT_ENDED", found)
    return found.template_id


def made(
    work: WorkContext, base: TemplateVersion, operations: Sequence[Operation], judged: Judged, *, status: str
) -> TemplateVariant:
    """A variant that is not stored yet, with the whole template as it runs here."""
    now, source = work.clock.now(), judged.source
    by = work.principal.subject
    return TemplateVariant(
        id=ids.new_id(ids.Kind.TEMPLATE_VARIANT, now),
        template_id=base.template_id,
        base_version_id=base.id,
        number=variants_queries.next_number(work.connection, base.template_id),
        status=status,
        operations=[operation.to_json() for operation in operations],
        content_hash=source.content_hash,
        manifest=dict(source.manifest),
        bpmn_xml=source.bpmn_xml.decode(),
        decisions={name: xml.decode() for name, xml in source.decisions.items()},
        forms=dict(source.forms),
        letters=dict(source.letters),
        created_at=now,
        created_by=by,
        in_force_at=now if status == "IN_FORCE" else None,
        in_force_by=by if status == "IN_FORCE" else None,
    )


def _store_draft(
    work: WorkContext,
    base: TemplateVersion,
    operations: Sequence[Operation],
    judged: Judged,
    draft: TemplateVariant | None,
) -> UUID:
    new = made(work, base, operations, judged, status="DRAFT")
    if draft is None:
        variants_queries.insert_variant(work.connection, new)
    else:
        new.id, new.number = draft.id, draft.number
        variants_queries.replace_draft(work.connection, new)
    record(work, "VARIANT_DRAFTED", new)
    return new.id


def _base(work: WorkContext, adoption: TemplateAdoption | None) -> TemplateVersion | None:
    if adoption is None or adoption.ended_at is not None:
        return None
    return queries.version(work.connection, adoption.version_id)


def not_offered() -> NotFound:
    """A template that the county has not adopted, a variant that is another's, or that never was."""
    return NotFound("NOT_FOUND", _("Diese örtliche Variante gibt es nicht."))


def stale(version: int) -> Conflict:
    """Somebody else changed it meanwhile, or it is no longer what it was."""
    return Conflict("STALE_VERSION", _("Inzwischen hat sich etwas geändert. Bitte laden Sie die Seite neu."), version)


def record(work: WorkContext, type: str, variant: TemplateVariant) -> None:
    """What happened to a variant, in the county's event log."""
    body = {
        "template_id": str(variant.template_id),
        "base_version_id": str(variant.base_version_id),
        "variant_id": str(variant.id),
        "content_hash": variant.content_hash,
    }
    log.append(work, type=type, case_id=None, case_version=None, body=body)
