"""One value against one form component: what it becomes, or what is wrong with it.

Every check is linear in the length of the value; author's patterns run in RE2 for the same reason.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import re2
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from kreisbund_platform.texts import _

LONGEST_TEXT = 10_000  # characters, unless the component says maxLength
LARGEST_NUMBER = 10**15  # JSON readers keep whole numbers exact up to 2**53
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)

# C0 and C1 controls without tab and line breaks, and lone surrogates
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_QUIET = re2.Options()
_QUIET.log_errors = False  # where the fast automaton runs out of room RE2 takes the slower one, and would say so
_EMAIL = re2.compile(r"[^\s@<>()\[\],;:\\\"]+@([\pL\pN-]+\.)+\pL+", _QUIET)
_PHONE = re2.compile(r"\+?[0-9][0-9 ()/.-]{3,28}[0-9]")
_POSTCODE = re2.compile(r"[0-9]{5}")
_DATE = re2.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class UploadInfo:
    """A received file that the form's data may name by its id; not one that was removed meanwhile."""

    id: str
    media_type: str
    size_bytes: int
    removed: bool = False


@dataclass(frozen=True)
class Problem:
    """Why a value is refused: a stable code, a German message."""

    code: str
    message: str


Component = Mapping[str, Any]
Uploads = Mapping[str, UploadInfo]


def label_of(component: Component) -> str:
    """What people call the field."""
    return str(component.get("label") or component.get("key") or component.get("path") or "")


def problem(component: Component, code: str, german: str, **values: object) -> Problem:
    """A problem whose message names the field by its label."""
    return Problem(code, german.format(label=label_of(component), **values))


def rules_of(component: Component) -> Mapping[str, Any]:
    """The component's `validate`."""
    return component.get("validate") or {}


def format_of(component: Component) -> str | None:
    """What a text stands for: `iban`, `postcode`, `email`, `phone`, `birth_date`, …"""
    found = (component.get("properties") or {}).get("format") or rules_of(component).get("validationType")
    return str(found) if found else None


def is_empty(component: Component, value: Any) -> bool:
    """Whether nothing was given; a required checkbox must be ticked."""
    if isinstance(value, str):
        return not value.strip()
    if component["type"] == "checkbox":
        return value is None
    return value is None or value in ([], {})


@lru_cache(maxsize=2_000)
def compiled(pattern: str) -> Any:
    """The author's pattern in RE2; raises re2.error where RE2 does not know it."""
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    return re2.compile(pattern, options)


def check_value(component: Component, value: Any, uploads: Uploads) -> Any | Problem:
    """The cleaned value of a field that is not empty."""
    return CHECKS[component["type"]](component, value, uploads)


def _wrong_type(component: Component) -> Problem:
    return problem(component, "WRONG_TYPE", _("„{label}“: Die Angabe hat eine unerwartete Form."))


def _text(component: Component, value: Any, _uploads: Uploads) -> Any | Problem:
    if not isinstance(value, str):
        return _wrong_type(component)
    rules = rules_of(component)
    longest = int(rules.get("maxLength", LONGEST_TEXT))
    if len(value) > 4 * longest + 100:
        return _too_long(component, longest)
    forbidden = _FORBIDDEN if component["type"] == "textarea" else _FORBIDDEN_IN_A_LINE
    if forbidden.search(value):
        return problem(component, "BAD_CHARACTER", _("„{label}“ enthält unzulässige Zeichen."))
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > longest:
        return _too_long(component, longest)
    if len(text) < (shortest := int(rules.get("minLength", 0))):
        return problem(component, "TOO_SHORT", _("„{label}“ braucht mindestens {number} Zeichen."), number=shortest)
    return _meaning(component, text)


def _too_long(component: Component, longest: int) -> Problem:
    return problem(component, "TOO_LONG", _("„{label}“ darf höchstens {number} Zeichen haben."), number=longest)


def _meaning(component: Component, text: str) -> str | Problem:
    special = FORMATS.get(format_of(component) or "")
    checked = special(component, text) if special else text
    if isinstance(checked, Problem):
        return checked
    pattern = rules_of(component).get("pattern")
    if pattern and not compiled(pattern).search(checked):
        message = rules_of(component).get("patternErrorMessage")
        if message:
            return Problem("PATTERN", f"„{label_of(component)}“: {message}")
        return problem(component, "PATTERN", _("„{label}“ hat nicht die erwartete Form."))
    return checked


def _email(component: Component, text: str) -> str | Problem:
    # RFC 5321 section 4.5.3.1: 64 octets before the sign, 254 in all
    if len(text) <= 254 and text.find("@") <= 64 and ".." not in text and _EMAIL.fullmatch(text):
        return text
    return problem(component, "INVALID_EMAIL", _("„{label}“ ist keine E-Mail-Adresse, zum Beispiel name@beispiel.de."))


def _phone(component: Component, text: str) -> str | Problem:
    if _PHONE.fullmatch(text):
        return text
    return problem(component, "INVALID_PHONE", _("„{label}“ ist keine Telefonnummer, zum Beispiel 03632 741-0."))


