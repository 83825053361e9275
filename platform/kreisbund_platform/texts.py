"""What people see is German and passes through gettext; the German text is the message id."""

import gettext
from functools import cache
from pathlib import Path

DOMAIN = "kreisbund"
LOCALES = Path(__file__).with_name("locales")


@cache
def translations(language: str = "de") -> gettext.NullTranslations:
    """The catalogue of a language; without one the German source texts stand."""
    return gettext.translation(DOMAIN, LOCALES, [language], fallback=True)


def _(text: str) -> str:
    """The text as the reader sees it."""
    return translations().gettext(text)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The text for one or for many."""
    return translations().ngettext(singular, plural, number)
