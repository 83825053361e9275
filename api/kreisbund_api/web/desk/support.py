"""Inviting the service team to one case."""

from datetime import datetime, time, timedelta

from starlette.responses import Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_api.web.words import BERLIN

DAYS = (1, 3, 7, 13)


async def support(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """The case's invitations and the form for another one."""
    found = (await ask(visit, "support", id=visit.request.path_params["id"]))["caseRecord"]
    if found is None:
        raise PageRefusedError(404)
    now = visit.services.clock.now()
    held = [
        {**each, "holds": each["revokedAt"] is None and datetime.fromisoformat(each["until"]) > now}
        for each in found["supportInvitations"]
    ]
    values = {"case": found, "invitations": held, "days": DAYS}
    return show(visit, "desk/support.html", errors=errors or {}, problem=problem, **values)


async def act(visit: Visit) -> Response:
    """Invites until the end of a day in Berlin, or revokes."""
    identifier, days = visit.request.path_params["id"], visit.number("days")
    if visit.sent("action") == "invite" and days in DAYS:
        day = visit.services.clock.now().astimezone(BERLIN).date() + timedelta(days=days)
        until = datetime.combine(day, time(23, 59, 59), BERLIN).isoformat()
        result = await change(visit, "invite_support", case=identifier, reason=visit.sent("reason"), until=until)
    elif visit.sent("action") == "revoke":
        version = visit.number("version") or 0
        result = await change(visit, "revoke_support", invitation=visit.sent("invitation"), expectedVersion=version)
    else:
        raise PageRefusedError(400)
    if result["__typename"].endswith("Success"):
        return go(f"{visit.home}cases/{identifier}/support")
    return await support(visit, errors_of(result), result["message"])


PAGES = (
    Page("/cases/{id}/support", support, login=True),
    Page("/cases/{id}/support", act, ("POST",), login=True),
)
