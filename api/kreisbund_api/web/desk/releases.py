"""A county releases a template's versions: what differs, whether the signatures hold, what may come in by itself."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.templates.life_cycle.releases import APPROVABLE, NEVER_AUTOMATIC


async def releases(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """The template's versions, one of them looked at closely: the newest, or the one asked for."""
    found = (await ask(visit, "releases", id=visit.request.path_params["id"]))["node"]
    if not found or "slug" not in found:
        raise PageRefusedError(404)
    settings = found["releaseSettings"] or {"automaticClasses": [], "version": 0}
    wanted = _wanted(visit, found["versions"])
    check = await ask(visit, "version_check", id=wanted["id"])
    values = {
        "template": found,
        "wanted": {**wanted, **check["node"]},
        "check": check["versionCheck"],
        "settings": settings,
        "approvable": APPROVABLE,
        "never": [each.value for each in NEVER_AUTOMATIC],
        "errors": errors or {},
        "problem": problem,
    }
    return show(visit, "desk/releases.html", **values)


def _wanted(visit: Visit, versions: list[dict[str, Any]]) -> dict[str, Any]:
    """Versions come newest first."""
    asked = visit.request.query_params.get("number") or visit.sent("number")
    living = [each for each in versions if each["status"] != "RETIRED"] or versions
    if not versions:
        raise PageRefusedError(404)
    return next((each for each in versions if str(each["number"]) == asked), living[0])


async def act(visit: Visit) -> Response:
    """Releases a version, or says which classes of change come in by themselves."""
    address = f"{visit.home}templates/{visit.request.path_params['id']}/release"
    template, number, version = visit.sent("template"), visit.number("number"), visit.number("version", 0)
    if visit.sent("action") == "release" and number is not None:
        result = await change(
            visit, "release_version", template=template, number=number, reason=visit.sent("reason") or None
        )
    elif visit.sent("action") == "approve" and version is not None:
        classes = visit.texts().get("classes", [])
        result = await change(
            visit, "set_automatic_release", template=template, classes=classes, expectedVersion=version
        )
    else:
        raise PageRefusedError(400)
    if result["__typename"].endswith("Success"):
        return go(address)
    return await releases(visit, errors_of(result), result["message"])


PAGES = (
    Page("/templates/{id}/release", releases, login=True),
    Page("/templates/{id}/release", act, ("POST",), login=True),
)
