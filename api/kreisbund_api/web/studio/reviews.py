"""A review round in the workshop: comments at places of the drawing, votes, the result."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web.studio import previews
from kreisbund_api.web.studio.drafts import may_write
from kreisbund_api.web.studio.way import missing_votes
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.texts import _

CHOICES = ("APPROVE", "REJECT", "ABSTAIN")


async def _round(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] | None = (await ask(visit, "round", id=visit.request.path_params["id"]))["reviewRound"]
    if not found:
        raise PageRefusedError(404)
    return found


def _threads(round_: dict[str, Any]) -> list[dict[str, Any]]:
    """Comments by the place they stand at, each with its answers."""
    files, found = round_["revision"]["files"], {}
    for comment in round_["comments"]:
        if not comment["answerTo"]:
            place = previews.name_of(files, comment["file"], comment["elementId"])
            found[comment["id"]] = {**comment, "place": place, "answers": []}
    for comment in round_["comments"]:
        if comment["answerTo"] in found:
            found[comment["answerTo"]]["answers"].append(comment)
    return list(found.values())


def _own_vote(visit: Visit, round_: dict[str, Any]) -> dict[str, Any] | None:
    home = visit.principal.home_tenant if visit.principal else None
    return next((vote for vote in round_["votes"] if vote["county"]["slug"] == home), None)


async def review(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """The round."""
    found = await _round(visit)
    files, home = found["revision"]["files"], visit.principal.home_tenant if visit.principal else None
    open_places = {each["elementId"] for each in found["comments"] if each["elementId"] and not each["resolvedAt"]}
    values = {
        "round": found,
        "threads": _threads(found),
        "places": previews.places(files),
        "diagram": previews.drawing(files.get(previews.PROCESS, ""), frozenset(open_places)),
        "missing": missing_votes(found),
        "own_vote": _own_vote(visit, found),
        "may_vote": "topic_lead" in visit.roles() and home in {each["slug"] for each in found["members"]},
        "may_write": may_write(visit, found["draft"]["topic"]["leadCounty"]["slug"]),
        "is_over": visit.services.clock.now().isoformat() >= found["openUntil"],
        "choices": CHOICES,
        "errors": errors or {},
        "problem": problem,
    }
    return show(visit, "studio/round.html", **values)


async def act(visit: Visit) -> Response:
    """One of the round's forms: a comment, an answer, a thread settled, a vote, the result."""
    number = visit.request.path_params["id"]
    match visit.sent("action"):
        case "comment":
            file, _bar, element = visit.sent("place").partition("|")
            place = {"file": file, "elementId": element or None, "answerTo": visit.sent("answerTo") or None}
            result = await change(visit, "add_comment", round=number, text=visit.sent("text"), **place)
        case "resolve" | "reopen" as verb:
            result = await change(visit, "resolve_comment", comment=visit.sent("comment"), resolved=verb == "resolve")
        case "vote":
            result = await _vote(visit, number)
        case "close":
            result = await change(visit, "close_review", round=number, expectedVersion=visit.number("version") or 0)
        case _:
            raise PageRefusedError(400)
    if result["__typename"].endswith("Success"):
        return go(f"/studio/rounds/{number}")
    errors = errors_of(result)
    return await review(visit, errors, result["message"])


async def _vote(visit: Visit, number: str) -> dict[str, Any]:
    choice = visit.sent("choice")
    if choice not in CHOICES:
        text = _("Bitte wählen Sie Zustimmung, Ablehnung oder Enthaltung.")
        return {"__typename": "Invalid", "message": text, "fieldErrors": [{"path": "choice", "message": text}]}
    return await change(visit, "cast_vote", round=number, choice=choice, reason=visit.sent("reason"))


PAGES = (Page("/rounds/{id}", review, login=True), Page("/rounds/{id}", act, ("POST",), login=True))
