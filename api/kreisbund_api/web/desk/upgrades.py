"""Case upgrade at the desk, step by step: which cases and why, the preview, the mapping, the way there and back."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from kreisbund_api.web import forms
from kreisbund_api.web.desk import upgrades_mapping
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.engine.plan import ModelRefused
from kreisbund_platform.texts import _

STATUSES = ("SUBMITTED", "IN_PROGRESS", "WAITING", "DECIDED")
DEADLINES = ("KEEP", "RECOMPUTE")
DAYS = ("receivedFrom", "receivedUntil", "openedFrom", "openedUntil")
ACTIONS = ("check", "start", "stop", "undo")
Found = dict[str, Any]


async def upgrades(visit: Visit) -> Response:
    """What could be upgraded, and what has been."""
    data = await ask(visit, "upgrades", after=visit.request.query_params.get("after") or None)
    suggestions = data["caseUpgradeSuggestions"]
    return show(visit, "desk/upgrades.html", suggestions=suggestions, found=data["caseUpgrades"])


# --- the order


async def new(visit: Visit) -> Response:
    """The form: which cases, from when, why."""
    return await _order_page(visit, visit.request.query_params.get("template", ""), {})


async def _order_page(visit: Visit, slug: str, errors: dict[str, str], problem: str | None = None) -> Response:
    data = await ask(visit, "upgrade_order")
    templates = [edge["node"] for edge in data["processTemplates"]["edges"] if edge["node"]["adoptedHere"]]
    chosen = next((template for template in templates if template["slug"] == slug), None)
    if chosen is None:
        return show(visit, "desk/upgrade_template.html", templates=templates, suggestions=_counts(data))
    sources = [
        (each["fromVersion"], each["cases"])
        for each in data["caseUpgradeSuggestions"]
        if each["template"]["id"] == chosen["id"]
    ]
    values = {"template": chosen, "sources": sources, "statuses": STATUSES, "deadlines": DEADLINES, "days": DAYS}
    return show(visit, "desk/upgrade_order.html", errors=errors, problem=problem, sent=visit.texts(), **values)


def _counts(data: Found) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in data["caseUpgradeSuggestions"]:
        found[each["template"]["id"]] = found.get(each["template"]["id"], 0) + each["cases"]
    return found


async def preview(visit: Visit) -> Response:
    """Previews what the form asks for."""
    order, errors = _order(visit)
    slug = visit.sent("template")
    if errors:
        return await _order_page(visit, slug, errors)
    result = await change(visit, "upgrade_preview", template=slug, **order)
    if result["__typename"] == "CaseUpgradeSuccess":
        return go(f"{visit.home}upgrades/{result['upgrade']['id']}")
    errors = errors_of(result)
    return await _order_page(visit, slug, errors, result["message"])


def _order(visit: Visit) -> tuple[Found, dict[str, str]]:
    texts, errors = visit.texts(), dict[str, str]()
    days = {name: _day(visit, name, errors) for name in DAYS}
    effective_on = _day(visit, "effectiveOn", errors)
    if not effective_on and "effectiveOn" not in errors:
        errors["effectiveOn"] = _("Bitte geben Sie den Stichtag an, zum Beispiel 3.9.2026.")
    if not visit.sent("legalBasis").strip():
        errors["legalBasis"] = _("Bitte nennen Sie die Rechtsgrundlage.")
    if visit.sent("deadlines") not in DEADLINES:
        errors["deadlines"] = _("Bitte wählen Sie, was mit den Fristen geschieht.")
    criteria = {
        "versions": texts.get("versions") or None,
        "statuses": [status for status in texts.get("statuses", ()) if status in STATUSES] or None,
        "caseNumbers": visit.sent("caseNumbers").replace(",", " ").split() or None,
        **days,
    }
    return {
        "criteria": criteria,
        "effectiveOn": effective_on,
        "legalBasis": visit.sent("legalBasis"),
        "deadlines": visit.sent("deadlines"),
        "tellsApplicants": visit.sent("tellsApplicants") == "ja",
    }, errors


def _day(visit: Visit, name: str, errors: dict[str, str]) -> str | None:
    text = visit.sent(name).strip()
    if not text:
        return None
    day = forms.german_date(text)
    if not forms.is_iso_date(day):
        errors[name] = _("Diesen Tag können wir nicht lesen, zum Beispiel 3.9.2026.")
    return day


# --- one upgrade


async def _upgrade(visit: Visit) -> Found:
    found: Found | None = (await ask(visit, "upgrade", id=visit.request.path_params["id"]))["caseUpgrade"]
    if found is None:
        raise PageRefusedError(404)
    return found


async def upgrade(visit: Visit) -> Response:
    """The preview, and how far it is."""
    return _show(visit, await _upgrade(visit))


def _show(visit: Visit, found: Found, problem: str | None = None) -> Response:
    groups = [group | {"drawing": _drawing(found, group), "steps": _steps(group)} for group in found["groups"]]
    adopted = (found["template"]["currentVersion"] or {}).get("id") == found["toVersion"]["id"]
    return show(visit, "desk/upgrade.html", upgrade=found, groups=groups, adopted=adopted, problem=problem)


def _drawing(found: Found, group: Found) -> Markup | None:
    """The counterexample in the new version; nothing where it is provable or a version has no layout."""
    if group["possible"]:
        return None
    try:
        drawn = render_svg(found["toBpmnXml"].encode(), path=group["path"], highlight=frozenset({group["elementId"]}))
    except ModelRefused:
        return None
    return Markup(drawn)  # noqa: S704  (the engine's drawing escapes what an author wrote)


def _steps(group: Mapping[str, Any]) -> list[str]:
    """The counterexample in words: the named elements of its path."""
    names = group["changes"].get("names", {})
    return [names[name] for name in group["path"] if name in names]


async def act(visit: Visit) -> Response:
    """Tries, starts, stops, goes on or takes back."""
    action, identifier = visit.sent("action"), visit.request.path_params["id"]
    version = visit.number("version")
    if action not in ACTIONS or version is None:
        raise PageRefusedError(400)
    values: Found = {"upgrade": identifier, "expectedVersion": version}
    if action in ("check", "start") and visit.sent("chooses"):
        values["groups"] = [int(number) for number in visit.texts().get("groups", ()) if number.isdigit()]
    result = await change(visit, f"upgrade_{action}", **values)
    if result["__typename"] == "CaseUpgradeSuccess":
        return go(f"{visit.home}upgrades/{identifier}")
    return _show(visit, await _upgrade(visit), result["message"])


# --- the mapping


async def mapping(visit: Visit) -> Response:
    """Which old element and field is which new one."""
    return _mapping_page(visit, await _upgrade(visit), {})


def _mapping_page(visit: Visit, found: Found, errors: dict[str, str], problem: str | None = None) -> Response:
    rows = upgrades_mapping.rows_of(found)
    return show(visit, "desk/upgrade_mapping.html", upgrade=found, rows=rows, errors=errors, problem=problem)


async def remap(visit: Visit) -> Response:
    """Previews again with the mapping of the form."""
    found = await _upgrade(visit)
    order = upgrades_mapping.order_of(found, visit.texts())
    result = await change(visit, "upgrade_preview", **order)
    if result["__typename"] == "CaseUpgradeSuccess":
        return go(f"{visit.home}upgrades/{found['id']}")
    errors = errors_of(result)
    return _mapping_page(visit, found, errors, result["message"])


PAGES = (
    Page("/upgrades", upgrades, login=True),
    Page("/upgrades/new", new, login=True),
    Page("/upgrades/new", preview, ("POST",), login=True),
    Page("/upgrades/{id}", upgrade, login=True),
    Page("/upgrades/{id}", act, ("POST",), login=True),
    Page("/upgrades/{id}/mapping", mapping, login=True),
    Page("/upgrades/{id}/mapping", remap, ("POST",), login=True),
)
