"""What a county varies of a template: what differs and why, and the editor as one form, checked at once."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from kreisbund_api.web.desk import variants_form as editor
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, go, show
from kreisbund_platform.templates.variants.points import words
from kreisbund_platform.texts import _

ACTIONS = {"in_force": "put_variant_in_force", "discard": "discard_variant", "end": "end_variant"}


async def find_template(visit: Visit) -> dict[str, Any]:
    """The template of the address, with what the county varies of it."""
    found: dict[str, Any] | None = (await ask(visit, "template", id=visit.request.path_params["id"]))["node"]
    if not found or "slug" not in found or not found["adoptedHere"]:
        raise PageRefusedError(404)
    return {**found, **await ask(visit, "variants", template=found["slug"])}


async def variant(visit: Visit, problem: str | None = None) -> Response:
    """What differs from the template and why; what is in force and what is a draft."""
    found = await find_template(visit)
    draft, current = of_status(found, "DRAFT"), in_force(found)
    shown = draft or current
    compared = (await ask(visit, "variant_comparison", id=shown["id"]))["variantComparison"] if shown else None
    return show(
        visit,
        "desk/variant.html",
        template=found,
        draft=draft,
        current=current,
        shown=shown,
        rows=_rows(found, shown),
        differences=[each["sentence"] for each in compared["differences"] if each["changeClass"] != "LAYOUT"]
        if compared
        else [],
        drawings=[drawing(compared[name]) for name in ("oldDrawing", "newDrawing")] if compared else [],
        newer=_newer(found),
        problem=problem,
    )


def of_status(found: Mapping[str, Any], status: str) -> dict[str, Any] | None:
    """The newest variant of a status."""
    return next((each for each in found["templateVariants"] if each["status"] == status), None)


def in_force(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The variant that new applications of the adopted version start on."""
    for each in found["templateVariants"]:
        if each["status"] == "IN_FORCE" and each["base"]["id"] == found["currentVersion"]["id"]:
            return dict(each)
    return None


def drawing(svg: str | None) -> Markup | None:
    """A drawing of the engine, which escapes what an author wrote."""
    return Markup(svg) if svg else None  # noqa: S704


def _newer(found: Mapping[str, Any]) -> dict[str, Any] | None:
    newest = max(found["processTemplate"]["versions"], key=lambda version: version["number"])
    return newest if newest["number"] > found["currentVersion"]["number"] else None


def _rows(found: Mapping[str, Any], shown: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    points = {point["id"]: point for point in found["variablePoints"]}
    rows = []
    for operation in shown["operations"] if shown else []:
        point = points.get(operation["point"], {})
        mine = words(operation["kind"], point.get("unit"), operation["value"])
        row = {"title": point.get("title", operation["point"]), "norm": point.get("norm"), "mine": mine}
        rows.append({**operation, **row})
    return rows


async def change_variant(visit: Visit) -> Response:
    """Puts the draft in force, throws it away, or ends the variant."""
    found, action = await find_template(visit), visit.sent("action")
    version = visit.number("version") or 0
    if action == "rebase":
        result = await change(visit, "begin_rebase", template=found["slug"])
        if result["__typename"] == "RebaseSuccess":
            return go(f"{visit.home}templates/{found['id']}/rebases/{result['rebase']['id']}")
        return await variant(visit, result["message"])
    if action not in ACTIONS:
        raise PageRefusedError(400)
    result = await change(visit, ACTIONS[action], variant=visit.sent("variant"), expectedVersion=version)
    if result["__typename"].endswith("Success"):
        return go(f"{visit.home}templates/{found['id']}/variant")
    return await variant(visit, _whole(result))


def _whole(result: Mapping[str, Any]) -> str:
    problems = [error["message"] for error in result.get("fieldErrors", ())]
    return "; ".join([result["message"], *problems])


async def edit(visit: Visit) -> Response:
    """The editor, filled with the draft, else with what is in force."""
    _require_admin(visit)
    found = await find_template(visit)
    shown = of_status(found, "DRAFT") or in_force(found)
    operations = {each["point"]: each for each in shown["operations"]} if shown else {}
    forms = [_stored(point, operations.get(point["id"])) for point in found["variablePoints"] if not point["locked"]]
    return _editor(visit, found, forms, {}, None)


def _require_admin(visit: Visit) -> None:
    if "county_admin" not in visit.roles():
        raise PageRefusedError(403)


def _stored(point: Mapping[str, Any], operation: Mapping[str, Any] | None) -> editor.PointForm:
    if operation is None:
        return editor.point_form(point, False, editor.value_texts(point, point["rawValue"]), {})
    return editor.point_form(point, True, editor.texts_of(operation, point), {})


def _editor(
    visit: Visit,
    found: Mapping[str, Any],
    forms: list[editor.PointForm],
    errors: Mapping[str, str],
    problem: str | None,
) -> Response:
    draft = of_status(found, "DRAFT")
    locked = [point for point in found["variablePoints"] if point["locked"]]
    version = draft["version"] if draft else 0
    return show(
        visit,
        "desk/variant_edit.html",
        template=found,
        forms=forms,
        locked=locked,
        errors=errors,
        problem=problem,
        version=version,
    )


async def save(visit: Visit) -> Response:
    """Stores the draft; the form comes back with what is wrong."""
    _require_admin(visit)
    found = await find_template(visit)
    free = [point for point in found["variablePoints"] if not point["locked"]]
    sent = {point["id"]: _sent(visit, point["id"]) for point in free}
    chosen = [point for point in free if visit.sent(f"{point['id']}.on")]
    made = {point["id"]: editor.operation_from(point, sent[point["id"]]) for point in chosen}
    errors = {
        f"{name}.{each}": _("Bitte geben Sie den Tag der Satzung an, zum Beispiel 1.8.2023.")
        for name, each in made.items()
        if isinstance(each, str)
    }
    problem = None
    if not errors:
        version = visit.number("version") or 0
        values = {"template": found["slug"], "operations": list(made.values()), "expectedVersion": version}
        result = await change(visit, "save_variant", **values)
        if result["__typename"] == "VariantSuccess":
            return go(f"{visit.home}templates/{found['id']}/variant")
        errors, others = editor.error_paths(result.get("fieldErrors", []), free)
        problem = "; ".join([result["message"], *others])
    forms = [editor.point_form(point, point in chosen, sent[point["id"]], errors) for point in free]
    return _editor(visit, found, forms, errors, problem)


def _sent(visit: Visit, point: str) -> dict[str, str]:
    names = ("value", "unit", "fragment", "name", "role", "due", "due_unit", "reason", "citation", "citation_date")
    return {name: visit.sent(f"{point}.{name}") for name in names}


PAGES = (
    Page("/templates/{id}/variant", variant, login=True),
    Page("/templates/{id}/variant", change_variant, ("POST",), login=True),
    Page("/templates/{id}/variant/edit", edit, login=True),
    Page("/templates/{id}/variant/edit", save, ("POST",), login=True),
)
