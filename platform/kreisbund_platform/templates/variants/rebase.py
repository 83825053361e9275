"""The guided way of a county's variant to a newer version: begin, decide step by step, finish, undo.

Finishing makes the new variant and takes the version over in one transaction. Undoing leads new applications back
to the version and the variant before; cases that began meanwhile stay on what they began on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from kreisbund_platform.errors import Conflict, FieldError, Invalid, NotFound, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.life_cycle import releases
from kreisbund_platform.templates.models import TemplateVersion, VariantRebase
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.templates.variants import queries as variants_queries
from kreisbund_platform.templates.variants.check import Judged, base_of, invalid, judge
from kreisbund_platform.templates.variants.editing import stale
from kreisbund_platform.templates.variants.rebase_outcomes import Decision, Step, choice_problem, resolved, step_of
from kreisbund_platform.templates.variants.rebase_steps import conclude, note, opened, steps_between
from kreisbund_platform.templates.variants.terms import LONGEST_REASON as LONGEST
from kreisbund_platform.texts import _


@dataclass(frozen=True)
class Choice:
    """A person's decision of one step, as it comes in."""

    position: int
    choice: str
    value: object = None
    point: str | None = None
    citation: str | None = None
    citation_date: str | None = None
    reason: str = ""


def begin(work: WorkContext, template_slug: str, number: int | None = None) -> UUID | Refusal:
    """Begins the way to a version (the newest without a number), or answers the one to it that is open."""
    adoption = variants_queries.lock_adoption(work.connection, template_slug)
    version = _target(work, template_slug, number)
    if adoption is None or version is None or adoption.ended_at is not None:
        return _unknown()
    before = queries.version(work.connection, adoption.version_id)
    variant = variants_queries.variant(work.connection, adoption.variant_id) if adoption.variant_id else None
    if before is None or variant is None:
        return Conflict("NO_VARIANT", _("Hier weicht nichts von der Vorlage ab; die Fassung lässt sich freigeben."))
    if before.id == version.id:
        return Conflict("SAME_VERSION", _("Diese Fassung gilt hier schon."))
    running = variants_queries.open_rebase(work.connection, version.template_id)
    if running is not None:
        is_same = (running.to_version_id, running.from_variant_id) == (version.id, variant.id)
        return running.id if is_same else Conflict("REBASE_OPEN", _("Ein anderer Übergang ist noch offen."))
    steps = steps_between(before, version, variant)
    return opened(work, before, variant, version, steps, automatic=False).id


def _target(work: WorkContext, slug: str, number: int | None) -> TemplateVersion | None:
    if number is not None:
        return variants_queries.version_numbered(work.connection, slug, number)
    newest = queries.newest_version(work.connection, slug)
    return queries.version(work.connection, newest[1]) if newest else None


def decide(work: WorkContext, rebase_id: UUID, choice: Choice, expected_version: int) -> UUID | Refusal:
    """Records what a person decided of one step; may be changed until the way is finished."""
    rebase = _open(work, rebase_id, expected_version)
    if not isinstance(rebase, VariantRebase):
        return rebase
    steps = [step_of(raw) for raw in rebase.steps]
    if not 0 <= choice.position < len(steps):
        return _unknown()
    decision = Decision(
        choice.choice,
        work.principal.subject,
        work.clock.now().isoformat(),
        choice.value,
        choice.point,
        choice.citation,
        choice.citation_date,
        choice.reason[:LONGEST],
    )
    if refusal := _decision_refusal(_new_source(work, rebase), steps, choice.position, decision):
        return refusal
    steps[choice.position] = replace(steps[choice.position], decision=decision)
    rebase.steps = [step.to_json() for step in steps]
    variants_queries.update_rebase(work.connection, rebase)
    note(work, "REBASE_DECIDED", rebase, position=choice.position, choice=choice.choice)
    return rebase.id


def _decision_refusal(new: TemplateSource, steps: Sequence[Step], position: int, decision: Decision) -> Refusal | None:
    step = steps[position]
    if problem := choice_problem(new, steps, step, decision):
        return invalid([problem])
    try:
        chosen = resolved(new, [replace(step, decision=decision)])
    except (ValueError, TypeError):
        return invalid([FieldError("citationDate", "DATE", _("Bitte geben Sie den Tag der Satzung an."))])
    problems = judge(new, chosen).problems
    return invalid([FieldError("value", each.code, each.message) for each in problems]) if problems else None


