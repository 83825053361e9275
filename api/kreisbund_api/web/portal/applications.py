"""A citizen's applications: their state, what comes next, decisions, messages, tasks, withdrawal."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web import applying, form_answers
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.texts import _

WITHDRAWABLE = ("SUBMITTED", "IN_PROGRESS", "WAITING")


async def overview(visit: Visit) -> Response:
    """All applications of the person."""
    data = await ask(visit, "applications", after=visit.request.query_params.get("after") or None)
    return show(visit, "portal/applications.html", found=data["applications"])


async def _application(visit: Visit) -> dict[str, Any]:
    data = await ask(visit, "application", id=visit.request.path_params["id"])
    application: dict[str, Any] | None = data["application"]
    if application is None:
        raise PageRefusedError(404)
    return application


async def status(visit: Visit) -> Response:
    """One application."""
    return _status(visit, await _application(visit))


def _status(visit: Visit, application: dict[str, Any], problem: str | None = None, **errors: Any) -> Response:
    form = application["template"]["startForm"]
    sections = form_answers.sections(form["schema"], application["data"]) if form else []
    values = {"sections": sections, "may_withdraw": application["status"] in WITHDRAWABLE, "problem": problem}
    return show(visit, "portal/application.html", application=application, **values, **errors)


async def access(visit: Visit) -> Response:
    """Which offices were shown the application."""
    after = visit.request.query_params.get("after") or None
    found = (await ask(visit, "access", id=visit.request.path_params["id"], after=after))["application"]
    if found is None:
        raise PageRefusedError(404)
    return show(visit, "portal/access.html", application=found)


async def withdraw_question(visit: Visit) -> Response:
    """Asks before anything is withdrawn."""
    return show(visit, "portal/withdraw.html", application=await _application(visit))


async def withdraw(visit: Visit) -> Response:
    """Withdraws the version that the person saw."""
    identifier, version = visit.request.path_params["id"], visit.sent("version")
    if not version.isdigit():
        raise PageRefusedError(400)
    reason = visit.sent("reason").strip() or None
    result = await change(visit, "withdraw", application=identifier, reason=reason, expectedVersion=int(version))
    if result["__typename"] == "WithdrawApplicationSuccess":
        return go(f"{visit.home}applications/{identifier}")
    return show(visit, "portal/withdraw.html", application=await _application(visit), problem=result["message"])


async def message(visit: Visit) -> Response:
    """Sends a message to the county."""
    identifier, subject, text = visit.request.path_params["id"], visit.sent("subject"), visit.sent("text")
    errors = {}
    if not subject.strip():
        errors["subject"] = _("Bitte geben Sie einen Betreff an.")
    if not text.strip():
        errors["text"] = _("Bitte schreiben Sie eine Nachricht.")
    if errors:
        return _status(visit, await _application(visit), errors=errors)
    result = await change(visit, "message", case=identifier, subject=subject, text=text)
    if result["__typename"] == "SendMessageSuccess":
        return go(f"{visit.home}applications/{identifier}#nachrichten")
    return _status(visit, await _application(visit), result["message"])


async def _task(visit: Visit) -> dict[str, Any]:
    found = (await ask(visit, "task", id=visit.request.path_params["id"]))["task"]
    if found is None or found["role"] != "citizen":
        raise PageRefusedError(404)
    task: dict[str, Any] = found
    return task


async def task_form(visit: Visit) -> Response:
    """What the county asks the applicant for."""
    task = await _task(visit)
    walk = applying.begin(task["form"]["schema"] if task["form"] else {})
    return show(visit, "portal/task.html", task=task, fields=_all_fields(walk, {}))


def _all_fields(walk: applying.Walk, errors: dict[str, str]) -> list[Any]:
    return [field for number in range(len(walk.steps)) for field in walk.at(number).fields(errors)]


async def complete_task(visit: Visit) -> Response:
    """Sends the applicant's answer."""
    task = await _task(visit)
    walk = applying.begin(task["form"]["schema"] if task["form"] else {})
    texts, errors = await applying.store_files(visit)
    for number in range(len(walk.steps)):
        walk = applying.taken(walk.at(number), texts)
    problem = None
    if not errors:
        result = await change(visit, "complete", task=task["id"], data=walk.data, expectedVersion=task["version"])
        if result["__typename"] == "CompleteTaskSuccess":
            application = task["case"]["application"] if task["case"] else None
            return go(f"{visit.home}applications/{application['id']}" if application else f"{visit.home}applications")
        errors = errors_of(result)
        problem = result["message"]
    return show(visit, "portal/task.html", task=task, fields=_all_fields(walk, errors), errors=errors, problem=problem)


async def guest_question(visit: Visit) -> Response:
    """Asks for number and secret."""
    return show(visit, "portal/guest_status.html", application=None)


async def guest_status(visit: Visit) -> Response:
    """The state of an application for who knows its number and secret."""
    number, secret = visit.sent("number").strip(), visit.sent("secret").strip()
    errors = {}
    if not number:
        errors["number"] = _("Bitte geben Sie die Vorgangsnummer an.")
    if not secret:
        errors["secret"] = _("Bitte geben Sie den Zugangscode an.")
    found = None if errors else (await ask(visit, "guest_status", number=number, secret=secret))["guestStatus"]
    problem = None if found or errors else _("Zu diesen Angaben gibt es keinen Antrag.")
    return show(visit, "portal/guest_status.html", application=found, errors=errors, problem=problem)


PAGES = (
    Page("/applications", overview, login=True),
    Page("/applications/{id}", status, login=True),
    Page("/applications/{id}/access", access, login=True),
    Page("/applications/{id}/withdraw", withdraw_question, login=True),
    Page("/applications/{id}/withdraw", withdraw, ("POST",), login=True),
    Page("/applications/{id}/messages", message, ("POST",), login=True),
    Page("/tasks/{id}", task_form, login=True),
    Page("/tasks/{id}", complete_task, ("POST",), login=True),
    Page("/status", guest_question),
    Page("/status", guest_status, ("POST",)),
)
