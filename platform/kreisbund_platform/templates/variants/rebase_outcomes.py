"""Carrying operations over to a newer base: three outcomes, what a person must decide, what comes of it. Pure.

An anchor as it was: AUTOMATIC. An anchor that changed: DECIDE (KEEP mine, take the BASE, EDIT). An anchor that is
gone, or that may no longer vary: CONFLICT (DROP, or REANCHOR at another point of the same kind).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kreisbund_platform.errors import FieldError
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.templates.variants.points import points, words
from kreisbund_platform.templates.variants.terms import Operation, Point, operation_of
from kreisbund_platform.texts import _

AUTOMATIC, DECIDE, CONFLICT = "AUTOMATIC", "DECIDE", "CONFLICT"
CHOICES: Mapping[str, tuple[str, ...]] = {
    AUTOMATIC: (),
    DECIDE: ("KEEP", "BASE", "EDIT"),
    CONFLICT: ("DROP", "REANCHOR"),
}


@dataclass(frozen=True)
class Decision:
    """What a person decided: `value` for EDIT and REANCHOR, `point` for REANCHOR; `by` and `at` (ISO, UTC)."""

    choice: str
    by: str
    at: str
    value: Any = None
    point: str | None = None
    citation: str | None = None
    citation_date: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """One operation on its way. `reason` is German, `title` names its place, the rest are readable values."""

    operation: Operation
    outcome: str
    title: str
    reason: str
    base_before: str
    base_now: str | None
    mine: str
    decision: Decision | None = None

    @property
    def is_open(self) -> bool:
        """Whether a person has still to decide."""
        return self.outcome != AUTOMATIC and self.decision is None

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            **asdict(self),
            "operation": self.operation.to_json(),
            "decision": asdict(self.decision) if self.decision else None,
        }


def step_of(raw: Mapping[str, Any]) -> Step:
    """A step as it was stored."""
    decision = Decision(**raw["decision"]) if raw["decision"] else None
    return Step(**{**raw, "operation": operation_of(raw["operation"]), "decision": decision})


def outcomes(old: TemplateSource, new: TemplateSource, operations: Sequence[Operation]) -> list[Step]:
    """What becomes of each operation on the new base."""
    before = {point.id: point for point in points(old)}
    now = {point.id: point for point in points(new)}
    return [_outcome(operation, before.get(operation.point), now.get(operation.point)) for operation in operations]


def _outcome(operation: Operation, before: Point | None, now: Point | None) -> Step:
    outcome, reason = _judged(operation, now)
    shown = now or before
    return Step(
        operation=operation,
        outcome=outcome,
        title=shown.title if shown else operation.point,
        reason=reason,
        base_before=operation.base_value or (before.base_value if before else ""),
        base_now=now.base_value if now else None,
        mine=words(operation.kind, before.unit if before else None, operation.value),
    )


def _judged(operation: Operation, now: Point | None) -> tuple[str, str]:
    if now is None or (not now.fingerprint and now.locked):
        return CONFLICT, _("Diese Stelle gibt es in der neuen Fassung nicht mehr.")
    if now.kind != operation.kind:
        return CONFLICT, _("Diese Stelle lässt in der neuen Fassung nur eine andere Art von Abweichung zu.")
    if now.locked:
        return CONFLICT, _("Hier darf nicht mehr abgewichen werden: {reason}").format(reason=now.locked)
    if now.fingerprint == operation.fingerprint:
        return AUTOMATIC, _("An dieser Stelle hat sich nichts geändert.")
    if now.base_value == operation.base_value:
        return DECIDE, _("Die Vorschrift oder die Umgebung dieser Stelle hat sich geändert: {norm}").format(
            norm=now.citation
        )
    message = _("Die Vorlage hatte hier „{before}“, jetzt „{now}“.")
    return DECIDE, message.format(before=operation.base_value, now=now.base_value)


def resolved(new: TemplateSource, steps: Sequence[Step]) -> list[Operation]:
    """The operations on the new base, with its fingerprints; steps that are still open are left out."""
    now = {point.id: point for point in points(new)}
    found = [operation for step in steps if (operation := decided_operation(step)) is not None]
    return [
        replace(operation, fingerprint=now[operation.point].fingerprint, base_value=now[operation.point].base_value)
        if operation.point in now
        else operation
        for operation in found
    ]


def decided_operation(step: Step) -> Operation | None:
    """What a step leads to: the operation, an edited or moved one, or none."""
    if step.outcome == AUTOMATIC:
        return step.operation
    decision = step.decision
    if decision is None or decision.choice in ("BASE", "DROP"):
        return None
    if decision.choice == "KEEP":
        return step.operation
    raw = step.operation.to_json()
    for name in ("citation", "citation_date"):
        raw[name] = getattr(decision, name) or raw[name]
    raw["value"] = raw["value"] if decision.value is None else decision.value
    raw["reason"] = decision.reason or raw["reason"]
    raw["point"] = decision.point if decision.choice == "REANCHOR" else raw["point"]
    return operation_of(raw)


def targets(new: TemplateSource, steps: Sequence[Step], step: Step) -> list[Point]:
    """Where a conflict may be anchored anew: points of the same kind that vary and that no other operation holds."""
    taken = {operation.point for other in steps if other is not step and (operation := decided_operation(other))}
    return [
        point
        for point in points(new)
        if point.kind == step.operation.kind and not point.locked and point.id not in taken
    ]


def choice_problem(new: TemplateSource, steps: Sequence[Step], step: Step, decision: Decision) -> FieldError | None:
    """Why a decision is none for this step; whether its value may stand there is judged on the whole."""
    if decision.choice not in CHOICES[step.outcome]:
        return FieldError("choice", "CHOICE", _("Das lässt sich hier nicht wählen."))
    if decision.choice == "REANCHOR" and decision.point not in [point.id for point in targets(new, steps, step)]:
        return FieldError("point", "POINT", _("Bitte wählen Sie eine andere Stelle derselben Art."))
    if decision.choice == "EDIT" and decision.value is None:
        return FieldError("value", "VALUE_MISSING", _("Bitte geben Sie den neuen Wert an."))
    return None
