"""Finding a public service: life situations, search, who is responsible, what the county offers online."""

import re

from starlette.responses import Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, show

LEIKA_KEY = re.compile(r"\d{5,20}")


async def start(visit: Visit) -> Response:
    """The county's first page."""
    data = await ask(visit, "start")
    templates = [edge["node"] for edge in data["processTemplates"]["edges"] if edge["node"]["adoptedHere"]]
    situations = [each for each in data["lifeSituations"] if each["serviceCount"]]
    return show(visit, "portal/start.html", templates=templates, situations=situations)


async def search(visit: Visit) -> Response:
    """Services that fit the words, or a life situation."""
    query = visit.request.query_params
    words, situation = query.get("q", "").strip()[:200], query.get("situation", "").strip()[:200]
    after = query.get("after") or None
    data = await ask(visit, "search", search=words or None, situation=situation or None, after=after)
    return show(visit, "portal/search.html", found=data["publicServices"], words=words, situation=situation)


async def service(visit: Visit) -> Response:
    """What a service is and how to apply for it."""
    key = visit.request.path_params["key"]
    data = await ask(visit, "service", key=key) if LEIKA_KEY.fullmatch(key) else {"publicService": None}
    if data["publicService"] is None:
        raise PageRefusedError(404)
    return show(visit, "portal/service.html", service=data["publicService"])


PAGES = (Page("/", start), Page("/services", search), Page("/services/{key}", service))
