"""Back from logging in again: what was sent before stands ready and is sent by the person, never by itself."""

from anyio.to_thread import run_sync
from starlette.responses import Response

from kreisbund_api.web import kept
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, entry_of, show


async def continue_(visit: Visit) -> Response:
    """The form that waits, with one button; 404 for anybody else's."""
    entry, form_id = await run_sync(entry_of, visit), visit.request.path_params["form"]
    if entry is None or visit.principal is None:
        raise PageRefusedError(404)
    form = await run_sync(kept.find, visit.services, entry, visit.principal, form_id)
    if form is None or not form.path.startswith(visit.home):
        raise PageRefusedError(404)
    return show(visit, "continue.html", form=form)


PAGES = (Page("/continue/{form}", continue_, login=True),)
