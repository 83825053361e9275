"""Incidents: what has stopped in the county's cases, and letting it go on."""

import json
from typing import Any

from starlette.responses import Response

from kreisbund_api.web.desk.cases import case_page, find_case
from kreisbund_api.web.visits import Page, Visit, ask, change, go, show


async def incidents(visit: Visit) -> Response:
    """All that has stopped in this county."""
    found = (await ask(visit, "incidents"))["incidents"]
    return show(visit, "desk/incidents.html", incidents=found)


async def resolve(visit: Visit) -> Response:
    """Tries again, with one value put right or by the way that a person shows."""
    identifier = visit.request.path_params["id"]
    found = await find_case(visit)
    key = visit.sent("field").strip()
    result = await change(
        visit,
        "resolve",
        incident=visit.sent("incident"),
        expectedVersion=visit.number("version") or 0,
        data={key: _plain(visit.sent("value"))} if key else None,
        flow=visit.sent("flow") or None,
    )
    if result["__typename"] == "ResolveIncidentSuccess":
        return go(f"{visit.home}cases/{identifier}")
    problems = [error["message"] for error in result.get("fieldErrors", ())]
    return case_page(visit, found, "; ".join(problems) or result["message"])


def _plain(text: str) -> Any:
    """A number or yes/no where the text is one, else the text."""
    if text in ("true", "false") or text.lstrip("-").replace(".", "", 1).isdigit():
        return json.loads(text) if not text.lstrip("-").startswith("0") or text == "0" else text
    return text


PAGES = (
    Page("/incidents", incidents, login=True),
    Page("/cases/{id}/incidents", resolve, ("POST",), login=True),
)
