"""What the guided and the automatic way to a newer version share: the rows they write."""

from collections.abc import Sequence

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.models import TemplateVariant, TemplateVersion, VariantRebase
from kreisbund_platform.templates.source import source_of
from kreisbund_platform.templates.variants import queries
from kreisbund_platform.templates.variants.check import base_of, invalid, judge
from kreisbund_platform.templates.variants.editing import made, record
from kreisbund_platform.templates.variants.rebase_outcomes import Step, outcomes, resolved
from kreisbund_platform.templates.variants.terms import operation_of


def steps_between(before: TemplateVersion, version: TemplateVersion, variant: TemplateVariant) -> list[Step]:
    """The outcome of each of the county's operations on a version."""
    operations = [operation_of(raw) for raw in variant.operations]
    return outcomes(source_of(before), source_of(version), operations)


def opened(
    work: WorkContext,
    before: TemplateVersion,
    variant: TemplateVariant,
    version: TemplateVersion,
    steps: Sequence[Step],
    *,
    automatic: bool,
) -> VariantRebase:
    """Stores the beginning of a way."""
    now = work.clock.now()
    row = VariantRebase(
        id=ids.new_id(ids.Kind.VARIANT_REBASE, now),
        template_id=version.template_id,
        from_version_id=before.id,
        to_version_id=version.id,
        from_variant_id=variant.id,
        status="OPEN",
        steps=[step.to_json() for step in steps],
        automatic=automatic,
        started_at=now,
        started_by=work.principal.subject,
    )
    queries.insert_rebase(work.connection, row)
    note(work, "REBASE_BEGUN", row)
    return row


def conclude(
    work: WorkContext, rebase: VariantRebase, version: TemplateVersion, steps: Sequence[Step]
) -> Refusal | None:
    """Puts the new variant in force for its version and closes the way; the caller takes the version over."""
    new = base_of(work.connection, version)
    operations = resolved(new, steps)
    judged = judge(new, operations)
    if judged.problems:
        return invalid(judged.problems)
    variant = made(work, version, operations, judged, status="IN_FORCE")
    queries.retire_in_force(work.connection, version.id, work.clock.now())
    queries.insert_variant(work.connection, variant)
    record(work, "VARIANT_IN_FORCE", variant)
    rebase.status, rebase.to_variant_id = "FINISHED", variant.id
    rebase.finished_at, rebase.finished_by = work.clock.now(), work.principal.subject
    queries.update_rebase(work.connection, rebase)
    note(work, "REBASE_FINISHED", rebase)
    return None


def note(work: WorkContext, type: str, rebase: VariantRebase, **more: str | int) -> None:
    """What happened on the way, in the county's event log: ids and codes."""
    body = {
        "template_id": str(rebase.template_id),
        "rebase_id": str(rebase.id),
        "from_version_id": str(rebase.from_version_id),
        "to_version_id": str(rebase.to_version_id),
        "to_variant_id": str(rebase.to_variant_id) if rebase.to_variant_id else None,
        **more,
    }
    log.append(work, type=type, case_id=None, case_version=None, body=body)
