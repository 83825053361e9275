"""The county's people as their tokens described them, and what every decision about them checks."""

from datetime import date, timedelta

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.errors import FieldError, Forbidden, Invalid
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.rights.models import AccountBlock, Delegation, StaffAccount, Substitution, SupportInvitation
from kreisbund_platform.templates.life_cycle import rows
from kreisbund_platform.texts import _

LONGEST = timedelta(days=366)
LONGEST_REASON = 2_000
Decided = AccountBlock | Substitution | Delegation | SupportInvitation


def no_right() -> Forbidden:
    """The person sees it and may not change it."""
    return Forbidden("ROLE_MISSING", _("Dazu fehlt Ihnen die Berechtigung."))


def invalid(path: str, code: str, message: str) -> Invalid:
    """One field is wrong."""
    return Invalid("INVALID_INPUT", _("Bitte prüfen Sie Ihre Angaben."), (FieldError(path, code, message),))


def today(work: WorkContext) -> date:
    """The day in Berlin."""
    return work.clock.now().astimezone(BERLIN).date()


def reason_problem(reason: str) -> Invalid | None:
    """A reason is there, is not endless and holds only what a text can hold."""
    if not reason.strip():
        return invalid("reason", "REQUIRED", _("Bitte nennen Sie den Grund."))
    if len(reason) > LONGEST_REASON or any(sign == "\x00" or "\ud800" <= sign <= "\udfff" for sign in reason):
        return invalid("reason", "TOO_LONG", _("Der Grund ist zu lang oder enthält unzulässige Zeichen."))
    return None


def period_problem(work: WorkContext, first_day: date, last_day: date) -> Invalid | None:
    """From a day to a day, not over yet, a year at most."""
    if last_day < first_day:
        return invalid("lastDay", "BEFORE_FIRST", _("Der letzte Tag liegt vor dem ersten."))
    if last_day < today(work):
        return invalid("lastDay", "OVER", _("Dieser Zeitraum ist schon vorbei."))
    if last_day - first_day > LONGEST:
        return invalid("lastDay", "TOO_LONG", _("Ein Zeitraum umfasst höchstens ein Jahr."))
    return None


def colleague(work: WorkContext, path: str, subject: str) -> StaffAccount | Invalid:
    """A colleague who was here before and is not blocked. Locked, so that a block waits."""
    found = rows.one(work.connection, StaffAccount, lock=True, subject=subject)
    if found is None:
        text = _("Diese Person ist hier nicht bekannt. Sie muss sich einmal angemeldet haben.")
        return invalid(path, "UNKNOWN_PERSON", text)
    if is_blocked(work, subject):
        return invalid(path, "BLOCKED", _("Dieses Konto ist gesperrt."))
    return found


def is_blocked(work: WorkContext, subject: str) -> bool:
    """Whether the county has blocked the account."""
    return any(block.ended_at is None for block in rows.found(work.connection, AccountBlock, subject=subject))
