"""Break-glass: an operator asks for one case of a county, a second one confirms, and both look at it."""

from typing import Any

from anyio.to_thread import run_sync
from starlette.responses import Response

from kreisbund_api.web.studio.support import looked_at
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.texts import _


async def _county(visit: Visit) -> TenantContext:
    found = await run_sync(visit.services.registry.by_slug, visit.request.path_params["county"])
    if found is None:
        raise PageRefusedError(404)
    return found


def _here(visit: Visit, county: TenantContext) -> str:
    return f"{visit.home}emergencies/{county.slug}"


async def emergencies(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """What was asked of the county since yesterday, and the form to ask."""
    county = await _county(visit)
    found = (await ask(visit, "emergencies", county=str(county.id)))["emergencyRequests"]
    values = {"county": county, "accesses": found, "here": _here(visit, county)}
    return show(visit, "operations/emergencies.html", errors=errors or {}, problem=problem, **values)


async def act(visit: Visit) -> Response:
    """Asks, or confirms as the second person."""
    county = await _county(visit)
    where = str(county.id)
    if visit.sent("action") == "confirm":
        given: dict[str, Any] = {"access": visit.sent("access"), "expectedVersion": visit.number("version") or 0}
        result = await change(visit, "confirm_emergency", county=where, **given)
    elif not visit.sent("case").strip():
        return await emergencies(visit, {"case": _("Bitte nennen Sie den Vorgang.")})
    else:
        given = {name: visit.sent(name).strip() for name in ("case", "reason", "confirmer")}
        result = await change(visit, "request_emergency", county=where, **given)
    if result["__typename"].endswith("Success"):
        return go(_here(visit, county))
    return await emergencies(visit, errors_of(result), result["message"])


async def case(visit: Visit) -> Response:
    """The case of an open access, read-only."""
    county, access = await _county(visit), visit.request.path_params["access"]
    seen = (await ask(visit, "emergency_case", county=str(county.id), access=access))["emergencyCase"]
    if seen is None:
        raise PageRefusedError(404)
    return looked_at(visit, seen, _here(visit, county))


ADDRESS = "/emergencies/{county}"
PAGES = (
    Page(ADDRESS, emergencies, login=True),
    Page(ADDRESS, act, ("POST",), login=True),
    Page(f"{ADDRESS}/{{access}}", case, login=True),
)
