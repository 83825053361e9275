"""Cases to which counties have invited the service team."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web.desk.cases import answers_of, diagram_of
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, show


async def support(visit: Visit) -> Response:
    """Invitations that hold."""
    return show(visit, "studio/support.html", invitations=(await ask(visit, "support"))["supportInvitations"])


async def case(visit: Visit) -> Response:
    """The invited case, read-only."""
    identifier = visit.request.path_params["id"]
    seen: dict[str, Any] | None = (await ask(visit, "support_case", id=identifier))["supportCase"]
    if seen is None:
        raise PageRefusedError(404)
    return looked_at(visit, seen, "/studio/support")


def looked_at(visit: Visit, case: dict[str, Any], back: str) -> Response:
    """A case as somebody from outside of the county sees it; `back` is where they came from."""
    seen = {"variant": None, **case}
    return show(visit, "looked_at.html", case=seen, sections=answers_of(seen), diagram=diagram_of(seen), back=back)


PAGES = (Page("/support", support, login=True), Page("/support/{id}", case, login=True))
