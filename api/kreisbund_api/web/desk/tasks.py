"""One task: claim, release, answer its form."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web import applying
from kreisbund_api.web.desk.cases import answers_of
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show


async def _task(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] | None = (await ask(visit, "task", id=visit.request.path_params["id"]))["task"]
    if found is None:
        raise PageRefusedError(404)
    return found


def _show(
    visit: Visit, task: dict[str, Any], walk: applying.Walk, errors: dict[str, str], problem: str | None = None
) -> Response:
    principal = visit.principal
    assert principal is not None
    holders = {principal.subject, *(each.subject for each in principal.stands_in_for)}
    mine = task["status"] == "CLAIMED" and task["assignee"] in holders
    fields = [field for number in range(len(walk.steps)) for field in walk.at(number).fields(errors)]
    sections = answers_of(task["case"]) if task["case"] else []
    values = {"mine": mine, "may_claim": task["status"] == "OPEN" and task["role"] in visit.roles()}
    return show(
        visit, "desk/task.html", task=task, fields=fields, sections=sections, errors=errors, problem=problem, **values
    )


def _walk(task: dict[str, Any]) -> applying.Walk:
    return applying.begin(task["form"]["schema"] if task["form"] else {})


async def task(visit: Visit) -> Response:
    """The task with what is known about its case."""
    found = await _task(visit)
    return _show(visit, found, _walk(found), {})


async def act(visit: Visit) -> Response:
    """Claims, releases or completes, always the version that the person saw."""
    action, version = visit.sent("action"), visit.number("version")
    if action not in ("claim", "release", "complete") or version is None:
        raise PageRefusedError(400)
    found = await _task(visit)
    if action == "complete":
        return await _complete(visit, found, version)
    result = await change(visit, action, task=found["id"], expectedVersion=version)
    if result["__typename"] == "TaskSuccess":
        return go(f"{visit.home}tasks/{found['id']}" if action == "claim" else visit.home)
    return _show(visit, await _task(visit), _walk(found), {}, result["message"])


async def _complete(visit: Visit, found: dict[str, Any], version: int) -> Response:
    walk = _walk(found)
    texts, errors = await applying.store_files(visit)
    for number in range(len(walk.steps)):
        walk = applying.taken(walk.at(number), texts)
    if errors:
        return _show(visit, found, walk, errors)
    result = await change(visit, "complete", task=found["id"], data=walk.data, expectedVersion=version)
    if result["__typename"] == "CompleteTaskSuccess":
        return go(f"{visit.home}cases/{result['case']['id']}")
    errors = errors_of(result)
    return _show(visit, found, walk, errors, result["message"])


PAGES = (Page("/tasks/{id}", task, login=True), Page("/tasks/{id}", act, ("POST",), login=True))
