"""How the county's processes run: paths, throughput, waiting, and the event log to take away; never per person."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from anyio.to_thread import run_sync
from starlette.responses import Response, StreamingResponse

from kreisbund_api.web import forms
from kreisbund_api.web.charts import Span, span_chart
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, show
from kreisbund_platform.engine.bpmn import read_definitions
from kreisbund_platform.engine.plan import ModelRefused
from kreisbund_platform.errors import NotFound
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.policy import may
from kreisbund_platform.mining import periods, xes
from kreisbund_platform.texts import _

Found = dict[str, Any]


async def mining(visit: Visit) -> Response:
    """Figures of one template's cases in a period."""
    templates = [
        edge["node"]
        for edge in (await ask(visit, "mining_templates"))["processTemplates"]["edges"]
        if edge["node"]["adoptedHere"]
    ]
    query = visit.request.query_params
    slug = query.get("template") or (templates[0]["slug"] if templates else "")
    days, errors = _days(visit)
    data: Found = await ask(visit, "mining", template=slug, **days) if slug and not errors else {}
    figures = data.get("processFigures")
    return show(
        visit,
        "desk/mining.html",
        templates=templates,
        slug=slug,
        figures=figures,
        names=_names(data.get("processTemplate")),
        chart=span_chart(_spans(figures["waits"]), _("Wartezeit je Aufgabe in Tagen")) if figures else None,
        errors=errors,
        query=query,
    )


def _days(visit: Visit) -> tuple[dict[str, str | None], dict[str, str]]:
    days, errors = dict[str, str | None](), dict[str, str]()
    for name in ("from", "to"):
        text = visit.request.query_params.get(name, "").strip()
        day = forms.german_date(text)
        if text and not forms.is_iso_date(day):
            errors[name] = _("Diesen Tag können wir nicht lesen, zum Beispiel 3.9.2026.")
        days[name] = day if text and name not in errors else None
    first, last = (date.fromisoformat(day) if day else None for day in days.values())
    if not errors and periods.between(visit.services.clock.now(), first, last) is None:
        errors["to"] = _("Der Zeitraum ist leer oder länger als zehn Jahre.")
    return days, errors


def _names(template: Found | None) -> dict[str, str]:
    """What elements are called, the newest version's name last and counting."""
    names: dict[str, str] = {"WITHDRAWN": _("Antrag zurückgenommen")}
    for version in reversed((template or {}).get("versions") or []):
        try:
            processes = read_definitions(version["bpmnXml"].encode()).processes
        except ModelRefused:
            continue
        names |= {node.element_id: node.name or node.element_id for each in processes for node in each.nodes}
    return names


def _spans(waits: list[Found]) -> list[Span]:
    return [
        Span(wait["name"], wait["medianHoursToEnd"] / 24, wait["p90HoursToEnd"] / 24)
        for wait in waits
        if wait["medianHoursToEnd"] is not None
    ]


async def event_log(visit: Visit) -> Response:
    """The log as a file; every role of the figures may take it, and nobody else."""
    if visit.principal is None or not may(visit.principal, "Query.processFigures"):
        raise PageRefusedError(403)
    days, errors = _days(visit)
    first, last = (date.fromisoformat(day) if day else None for day in days.values())
    period = periods.between(visit.services.clock.now(), first, last)
    if errors or period is None:
        raise PageRefusedError(400)
    order = xes.LogOrder(period, visit.request.query_params.get("template") or None)
    pieces = _pieces(visit, order)
    first_piece = await run_sync(lambda: next(pieces, None))
    if first_piece is None:
        raise PageRefusedError(404)
    headers = {"Content-Disposition": 'attachment; filename="ereignisse.xes"', "Cache-Control": "no-store"}
    return StreamingResponse(_with(first_piece, pieces), media_type=xes.MEDIA_TYPE, headers=headers)


def _with(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _pieces(visit: Visit, order: xes.LogOrder) -> Iterator[bytes]:
    """The log in one transaction of the county's own connection, which lasts as long as somebody reads."""
    services, county = visit.services, visit.county
    assert county is not None, "a desk is a county's"
    assert visit.principal is not None, "the page asks for a login"
    with services.connections.for_tenant(county) as connection, connection.transaction():
        work = WorkContext(connection, county, visit.principal, services.clock, services.settings)
        found = xes.event_log(work, order)
        if not isinstance(found, NotFound):
            yield from found


PAGES = (
    Page("/mining", mining, login=True),
    Page("/mining/events.xes", event_log, login=True),
)
