"""The preview: every different state is judged once, however many cases have it; nothing of a case changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from kreisbund_platform import ids
from kreisbund_platform.cases import access
from kreisbund_platform.cases.upgrading import fields, moving, queries, sources
from kreisbund_platform.cases.upgrading.models import CaseUpgrade, CaseUpgradeGroup
from kreisbund_platform.cases.upgrading.orders import DEADLINES, RUNNING_STATUSES, FieldMapping, Source, UpgradeOrder
from kreisbund_platform.cases.upgrading.queries import Shape
from kreisbund_platform.cases.upgrading.recipes import Recipe, Wait
from kreisbund_platform.engine.migration import signature, suggest_mapping
from kreisbund_platform.errors import Conflict, FieldError, Invalid, NotFound, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind
from kreisbund_platform.templates.plans import LoadedTemplate
from kreisbund_platform.texts import _

LONGEST_BASIS = 500
OPEN_TO_PREVIEW = ("PREVIEWED",)


@dataclass(frozen=True)
class Prepared:
    """An order with everything that was left to be suggested."""

    template_id: UUID
    to: Source
    target: LoadedTemplate
    olds: Mapping[Source, LoadedTemplate]
    order: UpgradeOrder
    mapping: Mapping[str, str]
    fields: FieldMapping
    warnings: list[dict[str, str]]


def preview(
    work: WorkContext, order: UpgradeOrder, upgrade_id: UUID | None = None, expected_version: int = 0
) -> UUID | Refusal:
    """Groups the chosen cases by marking, judges each group and writes it down; answers the upgrade's id.

    With `upgrade_id` an upgrade that has not begun is previewed anew.
    """
    earlier = queries.lock_upgrade(work.connection, upgrade_id) if upgrade_id else None
    if upgrade_id and (refusal := _not_open(earlier, expected_version)):
        return refusal
    prepared = _prepare(work, order)
    if not isinstance(prepared, Prepared):
        return prepared
    upgrade = _upgrade(work, prepared, earlier)
    queries.insert_upgrade(work.connection, upgrade)
    shapes = queries.shapes(work.connection, prepared.template_id, prepared.to, order.criteria)
    groups, members = _groups(work, upgrade, prepared, shapes)
    queries.insert_groups(work.connection, groups)
    queries.insert_cases(work.connection, upgrade.id, members)
    return upgrade.id


def _not_open(earlier: CaseUpgrade | None, expected_version: int) -> Refusal | None:
    if earlier is None:
        return refusals.not_found()
    if earlier.version != expected_version:
        return Conflict("STALE_VERSION", _("Die Umstellung wurde inzwischen geändert."), earlier.version)
    if earlier.status not in OPEN_TO_PREVIEW:
        return Conflict("ALREADY_BEGUN", _("Diese Umstellung hat schon begonnen."), earlier.version)
    return None


# --- what is asked


def _prepare(work: WorkContext, order: UpgradeOrder) -> Prepared | Refusal:
    template_id = queries.template_id(work.connection, order.template)
    if template_id is None:
        return NotFound("NOT_FOUND", _("Diese Prozessvorlage gibt es nicht."))
    if refusal := access.suspended(work) or _order_problem(work, order):
        return refusal
    in_force = queries.in_force(work.connection, template_id)
    ahead = order.to is not None and (in_force is None or in_force.version_id != order.to.version_id)
    to = order.to if ahead else in_force
    if to is None:
        return Conflict("NOT_ADOPTED", _("Der Landkreis hat diese Prozessvorlage nicht übernommen."))
    if not queries.is_version_of(work.connection, to.version_id, template_id):
        return NotFound("NOT_FOUND", _("Diese Fassung gibt es nicht."))
    return _suggested(work, order, template_id, to)


def _order_problem(work: WorkContext, order: UpgradeOrder) -> Invalid | None:
    if problem := access.text_problem("legalBasis", order.legal_basis, longest=LONGEST_BASIS):
        return problem
    errors = []
    if abs((order.effective_on - moving.today(work)).days) > 731:
        errors.append(FieldError("effectiveOn", "TOO_FAR", _("Der Stichtag liegt zu weit entfernt.")))
    if order.deadlines not in DEADLINES:
        errors.append(FieldError("deadlines", "UNKNOWN", _("Bitte wählen Sie, was mit den Fristen geschieht.")))
    if set(order.criteria.statuses) - set(RUNNING_STATUSES):
        errors.append(FieldError("statuses", "NOT_RUNNING", _("Umgestellt werden nur laufende Vorgänge.")))
    return Invalid("INVALID_UPGRADE", _("Bitte prüfen Sie Ihre Angaben."), tuple(errors)) if errors else None


def _suggested(work: WorkContext, order: UpgradeOrder, template_id: UUID, to: Source) -> Prepared | Refusal:
    connection = work.connection
    target = sources.load(connection, to)
    found = queries.sources_of(connection, template_id, to, order.criteria)
    olds = {source: sources.load(connection, source) for source in found}
    mapping = dict(order.mapping) if order.mapping is not None else _merged_mapping(olds.values(), target)
    told = order.fields if order.fields is not None else _merged_fields(olds.values(), target)
    before = {key: each for old in olds.values() for key, each in fields.fields_of(old).items()}
    after = fields.fields_of(target)
    errors = [*_mapping_problems(mapping, olds.values(), target), *fields.problems(told, before, after)]
    if errors and olds:
        return Invalid("INVALID_UPGRADE", _("Bitte prüfen Sie die Zuordnung."), tuple(errors))
    return Prepared(template_id, to, target, olds, order, mapping, told, fields.warnings(told, before, after))


def _merged_mapping(olds: Any, target: LoadedTemplate) -> dict[str, str]:
    """What differs; an id without a line keeps its name."""
    found = [item for old in olds for item in suggest_mapping(old.plan, target.plan).items()]
    return {name: other for name, other in found if name != other}


def _merged_fields(olds: Any, target: LoadedTemplate) -> FieldMapping:
    rename = {key: other for old in olds for key, other in fields.suggest(old, target).rename.items()}
    return FieldMapping(rename=rename)


def _mapping_problems(mapping: Mapping[str, str], olds: Any, target: LoadedTemplate) -> list[FieldError]:
    known, there_known = {name for old in olds for name in _ids(old)}, _ids(target)
    there = _("Dieses Element gibt es in der neuen Fassung nicht.")
    here = _("Dieses Element gibt es in den bisherigen Fassungen nicht.")
    found = [FieldError(f"mapping.{name}", "UNKNOWN_ELEMENT", here) for name in mapping if name not in known]
    return found + [
        FieldError(f"mapping.{name}", "UNKNOWN_ELEMENT", there)
        for name, other in mapping.items()
        if other not in there_known
    ]


def _ids(template: LoadedTemplate) -> set[str]:
    """Elements and sequence flows: where tokens stand, and the flows on which they have reached a join."""
    elements = template.plan.elements.values()
    return {
        template.plan.process_id,
        *template.plan.elements,
        *(flow.flow_id for element in elements for flow in element.outgoing),
    }


def _upgrade(work: WorkContext, prepared: Prepared, earlier: CaseUpgrade | None) -> CaseUpgrade:
    now, order = work.clock.now(), prepared.order
    return CaseUpgrade(
        id=earlier.id if earlier else ids.new_id(Kind.CASE_UPGRADE, now),
        version=earlier.version + 1 if earlier else 1,
        status="PREVIEWED",
        template_id=prepared.template_id,
        to_version_id=prepared.to.version_id,
        to_variant_id=prepared.to.variant_id,
        criteria=order.criteria.as_json(),
        mapping=dict(prepared.mapping),
        fields=prepared.fields.as_json(),
        deadlines=order.deadlines,
        effective_on=order.effective_on,
        legal_basis=order.legal_basis.strip(),
        tells_applicants=order.tells_applicants,
        warnings=prepared.warnings,
        created_by=earlier.created_by if earlier else work.principal.subject,
        created_at=earlier.created_at if earlier else now,
        previewed_at=now,
    )


# --- what is found


def _groups(
    work: WorkContext, upgrade: CaseUpgrade, prepared: Prepared, shapes: Sequence[Shape]
) -> tuple[list[CaseUpgradeGroup], list[tuple[Shape, int, bool]]]:
    recipes = sources.recipes_of(work.connection, upgrade)
    found: dict[tuple[Source, str], CaseUpgradeGroup] = {}
    members = []
    for shape in shapes:
        mark = signature(orjson.loads(shape.state))
        key = (shape.source, mark)
        if key not in found:
            recipe = recipes.of(shape.source, prepared.to, shape.state)
            old = prepared.olds[shape.source]
            found[key] = _group(upgrade, shape, mark, len(found) + 1, recipe, old, prepared.target)
        else:
            found[key].cases += shape.cases
        members.append((shape, found[key].number, found[key].possible))
    return list(found.values()), members


def _group(
    upgrade: CaseUpgrade,
    shape: Shape,
    mark: str,
    number: int,
    recipe: Recipe,
    old: LoadedTemplate,
    new: LoadedTemplate,
) -> CaseUpgradeGroup:
    judged = recipe.judgement
    return CaseUpgradeGroup(
        upgrade_id=upgrade.id,
        number=number,
        from_version_id=shape.version_id,
        from_variant_id=shape.variant_id,
        signature=mark,
        cases=shape.cases,
        possible=judged.possible,
        chosen=judged.possible,
        element_id=judged.element_id,
        reason=judged.reason,
        path=list(judged.path),
        waiting=list(recipe.resting),
        changes=changes(recipe, old, new),
    )


def changes(recipe: Recipe, old: LoadedTemplate, new: LoadedTemplate) -> dict[str, Any]:
    """What opens, closes and changes for the cases of a recipe, in codes and names a page can show."""
    names = {
        name: element.name or name
        for template in (new, old)
        for name, element in template.plan.elements.items()
        if name in {*recipe.judgement.path, *recipe.resting, recipe.judgement.element_id}
    }
    return {
        "opens": [_shown(wait, new) for wait in recipe.opened],
        "closes": [_shown(wait, old) for wait in recipe.closed],
        "changes": [_shown(wait, new) for wait in recipe.changed_tasks],
        "periods": list(_periods(recipe, old, new)),
        "names": names,
    }


def _periods(recipe: Recipe, old: LoadedTemplate, new: LoadedTemplate) -> Iterator[dict[str, str | None]]:
    """Deadlines that the new version gives another length."""
    for then, now in recipe.kept:
        before, after = _period(old, then), _period(new, now)
        if before != after:
            yield {**_shown(now, new), "old": before, "new": after}


def _period(template: LoadedTemplate, wait: Wait) -> str | None:
    element = template.plan.elements[wait.element_id]
    if wait.kind == "task":
        return element.attributes.get("due")
    return element.event.text if wait.kind == "timer" and element.event else None


def _shown(wait: Wait, template: LoadedTemplate) -> dict[str, str]:
    element = template.plan.elements[wait.element_id]
    return {"kind": wait.kind, "element": wait.element_id, "name": element.name or wait.element_id}
