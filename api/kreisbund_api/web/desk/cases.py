"""What is to be done, and the cases: facts, parties, answers, documents, messages, notes, history."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from kreisbund_api.web import form_answers
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, go, show
from kreisbund_api.web.words import BERLIN
from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.engine.names import names_of, ways_from
from kreisbund_platform.identity.policy import may
from kreisbund_platform.texts import _

OPEN = ["OPEN", "CLAIMED"]


async def inbox(visit: Visit) -> Response:
    """Open tasks; `view` is `mine`, `overdue` or the subject of somebody stood in for."""
    query, principal = visit.request.query_params, visit.principal
    assert principal is not None
    view = query.get("view", "")
    wanted: dict[str, Any] = {"status": OPEN}
    absent = await _absent(visit)
    if view == "mine":
        wanted["assignee"] = principal.subject
    elif view in absent:
        wanted["assignee"] = view
    seen = {"cases": may(principal, "CaseRecord.caseNumber"), "data": may(principal, "CaseRecord.applicantName")}
    tasks = (await ask(visit, "inbox", tasks=wanted, after=query.get("after") or None, **seen))["tasks"]
    today = visit.services.clock.now().astimezone(BERLIN).date().isoformat()
    shown = [{"case": None} | edge["node"] for edge in tasks["edges"]]
    if view == "overdue":
        shown = [task for task in shown if task["dueOn"] and task["dueOn"] < today]
    return show(visit, "desk/inbox.html", tasks=shown, page=tasks["pageInfo"], view=view, absent=absent, today=today)


async def _absent(visit: Visit) -> dict[str, str]:
    """Colleagues whose tasks the visitor does today: subject to name."""
    assert visit.principal is not None
    subjects = {each.subject for each in visit.principal.stands_in_for}
    if not subjects:
        return {}
    found = [each["absent"] for each in (await ask(visit, "standing_in"))["substitutions"]]
    return {each["subject"]: each["name"] or "–" for each in found if each["subject"] in subjects}


async def cases(visit: Visit) -> Response:
    """Cases by number or name."""
    query = visit.request.query_params
    text = query.get("q", "").strip()[:200]
    filter_ = {"text": text} if text else None
    data = await ask(visit, "cases", filter=filter_, after=query.get("after") or None, data=_reads(visit, "data"))
    return show(visit, "desk/cases.html", found=data["cases"], text=text)


async def find_case(visit: Visit) -> dict[str, Any]:
    """The case of the address; a page that says so where there is none."""
    seen = {"data": _reads(visit, "data"), "notes": _reads(visit, "notes")}
    found: dict[str, Any] | None = (await ask(visit, "case", id=visit.request.path_params["id"], **seen))["caseRecord"]
    if found is None:
        raise PageRefusedError(404)
    return NOT_FOR_ALL | found


# what administrators of a county do not read of a case
NOT_FOR_ALL: dict[str, Any] = {"applicantName": None, "data": None, "parties": [], "messages": [], "notes": []}


def _reads(visit: Visit, field: str) -> bool:
    return visit.principal is not None and may(visit.principal, f"CaseRecord.{field}")


async def case(visit: Visit) -> Response:
    """One case."""
    return case_page(visit, await find_case(visit))


def case_page(visit: Visit, found: dict[str, Any], problem: str | None = None, **errors: str) -> Response:
    """The page of a case."""
    values = {"sections": answers_of(found), "diagram": diagram_of(found), "errors": errors, "problem": problem}
    works = visit.principal is not None and may(visit.principal, "Mutation.addNote")
    return show(visit, "desk/case.html", case=found, stopped=_stopped(found), works=works, **values)


def _stopped(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Open incidents with their element's name and the ways that lead on from it."""
    open_ = [incident for incident in found["incidents"] if incident["resolvedAt"] is None]
    version = found["variant"] or found["templateVersion"]
    if not open_ or not version:
        return []
    model = version["bpmnXml"].encode()
    names = names_of(model)
    return [
        {**incident, "name": names.get(incident["elementId"], ""), "ways": ways_from(model, incident["elementId"])}
        for incident in open_
    ]


