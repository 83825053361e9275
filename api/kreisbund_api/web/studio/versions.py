"""A published version in the workshop: signatures, transition rule, what changed, its rollout, its end."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web.studio import previews
from kreisbund_api.web.studio.drafts import may_write
from kreisbund_api.web.studio.health_chart import Fares, health_chart
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.texts import _

MOST_RINGS = 4


async def version(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """The version."""
    data = await ask(visit, "version", id=visit.request.path_params["id"])
    found = data["node"]
    if not found or "contentHash" not in found:
        raise PageRefusedError(404)
    agreement = data["cooperationAgreement"]
    values = {
        "version": found,
        "check": data["versionCheck"],
        "agreement": agreement,
        "may_write": may_write(visit, found["template"]["topic"]["leadCounty"]["slug"]),
        "diagram": previews.drawing(found["bpmnXml"]),
        "chart": _chart(found["rollout"], agreement),
        "rings": range(1, min(MOST_RINGS, len(agreement["members"]) if agreement else 1) + 1),
        "proposed": _proposed(visit, found, agreement),
        "errors": errors or {},
        "problem": problem,
    }
    return show(visit, "studio/version.html", **values)


def _proposed(visit: Visit, found: dict[str, Any], agreement: dict[str, Any] | None) -> dict[str, str]:
    """Each county's ring: as the form was sent, else the lead county first and the others after it."""
    lead = found["template"]["topic"]["leadCounty"]["slug"]
    slugs = [county["slug"] for county in agreement["members"]] if agreement else []
    return {slug: visit.sent(f"ring:{slug}", "1" if slug == lead else "2") for slug in slugs}


def _chart(rollout: dict[str, Any] | None, agreement: dict[str, Any] | None) -> Any:
    if not rollout or not agreement:
        return ""
    rows = [
        Fares(each["county"]["name"], each["cases"], each["incidents"], each["overdue"])
        for ring in rollout["rings"]
        for each in ring["counties"]
    ]
    return health_chart(rows, agreement["mostIncidentShare"], agreement["mostOverdueShare"])


async def act(visit: Visit) -> Response:
    """One of the version's forms: sign, start, halt, resume, retire."""
    number, reason = visit.request.path_params["id"], visit.sent("reason")
    match visit.sent("action"):
        case "sign":
            result = await change(visit, "sign_version", version=number)
        case "start":
            result = await _start(visit, number)
        case "halt" | "resume" as verb:
            text = visit.sent("version", "0")
            values = {"version": number, "reason": reason, "expectedVersion": int(text) if text.isdigit() else 0}
            result = await change(visit, f"{verb}_rollout", **values)
        case "retire":
            wanted = visit.sent("number")
            values = {"template": visit.sent("template"), "number": int(wanted) if wanted.isdigit() else 0}
            result = await change(visit, "retire_template", reason=reason, **values)
        case _:
            raise PageRefusedError(400)
    if result["__typename"].endswith("Success"):
        return go(f"/studio/versions/{number}")
    errors = errors_of(result)
    return await version(visit, errors, result["message"])


async def _start(visit: Visit, number: str) -> dict[str, Any]:
    """Rings as the form holds them: each county's ring, each ring's hours; empty rings are left out."""
    counties: dict[int, list[str]] = {}
    for name, values in visit.texts().items():
        kind, _colon, slug = name.partition(":")
        if kind == "ring" and values[0].isdigit():
            counties.setdefault(int(values[0]), []).append(slug)
    hours = {ring: visit.sent(f"hours:{ring}", "").strip() for ring in counties}
    wrong = [ring for ring, text in hours.items() if not text.isdigit() or len(text) > 5]
    if wrong:
        text = _("Bitte geben Sie die Wartezeit in ganzen Stunden an.")
        path = f"hours-{sorted(wrong)[0]}"
        return {"__typename": "Invalid", "message": text, "fieldErrors": [{"path": path, "message": text}]}
    rings = [{"counties": counties[ring], "waitingHours": int(hours[ring])} for ring in sorted(counties)]
    return await change(visit, "start_rollout", version=number, rings=rings)


PAGES = (Page("/versions/{id}", version, login=True), Page("/versions/{id}", act, ("POST",), login=True))
