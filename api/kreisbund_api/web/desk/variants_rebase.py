"""The guided way of a county's variant to a newer version: see, decide, check, finish, and back."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from kreisbund_api.web.desk import variants_form as editor
from kreisbund_api.web.desk.variants import drawing
from kreisbund_api.web.forms import FieldView
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.templates.variants.points import words
from kreisbund_platform.texts import _

ENDINGS = {"finish": "finish_rebase", "undo": "undo_rebase", "abandon": "abandon_rebase"}


async def _find(visit: Visit) -> dict[str, Any]:
    found = await ask(visit, "rebase", id=visit.request.path_params["rebase"])
    rebase = found["variantRebase"]
    if not rebase or rebase["template"]["id"] != visit.request.path_params["id"]:
        raise PageRefusedError(404)
    points = (await ask(visit, "variants", template=rebase["template"]["slug"]))["variablePoints"]
    return {**rebase, "preview": found["rebasePreview"], "units": {each["id"]: each["unit"] for each in points}}


async def way(visit: Visit) -> Response:
    """Where the way stands."""
    return _show(visit, await _find(visit), {}, None, {})


def _show(
    visit: Visit, rebase: Mapping[str, Any], errors: Mapping[str, str], problem: str | None, sent: Mapping[str, Any]
) -> Response:
    steps = [_step(rebase, step, errors, sent) for step in rebase["steps"]]
    by_itself = [step for step in steps if step["outcome"] == "AUTOMATIC"]
    asked = [step for step in steps if step["outcome"] != "AUTOMATIC"]
    left = [step for step in asked if not step["decision"]]
    return show(
        visit,
        "desk/rebase.html",
        rebase=rebase,
        by_itself=by_itself,
        asked=asked,
        left=left,
        stage=_stage(rebase, left),
        differences=[
            each["sentence"]
            for each in rebase["preview"]["comparison"]["differences"]
            if each["changeClass"] != "LAYOUT"
        ],
        drawing=drawing(rebase["preview"]["comparison"]["newDrawing"]),
        errors=errors,
        problem=problem,
    )


def _stage(rebase: Mapping[str, Any], left: list[dict[str, Any]]) -> int:
    if rebase["status"] != "OPEN":
        return 4
    return 2 if left else 3


def _step(
    rebase: Mapping[str, Any], step: Mapping[str, Any], errors: Mapping[str, str], sent: Mapping[str, Any]
) -> dict[str, Any]:
    point = {"id": step["point"], "kind": step["kind"], "unit": rebase["units"].get(step["point"])}
    prefix = f"step{step['position']}"
    decision = step["decision"] or {}
    mine = step["value"] if decision.get("value") is None else decision["value"]
    texts = sent.get(prefix) or editor.value_texts(point, mine)
    choices = ("KEEP", "BASE", "EDIT") if step["outcome"] == "DECIDE" else ("DROP", "REANCHOR")
    return {
        **step,
        "prefix": prefix,
        "choices": choices,
        "chosen": (sent.get(prefix) or {}).get("choice") or decision.get("choice"),
        "fields": editor.value_fields(point, texts, errors, prefix),
        "error": errors.get(f"{prefix}.choice", ""),
        "decided": words(step["kind"], point["unit"], mine) if decision else "",
        "target": _target_field(rebase, step, prefix, decision, errors) if step["outcome"] == "CONFLICT" else None,
    }


def _target_field(
    rebase: Mapping[str, Any], step: Mapping[str, Any], prefix: str, decision: Mapping[str, Any], errors: Any
) -> FieldView:
    targets = [each for each in rebase["preview"]["targets"] if each["position"] == step["position"]]
    options = tuple((each["id"], each["title"]) for each in targets)
    path, value = f"{prefix}.point", decision.get("point") or ""
    return FieldView(
        "select", path, _("Neue Stelle"), required=True, value=value, options=options, error=errors.get(path, "")
    )


async def act(visit: Visit) -> Response:
    """Decides one step, or ends the way."""
    rebase, action = await _find(visit), visit.sent("action")
    version = visit.number("version") or 0
    if action == "decide":
        return await _decide(visit, rebase, version)
    if action not in ENDINGS:
        raise PageRefusedError(400)
    reason = visit.sent("reason").strip() or None
    result = await change(visit, ENDINGS[action], rebase=rebase["id"], expectedVersion=version, reason=reason)
    if result["__typename"] == "RebaseSuccess":
        return go(_address(visit, rebase))
    found = errors_of(result)
    errors = {path: message for path, message in found.items() if path == "reason"}
    others = [message for path, message in found.items() if path != "reason"]
    return _show(visit, rebase, errors, "; ".join(dict.fromkeys([result["message"], *others])), {})


async def _decide(visit: Visit, rebase: Mapping[str, Any], version: int) -> Response:
    position = visit.number("position")
    if position is None or position >= len(rebase["steps"]):
        raise PageRefusedError(400)
    step, prefix, choice = rebase["steps"][position], f"step{position}", visit.sent("choice")
    names = ("value", "unit", "fragment", "name", "role", "due", "due_unit")
    sent = {**{name: visit.sent(f"{prefix}.{name}") for name in names}, "choice": choice}
    if choice not in ("KEEP", "BASE", "EDIT", "DROP", "REANCHOR"):
        errors = {f"{prefix}.choice": _("Bitte wählen Sie, was hier gelten soll.")}
        return _show(visit, rebase, errors, None, {prefix: sent})
    point = {"id": step["point"], "kind": step["kind"], "unit": rebase["units"].get(step["point"])}
    result = await change(
        visit,
        "decide_rebase",
        rebase=rebase["id"],
        position=position,
        choice=choice,
        expectedVersion=version,
        value=editor.value_of(point, sent) if choice in ("EDIT", "REANCHOR") else None,
        point=visit.sent(f"{prefix}.point") or None if choice == "REANCHOR" else None,
        reason=visit.sent("reason").strip() or None,
    )
    if result["__typename"] == "RebaseSuccess":
        return go(_address(visit, rebase))
    errors = {f"{prefix}.{_field(error['path'])}": error["message"] for error in result.get("fieldErrors", ())}
    return _show(visit, rebase, errors, result["message"], {prefix: sent})


def _field(path: str) -> str:
    return path if path in ("choice", "point") else "value"


def _address(visit: Visit, rebase: Mapping[str, Any]) -> str:
    return f"{visit.home}templates/{rebase['template']['id']}/rebases/{rebase['id']}"


PAGES = (
    Page("/templates/{id}/rebases/{rebase}", way, login=True),
    Page("/templates/{id}/rebases/{rebase}", act, ("POST",), login=True),
)
