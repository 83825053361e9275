"""The cooperation agreement's settings."""

from starlette.responses import Response

from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, errors_of, go, show
from kreisbund_platform.texts import _

RULES = ("MAJORITY", "UNANIMITY", "LEAD_DECIDES")


async def agreement(visit: Visit, errors: dict[str, str] | None = None, problem: str | None = None) -> Response:
    """Members, rule, period, thresholds."""
    found = (await ask(visit, "agreement"))["cooperationAgreement"]
    if not found:
        raise PageRefusedError(404)
    values = {"agreement": found, "rules": RULES, "errors": errors or {}, "problem": problem}
    return show(visit, "studio/agreement.html", **values)


async def act(visit: Visit) -> Response:
    """Enters what the counties agreed anew."""
    days, rule, version = visit.sent("minimumReviewDays").strip(), visit.sent("rule"), visit.number("version")
    errors = {}
    if not days.isdigit() or len(days) > 4:
        errors["minimumReviewDays"] = _("Bitte geben Sie 0 bis 365 Tage an.")
    if rule not in RULES:
        errors["rule"] = _("Bitte wählen Sie eine Abstimmungsregel.")
    if errors:
        return await agreement(visit, errors, _("Bitte prüfen Sie die Einstellungen."))
    values = {"rule": rule, "minimumReviewDays": int(days), "expectedVersion": version or 0}
    result = await change(visit, "set_review_rules", agreement=visit.sent("agreement"), **values)
    if result["__typename"].endswith("Success"):
        return go("/studio/agreement")
    return await agreement(visit, errors_of(result), result["message"])


PAGES = (Page("/agreement", agreement, login=True), Page("/agreement", act, ("POST",), login=True))
