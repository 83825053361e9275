"""The data-protection officer's desk: people's reports, legal holds, erasures, the record of processing."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, go, show


async def overview(visit: Visit) -> Response:
    """Search for a person's case, holds, how far automatic erasure is, what was erased."""
    return await _overview(visit)


async def _overview(visit: Visit, problem: str | None = None) -> Response:
    text = visit.request.query_params.get("q", "").strip()
    found = await ask(visit, "data_protection", filter={"text": text} if text else None, search=bool(text))
    return show(visit, "desk/data_protection.html", found=found, q=text, problem=problem)


async def person(visit: Visit) -> Response:
    """All that is kept about a party, and what may be erased of it."""
    return await _person(visit, visit.request.path_params["id"])


async def _person(visit: Visit, party: str, problem: str | None = None) -> Response:
    data = await ask(visit, "personal_data", party=party)
    if data["personalData"] is None:
        raise PageRefusedError(404)
    values = {"party": party, "found": data["personalData"], "erasure": data["erasurePreview"], "problem": problem}
    return show(visit, "desk/personal_data.html", **values)


async def download(visit: Visit) -> Response:
    """A person's report for a program."""
    data = await ask(visit, "personal_data", party=visit.request.path_params["id"])
    if data["personalData"] is None:
        raise PageRefusedError(404)
    return _file(data["personalData"], "auskunft.json")


async def processing(visit: Visit) -> Response:
    """The record of processing activities."""
    found = (await ask(visit, "processing"))["processingRecord"]
    return show(visit, "desk/processing.html", found=found)


async def processing_file(visit: Visit) -> Response:
    """The record for a program."""
    return _file((await ask(visit, "processing"))["processingRecord"], "verarbeitungsverzeichnis.json")


def _file(content: Any, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return JSONResponse(content, headers=headers)


async def erase_case(visit: Visit) -> Response:
    """Erases one case of the version that the officer saw."""
    return await _changed(visit, "erase_case", case=visit.sent("case"), expectedVersion=_version(visit))


async def erase_account(visit: Visit) -> Response:
    """Erases all of a person's cases and what the account left."""
    return await _changed(visit, "erase_account", account=visit.sent("account"), expectedVersion=_version(visit))


async def set_hold(visit: Visit) -> Response:
    """Holds a case."""
    reason = visit.sent("reason")
    return await _changed(visit, "set_hold", case=visit.sent("case"), reason=reason, expectedVersion=_version(visit))


async def lift_hold(visit: Visit) -> Response:
    """Lifts a hold."""
    reason = visit.sent("reason")
    return await _changed(visit, "lift_hold", hold=visit.sent("hold"), reason=reason, expectedVersion=_version(visit))


def _version(visit: Visit) -> int:
    version = visit.number("version")
    if version is None:
        raise PageRefusedError(400)
    return version


async def _changed(visit: Visit, name: str, **values: Any) -> Response:
    """Back to the overview; a refusal is told where the officer was."""
    result: Mapping[str, Any] = await change(visit, name, **values)
    if result["__typename"] in ("EraseSuccess", "LegalHoldSuccess"):
        return go(f"{visit.home}data-protection")
    party = visit.sent("party")
    return await (_person(visit, party, result["message"]) if party else _overview(visit, result["message"]))


PAGES = (
    Page("/data-protection", overview, login=True),
    Page("/data-protection/processing", processing, login=True),
    Page("/data-protection/processing.json", processing_file, login=True),
    Page("/data-protection/people/{id}", person, login=True),
    Page("/data-protection/people/{id}/report.json", download, login=True),
    Page("/data-protection/erase-case", erase_case, ("POST",), login=True),
    Page("/data-protection/erase-account", erase_account, ("POST",), login=True),
    Page("/data-protection/holds", set_hold, ("POST",), login=True),
    Page("/data-protection/holds/lift", lift_hold, ("POST",), login=True),
)
