"""Four eyes: what waits for a second person, and what the first one may now carry out."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.texts import _

# the desk's document of an operation; the others are carried out where they were asked for
DOCUMENTS = {
    "blockAccount": "block_account",
    "unblockAccount": "unblock_account",
    "completeTask": "complete",
    "delegateRole": "delegate_role",
    "inviteSupport": "invite_support",
    "releaseVersion": "release_version",
    "setAutomaticRelease": "set_automatic_release",
}


async def approvals(visit: Visit, problem: str | None = None) -> Response:
    """Proposals that the visitor made or might confirm."""
    assert visit.principal is not None
    found = (await ask(visit, "approvals"))["approvals"]
    shown = [{**each, "lines": list(lines_of(each["content"]))} for each in found]
    mine = [each for each in shown if (each["proposedBy"] or {}).get("subject") == visit.principal.subject]
    others = [each for each in shown if each not in mine and each["confirmedAt"] is None]
    return show(visit, "desk/approvals.html", mine=mine, others=others, documents=DOCUMENTS, problem=problem)


def lines_of(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """The content as names and texts, nested names dotted; what merely says which version was seen is left out."""
    found: list[tuple[str, str]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            found += lines_of(value, f"{prefix}{name}.")
        elif name != "expectedVersion" and value is not None:
            texts = value if isinstance(value, list) else [value]
            found.append((prefix + name, ", ".join(map(_text, texts))))
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("ja") if value else _("nein")
    return str(value)


async def act(visit: Visit) -> Response:
    """Confirms, withdraws, or carries out what was confirmed."""
    action, approval, version = visit.sent("action"), visit.sent("approval"), visit.number("version") or 0
    if action == "confirm":
        given = {"approval": approval, "contentHash": visit.sent("hash"), "expectedVersion": version}
        result = await change(visit, "confirm_approval", **given)
    elif action == "withdraw":
        result = await change(visit, "withdraw_approval", approval=approval, expectedVersion=version)
    elif action == "carry-out":
        found = (await ask(visit, "approvals"))["approvals"]
        ready = next((each for each in found if each["id"] == approval and each["operation"] in DOCUMENTS), None)
        if ready is None:
            raise PageRefusedError(404)
        result = await change(visit, DOCUMENTS[ready["operation"]], **ready["content"])
    else:
        raise PageRefusedError(400)
    if result["__typename"].endswith("Success"):
        return go(f"{visit.home}approvals")
    return await approvals(visit, next(iter(errors_of(result).values()), result["message"]))


PAGES = (
    Page("/approvals", approvals, login=True),
    Page("/approvals", act, ("POST",), login=True),
)