def finish(work: WorkContext, rebase_id: UUID, expected_version: int, reason: str | None = None) -> UUID | Refusal:
    """Makes the new variant, takes the version over, and closes the way; refused while a step is open or unsound."""
    rebase = _open(work, rebase_id, expected_version)
    if not isinstance(rebase, VariantRebase):
        return rebase
    version = queries.version(work.connection, rebase.to_version_id)
    assert version is not None, "published versions stay"
    steps = [step_of(raw) for raw in rebase.steps]
    waiting = [number for number, step in enumerate(steps) if step.is_open]
    if waiting:
        text = _("Bitte entscheiden Sie zuerst alle offenen Stellen.")
        return Invalid("STEPS_OPEN", text, tuple(FieldError(f"steps.{n}", "OPEN", text) for n in waiting))
    refusal: Refusal | None = _moved_on(work, rebase) or conclude(work, rebase, version, steps)
    if refusal:
        return refusal
    taken = releases.put_in_force(work, version, reason=reason)
    return rebase.id if isinstance(taken, UUID) else taken


def _moved_on(work: WorkContext, rebase: VariantRebase) -> Conflict | None:
    adoption = variants_queries.adoption_of(work.connection, rebase.template_id)
    if adoption is None or (adoption.version_id, adoption.variant_id) != (
        rebase.from_version_id,
        rebase.from_variant_id,
    ):
        message = _("Inzwischen gilt hier etwas anderes. Bitte beginnen Sie den Übergang neu.")
        return Conflict("VARIANT_CHANGED", message, rebase.version)
    return None


def undo(work: WorkContext, rebase_id: UUID, expected_version: int, reason: str) -> UUID | Refusal:
    """Leads new applications back to the version and the variant before, while nothing else came after."""
    rebase = variants_queries.lock_rebase(work.connection, rebase_id)
    if rebase is None:
        return _unknown()
    if rebase.status != "FINISHED" or rebase.version != expected_version:
        return stale(rebase.version)
    if not reason.strip() or len(reason) > LONGEST:
        return invalid([FieldError("reason", "REASON", _("Bitte begründen Sie, warum Sie zurückgehen."))])
    adoption = variants_queries.adoption_of(work.connection, rebase.template_id)
    before = queries.version(work.connection, rebase.from_version_id)
    stands = adoption and (adoption.version_id, adoption.variant_id) == (rebase.to_version_id, rebase.to_variant_id)
    if before is None or not stands:
        return Conflict("VARIANT_CHANGED", _("Inzwischen gilt hier etwas anderes."), rebase.version)
    variants_queries.retire_in_force(work.connection, rebase.to_version_id, work.clock.now())
    rebase.status, rebase.undone_reason = "UNDONE", reason.strip()
    rebase.undone_at, rebase.undone_by = work.clock.now(), work.principal.subject
    variants_queries.update_rebase(work.connection, rebase)
    note(work, "REBASE_UNDONE", rebase)
    taken = releases.put_in_force(work, before, reason=reason)
    return rebase.id if isinstance(taken, UUID) else taken


def abandon(work: WorkContext, rebase_id: UUID, expected_version: int) -> UUID | Refusal:
    """Gives an open way up; nothing that is in force changes."""
    rebase = _open(work, rebase_id, expected_version)
    if not isinstance(rebase, VariantRebase):
        return rebase
    rebase.status = "ABANDONED"
    variants_queries.update_rebase(work.connection, rebase)
    note(work, "REBASE_ABANDONED", rebase)
    return rebase.id


def judged(work: WorkContext, rebase: VariantRebase) -> Judged:
    """What the way would lead to as it stands: rules, soundness, cases of the base that run otherwise."""
    new = _new_source(work, rebase)
    return judge(new, resolved(new, [step_of(raw) for raw in rebase.steps]))


def _open(work: WorkContext, rebase_id: UUID, expected_version: int) -> VariantRebase | Refusal:
    rebase = variants_queries.lock_rebase(work.connection, rebase_id)
    if rebase is None:
        return _unknown()
    if rebase.status != "OPEN" or rebase.version != expected_version:
        return stale(rebase.version)
    return rebase


def _new_source(work: WorkContext, rebase: VariantRebase) -> TemplateSource:
    version = queries.version(work.connection, rebase.to_version_id)
    assert version is not None, "published versions stay"
    return base_of(work.connection, version)


def _unknown() -> NotFound:
    return NotFound("NOT_FOUND", _("Diesen Übergang gibt es nicht."))
