"""Values of an access report as people read them in German."""

import re
from collections.abc import Mapping
from typing import Any

from kreisbund_api.web.words import german_date, german_time, word
from kreisbund_platform.texts import _

DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(\+\d\d:\d\d|Z)")
# columns whose values are codes, and the words for them
WORDS: Mapping[tuple[str, str], str] = {
    ("case_record", "status"): "status",
    ("case_record", "channel"): "channel",
    ("case_read", "roles"): "role",
    ("case_read", "kinds"): "read_kind",
    ("task", "status"): "task",
    ("task", "role"): "role",
    ("decision", "outcome"): "outcome",
    ("decision", "kind"): "decision",
    ("delivery", "channel"): "delivery",
    ("event", "type"): "event",
}


def told(line: Mapping[str, Any], table: str) -> str:
    """The text for one value of a report's row."""
    value = line["value"]
    group = WORDS.get((table, line["column"]))
    if isinstance(value, list):
        return ", ".join(_text(each, group) for each in value)
    return _text(value, group)


def _text(value: Any, group: str | None) -> str:
    if isinstance(value, bool):
        return _("ja") if value else _("nein")
    text = str(value)
    if group:
        return word(text, group)
    if MOMENT.fullmatch(text):
        return german_time(text)
    return german_date(text) if DAY.fullmatch(text) else text
