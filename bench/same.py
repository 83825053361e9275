"""Whether two servers answer the same: asked before anything is timed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
CURSORS = ("cursor", "startCursor", "endCursor")  # opaque: each server writes its own


class DifferentError(Exception):
    """Answers differ: nothing is measured. Names places, not values."""


def check(who: str, ours: Any, theirs: Any) -> None:
    """Raises DifferentError where data differ; moments may be written in different ways."""
    found = list(differences(ours, theirs))
    if found:
        raise DifferentError(f"{who} answers something else at {', '.join(found[:5])}")


def differences(ours: Any, theirs: Any, place: str = "data") -> Iterator[str]:
    """The places where two JSON values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours | theirs:
            if name not in ours or name not in theirs:
                yield f"{place}.{name}"
            else:
                yield from differences(*(_told(name, each[name]) for each in (ours, theirs)), f"{place}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(*pair, f"{place}[{number}]")
    elif type(ours) is not type(theirs) or _moment(ours) != _moment(theirs):
        yield place


def _told(name: str, value: Any) -> Any:
    return value is None if name in CURSORS else value


def _moment(value: Any) -> Any:
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value
