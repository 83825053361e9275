"""Blocking accounts, and giving the tasks of blocked people to others."""

from starlette.responses import Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show


async def accounts(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """Blocked accounts and the form to block one."""
    found = await ask(visit, "accounts")
    return show(visit, "desk/accounts.html", found=found, errors=errors or {}, problem=problem)


async def act(visit: Visit) -> Response:
    """Blocks or unblocks."""
    if visit.sent("action") == "block":
        given = {"subject": (visit.sent("other") or visit.sent("subject")).strip(), "reason": visit.sent("reason")}
        result = await change(visit, "block_account", **given)
    elif visit.sent("action") == "unblock":
        version = visit.number("version") or 0
        result = await change(visit, "unblock_account", block=visit.sent("block"), expectedVersion=version)
    else:
        raise PageRefusedError(400)
    if result["__typename"].endswith("Success"):
        return go(f"{visit.home}accounts")
    return await accounts(visit, errors_of(result), result["message"])


async def reassignments(visit: Visit, problem: str | None = None) -> Response:
    """Tasks that blocked people hold."""
    found = await ask(visit, "reassignments")
    return show(visit, "desk/reassignments.html", found=found, problem=problem)


async def reassign(visit: Visit) -> Response:
    """Gives one task to somebody else, or lays it back."""
    given = {"task": visit.sent("task"), "expectedVersion": visit.number("version") or 0}
    result = await change(visit, "reassign_task", **given, assignee=visit.sent("assignee") or None)
    if result["__typename"] == "TaskSuccess":
        return go(f"{visit.home}reassignments")
    told = errors_of(result)
    return await reassignments(visit, next(iter(told.values()), result["message"]))


PAGES = (
    Page("/accounts", accounts, login=True),
    Page("/accounts", act, ("POST",), login=True),
    Page("/reassignments", reassignments, login=True),
    Page("/reassignments", reassign, ("POST",), login=True),
)
