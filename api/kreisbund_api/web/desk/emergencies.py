"""The county's list of emergency accesses by operators, each of which it can end at once."""

from starlette.responses import Response

from kreisbund_api.web.visits import Page, Visit, ask, change, go, show
from kreisbund_platform.identity.principals import Role

ENDING = {Role.COUNTY_ADMIN, Role.TEAM_LEAD}


async def emergencies(visit: Visit, problem: str | None = None) -> Response:
    """All of them, newest first."""
    found = (await ask(visit, "emergencies"))["emergencyAccesses"]
    may_end = bool(ENDING & visit.roles())
    return show(visit, "desk/emergencies.html", accesses=found, may_end=may_end, problem=problem)


async def end(visit: Visit) -> Response:
    """Ends one."""
    result = await change(
        visit, "end_emergency", access=visit.sent("access"), expectedVersion=visit.number("version") or 0
    )
    if result["__typename"].endswith("Success"):
        return go(f"{visit.home}emergencies")
    return await emergencies(visit, result["message"])


PAGES = (Page("/emergencies", emergencies, login=True), Page("/emergencies", end, ("POST",), login=True))
