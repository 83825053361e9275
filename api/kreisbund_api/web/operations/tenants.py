"""The platform's counties, and how the running process does."""

from typing import Any

from anyio.to_thread import run_sync
from starlette.responses import Response

from kreisbund_api import operations
from kreisbund_api.web.visits import Page, Visit, ask, change, errors_of, go, show
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.texts import _

FIELDS = ("slug", "name", "regionalKey")


async def tenants(visit: Visit) -> Response:
    """All tenants, the last requests, waiting and failing timers."""
    return await _show(visit)


async def _show(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    data = await ask(visit, "tenants")
    found = [edge["node"] for edge in data["tenants"]["edges"]]
    values = {"tenants": found, "requests": visit.services.recent.newest_first(), "queues": await _queues(visit)}
    alarms = await _key_alarms(visit)
    return show(visit, "operations/tenants.html", errors=errors or {}, problem=problem, key_alarms=alarms, **values)


async def _queues(visit: Visit) -> list[operations.Queue]:
    if Role.OPERATOR not in visit.roles():
        return []
    services = visit.services
    return await run_sync(operations.queues, services.connections, services.registry, services.clock.now())


async def _key_alarms(visit: Visit) -> list[operations.KeyAlarm]:
    if Role.OPERATOR not in visit.roles():
        return []
    return await run_sync(operations.key_alarms, visit.services.connections)


async def create(visit: Visit) -> Response:
    """Registers a county."""
    given: dict[str, Any] = {name: visit.sent(name).strip() for name in FIELDS}
    labels = {"slug": _("Kurzname"), "name": _("Name"), "regionalKey": _("Regionalschlüssel")}
    message = _("„{label}“ ist erforderlich.")
    errors = {name: message.format(label=labels[name]) for name in FIELDS if not given[name]}
    if errors:
        return await _show(visit, errors)
    result = await change(visit, "create", **given)
    if result["__typename"] == "CreateTenantSuccess":
        return go(visit.home)
    told = errors_of(result)
    return await _show(visit, told, result["message"])


PAGES = (Page("/", tenants, login=True), Page("/tenants", create, ("POST",), login=True))
