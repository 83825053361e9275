"""Cases that go to another county and come from one."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web.desk.cases import find_case
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.identity.policy import may


async def transfers(visit: Visit, problem: str | None = None) -> Response:
    """All transfers; what arrived can be accepted here."""
    found = await ask(visit, "transfers", after=visit.request.query_params.get("after") or None)
    return show(visit, "desk/transfers.html", found=found["caseTransfers"], problem=problem)


async def accept(visit: Visit) -> Response:
    """Makes a case of what arrived."""
    values = {"transfer": visit.request.path_params["transfer"], "expectedVersion": visit.number("version") or 0}
    result = await change(visit, "accept_transfer", **values)
    if result["__typename"] == "CaseTransferSuccess":
        return go(f"{visit.home}cases/{result['transfer']['case']['id']}")
    return await transfers(visit, result["message"])


async def form(visit: Visit) -> Response:
    """Where to, and why."""
    if visit.principal is None or not may(visit.principal, "Mutation.transferCase"):
        raise PageRefusedError(403)
    return _form(visit, await find_case(visit))


async def transfer(visit: Visit) -> Response:
    """Sends the case."""
    result = await change(
        visit,
        "transfer",
        case=visit.request.path_params["id"],
        county=visit.sent("county"),
        reason=visit.sent("reason"),
        expectedVersion=visit.number("version") or 0,
    )
    if result["__typename"] == "CaseTransferSuccess":
        return go(f"{visit.home}transfers")
    errors = errors_of(result)
    return _form(visit, await find_case(visit), None if errors else result["message"], errors)


def _form(
    visit: Visit, case: dict[str, Any], problem: str | None = None, errors: dict[str, str] | None = None
) -> Response:
    counties = [each for each in visit.services.registry.all() if visit.county and each.id != visit.county.id]
    return show(visit, "desk/transfer.html", case=case, counties=counties, problem=problem, errors=errors or {})


PAGES = (
    Page("/transfers", transfers, login=True),
    Page("/transfers/{transfer}", accept, ("POST",), login=True),
    Page("/cases/{id}/transfer", form, login=True),
    Page("/cases/{id}/transfer", transfer, ("POST",), login=True),
)
