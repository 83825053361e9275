"""The first page: what this is, and every area one click away."""

from anyio.to_thread import run_sync
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from kreisbund_api.services import Services
from kreisbund_api.web.visits import Visit, show

SERVED = ("ACTIVE", "SUSPENDED")


def install(app: FastAPI, services: Services) -> None:
    """Adds `/`."""

    async def overview(request: Request) -> Response:
        visit = Visit(request, services, "start", None, None, None, "")
        counties = await run_sync(services.registry.all)
        shown = sorted((each for each in counties if each.status in SERVED), key=lambda each: each.name)
        return show(visit, "start/overview.html", counties=shown)

    app.add_route("/", overview, ["GET", "HEAD"], include_in_schema=False)
