"""HTML from pages: autoescape on, German words as filters, nothing undefined passes silently."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from kreisbund_api.web import report_words, words
from kreisbund_platform.templates.differences.terms import duration_words
from kreisbund_platform.texts import _, ngettext

HERE = Path(__file__).parent
AREAS = ("start", "portal", "desk", "studio", "state", "operations")
FILTERS = {
    "date": words.german_date,
    "due_day": words.german_due_day,
    "time": words.german_time,
    "month": words.german_month,
    "number": words.german_number,
    "period": lambda text: duration_words(text) if text else "–",
    "percent": words.german_percent,
    "euros": words.euros,
    "file_size": words.file_size,
    "word": words.word,
    "told": report_words.told,
}


@cache
def environment() -> Environment:
    """The pages of all areas; an area's pages are named `<area>/<page>.html`."""
    areas = PrefixLoader({area: FileSystemLoader(HERE / area / "pages") for area in AREAS})
    made = Environment(
        loader=ChoiceLoader([areas, FileSystemLoader(HERE / "pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(_=_, ngettext=ngettext)
    return made


def html(page: str, values: Mapping[str, Any]) -> str:
    """The page as text."""
    return environment().get_template(page).render(values)


@cache
def document(area: str, name: str) -> str:
    """The text of a page's GraphQL document."""
    return (HERE / area / f"{name}.graphql").read_text("utf-8")
