"""What may vary: only what the base declares, only by Satzung or practice, a statutory deadline only for the citizen.

Nothing else varies. The reasons are German, for the county's staff.
"""

from collections.abc import Iterator
from typing import Any

from kreisbund_platform.engine.durations import parse_duration
from kreisbund_platform.errors import FieldError
from kreisbund_platform.identity.policy_terms import TASK_HOLDERS
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.differences.terms import duration_words, is_longer, is_shorter
from kreisbund_platform.templates.manifest import VariablePoint
from kreisbund_platform.templates.variants.terms import LONGEST_REASON, LONGEST_TEXT, Operation
from kreisbund_platform.texts import _

LOCAL_NORMS = ("satzung", "practice")
ROLES = frozenset(str(role) for role in TASK_HOLDERS if role is not Role.CITIZEN)
HIGHEST_CENTS = 10_000_000


def locked(point: VariablePoint, raw_value: Any) -> str | None:
    """Why a point does not vary at all; None where it does."""
    if point.kind is None:
        return _("Die Vorlage sagt nicht, wie diese Stelle örtlich geändert werden könnte.")
    if point.kind == "role" and raw_value == Role.CITIZEN:
        return _("Diesen Schritt tut die antragstellende Person; daran ändert kein Landkreis etwas.")
    if point.norm in LOCAL_NORMS:
        return None
    if point.kind == "deadline" and point.binds == "authority":
        return None
    law = _("Bundesrecht") if point.norm == "federal" else _("Landesrecht")
    if point.kind == "deadline":
        return _("{law} bestimmt diese Frist der Bürgerinnen und Bürger.").format(law=law)
    return _("{law} bestimmt dies, nicht der Landkreis.").format(law=law)


def rule_problems(point: VariablePoint, operation: Operation, raw_value: Any) -> Iterator[FieldError]:
    """All that speaks against an operation at its point, before it is applied."""
    reason = locked(point, raw_value)
    if reason:
        yield FieldError(point.id, "NOT_VARIABLE", reason)
        return
    if operation.kind != point.kind:
        yield FieldError(point.id, "KIND", _("Diese Stelle lässt eine solche Änderung nicht zu."))
        return
    if point.norm == "satzung" and not (operation.citation and operation.citation_date):
        yield FieldError(point.id, "CITATION_MISSING", _("Bitte nennen Sie Fundstelle und Tag der Satzung."))
    if len(operation.reason) > LONGEST_REASON or len(operation.citation or "") > LONGEST_REASON:
        yield FieldError(point.id, "TOO_LONG", _("Begründung und Fundstelle haben höchstens 1000 Zeichen."))
    yield from _VALUES[operation.kind](point, operation.value, raw_value)


def _deadline(point: VariablePoint, value: Any, base: Any) -> Iterator[FieldError]:
    try:
        parse_duration(value if isinstance(value, str) else "")
    except ValueError:
        yield FieldError(point.id, "DURATION", _("Bitte geben Sie eine Dauer an, zum Beispiel P14D oder P1M."))
        return
    words = duration_words(str(base))
    if point.binds == "citizen" and value != base and not is_longer(str(base), value):
        message = _("Eine Frist der Bürgerinnen und Bürger darf nicht kürzer werden als {base}.")
        yield FieldError(point.id, "SHORTER_FOR_CITIZEN", message.format(base=words))
    if point.norm not in LOCAL_NORMS and value != base and not is_shorter(str(base), value):
        message = _("Eine gesetzliche Frist der Behörde darf nur kürzer werden als {base}.")
        yield FieldError(point.id, "LONGER_THAN_LAW", message.format(base=words))


def _cents(point: VariablePoint, value: Any, _base: Any) -> Iterator[FieldError]:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= HIGHEST_CENTS:
        yield FieldError(point.id, "AMOUNT", _("Bitte geben Sie einen Betrag zwischen 0 und 100.000 Euro an."))


def _role(point: VariablePoint, value: Any, _base: Any) -> Iterator[FieldError]:
    if value not in ROLES:
        yield FieldError(point.id, "ROLE_UNKNOWN", _("Diese Rolle hat im Landkreis niemand."))


def _text(point: VariablePoint, value: Any, _base: Any) -> Iterator[FieldError]:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or not _is_plain(value):
        yield FieldError(point.id, "TEXT", _("Bitte geben Sie einen Text mit höchstens 4000 Zeichen an."))


def _is_plain(text: str) -> bool:
    """Whether XML can hold the text: no control signs but line breaks, no halves of signs."""
    return all(sign.isprintable() or sign == "\n" for sign in text)


def _skip(point: VariablePoint, value: Any, _base: Any) -> Iterator[FieldError]:
    if value is not True:
        yield FieldError(point.id, "VALUE", _("Ein freiwilliger Schritt bleibt oder entfällt."))


def _fragment(point: VariablePoint, value: Any, _base: Any) -> Iterator[FieldError]:
    if not isinstance(value, dict) or not set(value) <= {"fragment", "name", "role", "due", "form"}:
        yield FieldError(point.id, "FRAGMENT", _("Bitte wählen Sie den Schritt, der eingefügt wird."))
        return
    name = value.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
        yield FieldError(point.id, "NAME", _("Der eingefügte Schritt braucht eine Bezeichnung."))
    if value.get("role", Role.CASEWORKER) not in ROLES:
        yield FieldError(point.id, "ROLE_UNKNOWN", _("Diese Rolle hat im Landkreis niemand."))
    try:
        parse_duration(str(value.get("due", "P7D")))
    except ValueError:
        yield FieldError(point.id, "DURATION", _("Bitte geben Sie eine Dauer an, zum Beispiel P14D oder P1M."))


def _value(point: VariablePoint, value: Any, base: Any) -> Iterator[FieldError]:
    if point.unit == "cents":
        yield from _cents(point, value, base)
    elif isinstance(base, str):
        yield from _text(point, value, base)
    elif not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > 1e12:
        yield FieldError(point.id, "NUMBER", _("Bitte geben Sie eine Zahl an."))


_VALUES = {
    "deadline": _deadline,
    "fee": _cents,
    "role": _role,
    "text": _text,
    "optional_step": _skip,
    "insertion": _fragment,
    "value": _value,
}
