"""Applying: one page per step, a summary, the confirmation. Guests may where the template says so."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web import applying, form_answers
from kreisbund_api.web.applying import Walk
from kreisbund_api.web.visits import LoginNeededError, Page, PageRefusedError, Visit, ask, change, errors_of, show


async def _template(visit: Visit) -> dict[str, Any]:
    data = await ask(visit, "template", id=visit.request.path_params["id"])
    template: dict[str, Any] | None = data["node"]
    if not template or not template.get("adoptedHere") or not template["startForm"]:
        raise PageRefusedError(404)
    manifest = (template["currentVersion"] or {}).get("manifest") or {}
    if visit.principal is None and not manifest.get("guests", True):
        raise LoginNeededError
    return template


def _step(visit: Visit, template: dict[str, Any], walk: Walk, errors: dict[str, str], key: str) -> Response:
    return show(
        visit, "portal/step.html", template=template, walk=walk, errors=errors, fields=walk.fields(errors), key=key
    )


def _summary(visit: Visit, template: dict[str, Any], walk: Walk, problem: str | None = None) -> Response:
    sections = form_answers.sections(walk.schema, walk.data)
    key = visit.sent("idempotency_key")
    return show(visit, "portal/summary.html", template=template, walk=walk, sections=sections, key=key, problem=problem)


async def first(visit: Visit) -> Response:
    """The first page of the form."""
    template = await _template(visit)
    walk = applying.begin(template["startForm"]["schema"])
    return show(visit, "portal/step.html", template=template, walk=walk, fields=walk.fields({}), key="")


async def further(visit: Visit) -> Response:
    """Takes a page's answers and shows what comes next."""
    template, action = await _template(visit), visit.sent("action", "next")
    walk = applying.resume(visit, template["startForm"]["schema"])
    if action == "submit":
        return await _submit(visit, template, walk)
    if action.startswith("change:"):
        number = action.partition(":")[2]
        return _step(
            visit, template, walk.at(int(number) if number.isdigit() else 0), {}, visit.sent("idempotency_key")
        )
    texts, refused = await applying.store_files(visit)
    return _after_page(visit, template, walk, applying.taken(walk, texts), refused)


def _after_page(visit: Visit, template: dict[str, Any], before: Walk, walk: Walk, refused: dict[str, str]) -> Response:
    action, key = visit.sent("action", "next"), visit.sent("idempotency_key")
    if action.startswith(("add:", "remove:")):
        return _step(visit, template, applying.edited(walk, action), {}, key)
    if action == "back":
        return _step(visit, template, walk.beside(-1) or walk, {}, key)
    errors = applying.problems(walk) | refused
    if errors:
        asked_before = {field.path for field in before.fields({})}
        if applying.newly_asked(walk, before):
            errors = {path: text for path, text in errors.items() if path.split(".")[0] in asked_before}
        return _step(visit, template, walk, errors, key)
    following = walk.beside(1)
    return _step(visit, template, following, {}, key) if following else _summary(visit, template, walk)


async def _submit(visit: Visit, template: dict[str, Any], walk: Walk) -> Response:
    result = await change(visit, "submit", template=template["slug"], data=walk.data)
    if result["__typename"] == "SubmitApplicationSuccess":
        return show(visit, "portal/confirmation.html", template=template, result=result)
    errors = errors_of(result)
    for number in range(len(walk.steps)):
        own = walk.at(number).own(errors)
        if own:
            return _step(visit, template, walk.at(number), own, "")
    return _summary(visit, template, walk, result["message"])


PAGES = (Page("/apply/{id}", first), Page("/apply/{id}", further, ("POST",)))