def answers_of(found: Mapping[str, Any]) -> list[form_answers.Section]:
    """All answers of the case with the labels of what it runs on, the start form's first."""
    forms = (found["variant"] or found["templateVersion"] or {}).get("forms") or {}
    schemas = list(forms.values())
    start = (found["template"] or {}).get("startForm")
    if start:
        schemas.sort(key=lambda schema: schema.get("id") != start["schema"].get("id"))
    return [section for schema in schemas for section in form_answers.sections(schema, found["data"])]


def diagram_of(found: Mapping[str, Any]) -> Markup | None:
    """Where the case stands. The engine's drawing escapes what an author wrote."""
    version = found["variant"] or found["templateVersion"]
    if not version:
        return None
    tasks = [edge["node"] for edge in found["tasks"]["edges"]]
    here = frozenset(task["elementId"] for task in tasks if task["status"] in OPEN)
    here |= {incident["elementId"] for incident in found["incidents"] if incident["resolvedAt"] is None}
    return Markup(render_svg(version["bpmnXml"].encode(), highlight=here))  # noqa: S704


async def access(visit: Visit) -> Response:
    """Who was shown the case, for the data-protection officer."""
    after = visit.request.query_params.get("after") or None
    found = (await ask(visit, "access", id=visit.request.path_params["id"], after=after))["caseRecord"]
    if found is None:
        raise PageRefusedError(404)
    return show(visit, "desk/access.html", case=found)


async def note(visit: Visit) -> Response:
    """Writes a note for colleagues."""
    identifier, text = visit.request.path_params["id"], visit.sent("note").strip()
    if not text:
        return case_page(visit, await find_case(visit), note=_("Bitte schreiben Sie einen Vermerk."))
    result = await change(visit, "note", case=identifier, text=text)
    if result["__typename"] == "AddNoteSuccess":
        return go(f"{visit.home}cases/{identifier}#vermerke")
    return case_page(visit, await find_case(visit), result["message"])


async def file_reference(visit: Visit) -> Response:
    """Gives the case its Aktenzeichen."""
    found, text = await find_case(visit), visit.sent("file_reference")
    result = await change(
        visit, "file_reference", case=found["id"], fileReference=text, expectedVersion=visit.number("version") or 0
    )
    if result["__typename"] == "GiveFileReferenceSuccess":
        return go(f"{visit.home}cases/{found['id']}")
    errors = {each["path"]: each["message"] for each in result.get("fieldErrors", ())}
    return case_page(
        visit, found, None if errors else result["message"], file_reference=errors.get("fileReference", "")
    )


async def message(visit: Visit) -> Response:
    """Writes to the applicant."""
    identifier, subject, text = visit.request.path_params["id"], visit.sent("subject"), visit.sent("text")
    errors = {}
    if not subject.strip():
        errors["subject"] = _("Bitte geben Sie einen Betreff an.")
    if not text.strip():
        errors["text"] = _("Bitte schreiben Sie eine Nachricht.")
    if errors:
        return case_page(visit, await find_case(visit), **errors)
    result = await change(visit, "message", case=identifier, subject=subject, text=text)
    if result["__typename"] == "SendMessageSuccess":
        return go(f"{visit.home}cases/{identifier}#nachrichten")
    return case_page(visit, await find_case(visit), result["message"])


PAGES = (
    Page("/", inbox, login=True),
    Page("/cases", cases, login=True),
    Page("/cases/{id}", case, login=True),
    Page("/cases/{id}/access", access, login=True),
    Page("/cases/{id}/notes", note, ("POST",), login=True),
    Page("/cases/{id}/file-reference", file_reference, ("POST",), login=True),
    Page("/cases/{id}/messages", message, ("POST",), login=True),
)
