"""Process templates in the county: adopting them, ending an adoption, entering what came on paper."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web import applying, forms
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.texts import _

PAPER_CHANNELS = ("LETTER", "COUNTER", "MAIL")


async def templates(visit: Visit, problem: str | None = None) -> Response:
    """All templates of the service team, and which the county offers."""
    data = await ask(visit, "templates")
    found = [edge["node"] for edge in data["processTemplates"]["edges"]]
    return show(visit, "desk/templates.html", templates=found, problem=problem)


async def _template(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] | None = (await ask(visit, "template", id=visit.request.path_params["id"]))["node"]
    if not found or "slug" not in found:
        raise PageRefusedError(404)
    return found


async def adoption(visit: Visit) -> Response:
    """Adopts a template or ends its adoption."""
    action, template = visit.sent("action"), await _template(visit)
    if action not in ("adopt", "end_adoption"):
        raise PageRefusedError(400)
    result = await change(visit, action, template=template["slug"])
    if result["__typename"].endswith("Success"):
        return go(f"{visit.home}templates")
    return await templates(visit, result["message"])


def _show(
    visit: Visit, template: dict[str, Any], walk: applying.Walk, errors: dict[str, str], problem: str | None = None
) -> Response:
    steps = [(step.title, walk.at(number).fields(errors)) for number, step in enumerate(walk.steps)]
    return show(
        visit,
        "desk/paper.html",
        template=template,
        steps=steps,
        errors=errors,
        problem=problem,
        channels=PAPER_CHANNELS,
    )


async def paper(visit: Visit) -> Response:
    """The form of a template, all pages at once, for an application that came on paper."""
    template = await _template(visit)
    if not template["adoptedHere"] or not template["startForm"]:
        raise PageRefusedError(404)
    return _show(visit, template, applying.begin(template["startForm"]["schema"]), {})


async def enter(visit: Visit) -> Response:
    """Enters it."""
    template = await _template(visit)
    if not template["startForm"]:
        raise PageRefusedError(404)
    walk, (texts, errors) = applying.begin(template["startForm"]["schema"]), await applying.store_files(visit)
    for number in range(len(walk.steps)):
        walk = applying.taken(walk.at(number), texts)
    channel, received = visit.sent("channel"), forms.german_date(visit.sent("received_on").strip())
    name = visit.sent("on_behalf_of").strip()
    errors |= _missing(channel, received)
    if errors:
        return _show(visit, template, walk, errors)
    behalf = {"name": name} if name else None
    values = {"channel": channel, "receivedOn": received, "onBehalfOf": behalf}
    result = await change(visit, "paper", template=template["slug"], data=walk.data, **values)
    if result["__typename"] == "SubmitApplicationSuccess":
        return go(f"{visit.home}cases?q={result['application']['caseNumber']}")
    errors = errors_of(result)
    return _show(visit, template, walk, errors, result["message"])


def _missing(channel: str, received: str) -> dict[str, str]:
    errors = {}
    if channel not in PAPER_CHANNELS:
        errors["channel"] = _("Bitte wählen Sie den Eingangsweg.")
    if not forms.is_iso_date(received):
        errors["received_on"] = _("Bitte geben Sie den Eingangstag an, zum Beispiel 3.9.2026.")
    return errors


PAGES = (
    Page("/templates", templates, login=True),
    Page("/templates/{id}", adoption, ("POST",), login=True),
    Page("/templates/{id}/paper", paper, login=True),
    Page("/templates/{id}/paper", enter, ("POST",), login=True),
)
