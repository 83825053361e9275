"""Who does whose tasks, and who lends which role, from day to day."""

from typing import Any

from starlette.responses import Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_api.web.words import as_date
from kreisbund_platform.rights.standing_in import LENDABLE, NAMING_ROLES
from kreisbund_platform.texts import _

# what the page's forms change: which document, and which fields it takes besides the days
GIVING = {"substitute": ("name_substitute", ("absent", "substitute")), "lend": ("delegate_role", ("role", "delegate"))}
ENDING = {"end": ("end_substitution", "substitution"), "take-back": ("end_delegation", "delegation")}
DAYS = {"first_day": "firstDay", "last_day": "lastDay"}


async def substitutes(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """What holds now and later, and the two forms."""
    assert visit.principal is not None
    found = await ask(visit, "substitutes")
    values = {
        "found": found,
        "colleagues": [each for each in found["staffMembers"] if each["subject"] != visit.principal.subject],
        "lendable": sorted(visit.principal.own_roles & LENDABLE),
        "names_others": bool(visit.principal.own_roles & NAMING_ROLES),
    }
    return show(visit, "desk/substitutes.html", errors=errors or {}, problem=problem, **values)


async def act(visit: Visit) -> Response:
    """Names, lends, ends or takes back."""
    action = visit.sent("action")
    if action in ENDING:
        document, name = ENDING[action]
        ended = {name: visit.sent("id"), "expectedVersion": visit.number("version") or 0}
        result = await change(visit, document, **ended)
    elif action in GIVING:
        document, fields = GIVING[action]
        given: dict[str, Any] = {name: visit.sent(name) or None for name in fields}
        days = {field: as_date(visit.sent(name)) for name, field in DAYS.items()}
        missing = missing_of(given | days, optional=("absent",))
        if missing:
            return await substitutes(visit, missing)
        result = await change(visit, document, **given, **{name: str(day) for name, day in days.items()})
    else:
        raise PageRefusedError(400)
    if result["__typename"].endswith("Success"):
        return go(f"{visit.home}substitutes")
    return await substitutes(visit, errors_of(result), result["message"])


def missing_of(given: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, str]:
    """A message for each field that was left empty."""
    labels = words()
    return {
        name: _("Bitte angeben: {label}").format(label=labels[name])
        for name, value in given.items()
        if not value and name not in optional
    }


def words() -> dict[str, str]:
    """What the forms' fields are called."""
    return {
        "substitute": _("Wer vertritt"),
        "role": _("Recht"),
        "delegate": _("Wer es bekommt"),
        "firstDay": _("Erster Tag"),
        "lastDay": _("Letzter Tag"),
    }


PAGES = (
    Page("/substitutes", substitutes, login=True),
    Page("/substitutes", act, ("POST",), login=True),
)
