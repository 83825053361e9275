"""Drafts in the workshop: begun, edited file by file without scripts, their history, and the way to a version."""

from typing import Any

from anyio.to_thread import run_sync
from starlette.responses import Response

from kreisbund_api.web import forms
from kreisbund_api.web.studio import previews, way
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.texts import _

ENDED = ("PUBLISHED", "DISCARDED")
UNSOUND = ("UNSOUND", "UNDECIDED")
TRANSITIONS = ("ALL", "RECEIVED_FROM", "DECISIONS_FROM")


def may_write(visit: Visit, lead_county: str) -> bool:
    """Whether the visitor is of the topic's lead county or leads the team; the service decides again."""
    person = visit.principal
    return "service_team_lead" in visit.roles() or bool(person and person.home_tenant == lead_county)


async def _draft(visit: Visit, document: str = "draft") -> dict[str, Any]:
    data = await ask(visit, document, id=visit.request.path_params["id"])
    if not data["draft"]:
        raise PageRefusedError(404)
    return data


async def new(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """The form that begins a draft."""
    data = await ask(visit, "drafts")
    templates = [edge["node"] for edge in data["processTemplates"]["edges"]]
    mine = [
        each for each in templates if each["currentVersion"] and may_write(visit, each["topic"]["leadCounty"]["slug"])
    ]
    topics = [each for each in data["topics"] if may_write(visit, each["leadCounty"]["slug"])]
    values = {"templates": mine, "topics": topics, "errors": errors or {}, "problem": problem}
    return show(visit, "studio/draft_new.html", **values)


async def create(visit: Visit) -> Response:
    """Begins a draft from a version or an empty one."""
    base = visit.sent("base")
    order = {"baseVersion": base} if base else {"slug": visit.sent("slug").strip(), "topic": visit.sent("topic")}
    result = await change(visit, "create_draft", **order)
    if result["__typename"] == "DraftSuccess":
        return go(f"/studio/drafts/{result['draft']['id']}")
    return await new(visit, errors_of(result), result["message"])


async def draft(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """The draft with its guided way."""
    data = await _draft(visit)
    found = data["draft"]
    process = found["revision"]["files"].get(previews.PROCESS, "")
    unsound = any(each["code"] in UNSOUND for each in found["revision"]["problems"])
    values = {
        "draft": found,
        "counterexample": await run_sync(previews.counterexample, process) if unsound else "",
        "changes": data["draftChanges"],
        "way": way.steps(found, visit.services.clock.now()),
        "round": way.round_of(found),
        "may_write": may_write(visit, found["topic"]["leadCounty"]["slug"]),
        "diagram": previews.drawing(process),
        "transitions": TRANSITIONS,
        "errors": errors or {},
        "problem": problem,
    }
    return show(visit, "studio/draft.html", **values)


async def act(visit: Visit) -> Response:
    """One of the draft's buttons: open a round, propose, sign, withdraw, discard."""
    number, version = visit.request.path_params["id"], _version(visit)
    match visit.sent("action"):
        case "open_review":
            result = await change(visit, "open_review", draft=number, expectedVersion=version)
        case "discard":
            result = await change(visit, "discard_draft", draft=number, expectedVersion=version)
        case "propose":
            result = await _propose(visit, number, version)
        case "sign":
            result = await change(visit, "sign_publication", proposal=visit.sent("proposal"))
        case "withdraw":
            result = await change(visit, "withdraw_publication", proposal=visit.sent("proposal"))
        case _:
            raise PageRefusedError(400)
    if not result["__typename"].endswith("Success"):
        return await draft(visit, errors_of(result), result["message"])
    return go(f"/studio/rounds/{result['round']['id']}" if "round" in result else f"/studio/drafts/{number}")


async def _propose(visit: Visit, number: str, version: int) -> dict[str, Any]:
    rule, day = visit.sent("transition"), forms.german_date(visit.sent("transitionOn").strip())
    message = _("Bitte prüfen Sie die Übergangsregel.")
    if rule not in TRANSITIONS:
        text = _("Bitte wählen Sie eine Übergangsregel.")
        return {"__typename": "Invalid", "message": message, "fieldErrors": [{"path": "transition", "message": text}]}
    if day and not forms.is_iso_date(day):
        text = _("Bitte geben Sie den Tag an, zum Beispiel 3.9.2026.")
        return {"__typename": "Invalid", "message": message, "fieldErrors": [{"path": "transitionOn", "message": text}]}
    values = {"transition": rule, "transitionOn": day or None, "expectedVersion": version}
    return await change(visit, "propose_publication", draft=number, **values)


def _version(visit: Visit) -> int:
    version = visit.number("version", 0)
    if version is None:
        raise PageRefusedError(400)
    return version


def _edited(visit: Visit, found: dict[str, Any], file: str, **more: Any) -> Response:
    files = found["revision"]["files"]
    text = more.pop("text", files.get(file, ""))
    values = {
        "draft": found,
        "file": file,
        "text": text,
        "may_write": found["status"] not in ENDED and may_write(visit, found["topic"]["leadCounty"]["slug"]),
        "diagram": previews.drawing(text) if file == previews.PROCESS else "",
        "fields": previews.fields(text) if file.endswith(previews.FORM) else [],
        "own": [each for each in found["revision"]["problems"] if each["file"] == file],
        "elsewhere": [each for each in found["revision"]["problems"] if each["file"] != file],
        "saved": "saved" in visit.request.query_params,
    }
    return show(visit, "studio/draft_edit.html", **(values | more))


async def edit(visit: Visit) -> Response:
    """One file of a draft with what the checks say."""
    found = (await _draft(visit))["draft"]
    file = visit.request.query_params.get("file") or previews.PROCESS
    if file not in found["revision"]["files"]:
        raise PageRefusedError(404)
    return _edited(visit, found, file)


async def save(visit: Visit) -> Response:
    """Saves a file; a stale save answers with both texts, so that nothing is lost."""
    number, file = visit.request.path_params["id"], visit.sent("file")
    text = visit.sent("text").replace("\r\n", "\n")
    name = visit.sent("name").strip()
    files = {file: None} if visit.sent("action") == "remove" else {name or file: text}
    result = await change(visit, "save_draft", draft=number, files=files, expectedVersion=_version(visit))
    if result["__typename"] == "DraftSuccess":
        kept = previews.PROCESS if visit.sent("action") == "remove" else name or file
        return go(f"/studio/drafts/{number}/edit?file={kept}&saved=1")
    found = (await _draft(visit))["draft"]
    if result["__typename"] == "Conflict":
        values = {"draft": found, "file": file, "text": text, "problem": result["message"]}
        return show(visit, "studio/draft_conflict.html", 409, theirs=found["revision"]["files"].get(file, ""), **values)
    return _edited(visit, found, file, text=text, errors=errors_of(result), problem=result["message"])


async def revisions(visit: Visit, problem: str | None = None) -> Response:
    """Every saved content of a draft."""
    found = (await _draft(visit, "revisions"))["draft"]
    writes = may_write(visit, found["topic"]["leadCounty"]["slug"]) and found["status"] not in ENDED
    return show(visit, "studio/revisions.html", draft=found, may_write=writes, problem=problem)


async def restore(visit: Visit) -> Response:
    """Brings an older content back."""
    number, revision = visit.request.path_params["id"], visit.number("revision")
    if revision is None:
        raise PageRefusedError(400)
    values = {"revision": revision, "expectedVersion": _version(visit)}
    result = await change(visit, "restore_revision", draft=number, **values)
    if result["__typename"] == "DraftSuccess":
        return go(f"/studio/drafts/{number}")
    return await revisions(visit, result["message"])


async def revision(visit: Visit) -> Response:
    """One saved content, to read."""
    found = (await ask(visit, "revision", id=visit.request.path_params["revision"]))["node"]
    if not found or "files" not in found:
        raise PageRefusedError(404)
    return show(visit, "studio/revision.html", revision=found, draft_id=visit.request.path_params["id"])


PAGES = (
    Page("/drafts/new", new, login=True),
    Page("/drafts", create, ("POST",), login=True),
    Page("/drafts/{id}", draft, login=True),
    Page("/drafts/{id}", act, ("POST",), login=True),
    Page("/drafts/{id}/edit", edit, login=True),
    Page("/drafts/{id}/edit", save, ("POST",), login=True),
    Page("/drafts/{id}/revisions", revisions, login=True),
    Page("/drafts/{id}/revisions", restore, ("POST",), login=True),
    Page("/drafts/{id}/revisions/{revision}", revision, login=True),
)
