"""Opaque cursors: the order key of a row as base64 of a JSON list."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from kreisbund_platform.database.object_types import Key

LONGEST = 2_000
LARGEST_PAGE = 100
READERS = {"timestamptz": datetime.fromisoformat, "date": date.fromisoformat, "uuid": UUID, "bigint": int, "text": str}


class BadPageError(ValueError):
    """A cursor that this order did not give out, or a page size out of 0..100."""


def cursor_sql(keys: Sequence[str]) -> str:
    """SQL that makes the cursor of a row from its key expressions."""
    raw = f"convert_to(json_build_array({','.join(keys)})::text, 'UTF8')"
    return f"translate(encode({raw}, 'base64'), E'\\n', '')"


def read(cursor: str, order: Sequence[Key]) -> list[object]:
    """The key inside a cursor. Raises BadPageError for anything else."""
    try:
        values = json.loads(base64.b64decode(cursor[:LONGEST].encode("ascii"), validate=True))
        if not isinstance(values, list) or len(values) != len(order):
            raise BadPageError
        return [_value(key, value) for key, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise BadPageError from None


def _value(key: Key, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int if key.cast == "bigint" else str):
        raise BadPageError
    read_value = READERS[key.cast](value)  # type: ignore[operator]
    if isinstance(read_value, str) and "\x00" in read_value:
        raise BadPageError
    if isinstance(read_value, int) and abs(read_value) > 2**63 - 1:
        raise BadPageError
    return read_value


def page_size(first: object) -> int:
    """How many are asked for: 0..100, 20 where nothing is said."""
    if first is None:
        return 20
    if isinstance(first, bool) or not isinstance(first, int) or not 0 <= first <= LARGEST_PAGE:
        raise BadPageError
    return first