def _postcode(component: Component, text: str) -> str | Problem:
    if _POSTCODE.fullmatch(text) and "01001" <= text <= "99998":
        return text
    return problem(component, "INVALID_POSTCODE", _("„{label}“ ist keine deutsche Postleitzahl (fünf Ziffern)."))


def _iban(component: Component, text: str) -> str | Problem:
    try:
        return IBAN(text, validate_bban=True).compact if len(text) <= 50 else _bad_iban(component)
    except SchwiftyException:
        return _bad_iban(component)


def _bad_iban(component: Component) -> Problem:
    return problem(component, "INVALID_IBAN", _("„{label}“ ist keine gültige IBAN. Bitte prüfen Sie die Ziffern."))


def _date_text(component: Component, text: str) -> str | Problem:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        return problem(component, "INVALID_DATE", _("„{label}“ ist kein Tag des Kalenders."))
    if not EARLIEST <= day <= LATEST:
        return problem(component, "IMPLAUSIBLE_DATE", _("„{label}“ muss zwischen 1900 und 2200 liegen."))
    return text


def _date(component: Component, value: Any, _uploads: Uploads) -> Any | Problem:
    return _date_text(component, value.strip()) if isinstance(value, str) else _wrong_type(component)


def _number(component: Component, value: Any, _uploads: Uploads) -> Any | Problem:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong_type(component)
    if not math.isfinite(value) if isinstance(value, float) else False:
        return _wrong_type(component)
    if abs(value) > LARGEST_NUMBER:
        return problem(component, "OUT_OF_RANGE", _("„{label}“ ist zu groß."))
    return _digits_problem(component, value) or _range_problem(component, value) or value


def _digits_problem(component: Component, value: float) -> Problem | None:
    digits = component.get("decimalDigits")
    if digits is None or abs(value * 10**digits - round(value * 10**digits)) < 1e-6:
        return None
    if digits == 0:
        return problem(component, "NOT_WHOLE", _("„{label}“ muss eine ganze Zahl sein."))
    german = _("„{label}“ darf höchstens {number} Nachkommastellen haben.")
    return problem(component, "TOO_MANY_DIGITS", german, number=digits)


def _range_problem(component: Component, value: float) -> Problem | None:
    least, most = rules_of(component).get("min"), rules_of(component).get("max")
    if least is not None and value < least:
        return problem(component, "TOO_SMALL", _("„{label}“ muss mindestens {number} sein."), number=_german(least))
    if most is not None and value > most:
        return problem(component, "TOO_LARGE", _("„{label}“ darf höchstens {number} sein."), number=_german(most))
    return None


def _german(number: float) -> str:
    return f"{number}".replace(".", ",")


def _checkbox(component: Component, value: Any, _uploads: Uploads) -> Any | Problem:
    return value if isinstance(value, bool) else _wrong_type(component)


def _is_offered(component: Component, value: Any) -> bool:
    offered = (entry.get("value") for entry in component.get("values", ()))
    return any(type(value) is type(choice) and value == choice for choice in offered)


def _no_choice(component: Component) -> Problem:
    return problem(component, "NOT_A_CHOICE", _("„{label}“: Bitte wählen Sie eine der angebotenen Antworten."))


def _choice(component: Component, value: Any, _uploads: Uploads) -> Any | Problem:
    return value if _is_offered(component, value) else _no_choice(component)


def _checklist(component: Component, value: Any, _uploads: Uploads) -> Any | Problem:
    if not isinstance(value, list):
        return _wrong_type(component)
    if len(value) > len(component.get("values", ())) or not all(_is_offered(component, item) for item in value):
        return _no_choice(component)
    if any(item in value[:position] for position, item in enumerate(value)):
        return problem(component, "TWICE", _("„{label}“ nennt eine Antwort mehrfach."))
    return list(value)


def _file(component: Component, value: Any, uploads: Uploads) -> Any | Problem:
    many = component.get("multiple") is True
    named = value if many and isinstance(value, list) else [value]
    if not all(isinstance(identifier, str) for identifier in named) or (many and not isinstance(value, list)):
        return _wrong_type(component)
    if len(named) > 20 or len(set(named)) != len(named):
        return problem(component, "TOO_MANY_FILES", _("„{label}“: höchstens 20 Dateien, jede nur einmal."))
    if any(identifier not in uploads for identifier in named):
        return problem(component, "UNKNOWN_UPLOAD", _("„{label}“: Diese Datei ist nicht mehr da. Bitte neu hochladen."))
    if any(uploads[identifier].removed for identifier in named):
        german = _("„{label}“: Diese Datei hat die Prüfung auf Schadsoftware nicht bestanden und ist gelöscht.")
        return problem(component, "REMOVED_UPLOAD", german)
    return value


FORMATS: dict[str, Callable[[Component, str], str | Problem]] = {
    "email": _email,
    "phone": _phone,
    "postcode": _postcode,
    "iban": _iban,
    "birth_date": _date_text,
    "date": _date_text,
}
CHECKS: dict[str, Callable[[Component, Any, Uploads], Any]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _number,
    "datetime": _date,
    "checkbox": _checkbox,
    "radio": _choice,
    "select": _choice,
    "checklist": _checklist,
    "filepicker": _file,
}
