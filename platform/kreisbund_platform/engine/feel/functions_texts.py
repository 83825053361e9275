"""Built-in functions on texts (DMN 1.5, 10.3.4.3) and the conversions from and to text."""

import re
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel.functions import builtin
from kreisbund_platform.engine.feel.regex import find, replaced, split
from kreisbund_platform.engine.feel.scanner import KEYWORDS
from kreisbund_platform.engine.feel.temporal_text import is_temporal, text_of
from kreisbund_platform.engine.feel.values import LONGEST_VALUE, NUMBERS, Env, Interval, Meter, Unlike, finite

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_SIMPLE_KEY = re.compile(r"[^\W\d]\w*(?: \w+)*")


def _position(start: Decimal, size: int) -> int | None:
    """The index of a position counted from 1, or from the end; None where it lies outside."""
    if start == 0 or abs(start) > size:
        return None
    return int(start) - 1 if start > 0 else size + int(start)


@builtin("substring", "string: string, start position: number, length?: number")
def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    first = _position(start.to_integral_value(rounding="ROUND_DOWN"), len(text))
    if first is None or (length is not None and length < 1):
        return None
    return text[first:] if length is None else text[first : first + int(min(length, Decimal(len(text))))]


@builtin("string length", "string: string")
def _string_length(text: str) -> Decimal:
    return Decimal(len(text))


@builtin("upper case", "string: string")
def _upper_case(text: str) -> str:
    return text.upper()


@builtin("lower case", "string: string")
def _lower_case(text: str) -> str:
    return text.lower()


@builtin("substring before", "string: string, match: string")
def _substring_before(text: str, match: str) -> str:
    return text.split(match, 1)[0] if match and match in text else ""


@builtin("substring after", "string: string, match: string")
def _substring_after(text: str, match: str) -> str:
    if not match:
        return text
    return text.split(match, 1)[1] if match in text else ""


@builtin("contains", "string: string, match: string")
def _contains(text: str, match: str) -> bool:
    return match in text


@builtin("starts with", "string: string, match: string")
def _starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", "string: string, match: string")
def _ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@builtin("matches", "input: string, pattern: string, flags?: string|null", metered=True)
def _matches(env: Env, text: str, pattern: str, flags: str | None = None) -> bool | None:
    return find(env.meter, text, pattern, flags or "")


@builtin("replace", "input: string, pattern: string, replacement: string, flags?: string|null", metered=True)
def _replace(env: Env, text: str, pattern: str, replacement: str, flags: str | None = None) -> str | None:
    return replaced(env.meter, text, pattern, replacement, flags or "")


@builtin("split", "string: string, delimiter: string", metered=True)
def _split(env: Env, text: str, delimiter: str) -> list[str] | None:
    return split(env.meter, text, delimiter)


@builtin("string join", "list: list, delimiter?: string|null", metered=True)
def _string_join(env: Env, items: list[Any], delimiter: str | None = None) -> str | None:
    texts = [item for item in items if item is not None]
    if not all(isinstance(item, str) for item in texts):
        return None
    between = delimiter or ""
    env.meter.step((sum(map(len, texts)) + len(between) * len(texts)) >> 4)
    return between.join(texts)


@builtin("string", "from: Any", metered=True)
def _string(env: Env, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    parts: list[str] = []
    _write(value, parts, Meter(LONGEST_VALUE), env.meter)
    return "".join(parts)


def number_text(number: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    if not number:
        return "0"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def literal_text(value: Any) -> str:
    """A value as FEEL writes it in a list: texts in quotes; raises FeelError where it is beyond all measure."""
    parts: list[str] = []
    meter = Meter(LONGEST_VALUE)
    _write(value, parts, meter, meter)
    return "".join(parts)


def _write(value: Any, parts: list[str], size: Meter, meter: Meter) -> None:
    meter.step()
    if isinstance(value, list):
        _write_all("[", [("", item) for item in value], "]", parts, size, meter)
    elif isinstance(value, dict):
        entries = [(f"{_key_text(key)}: ", item) for key, item in value.items()]
        _write_all("{", entries, "}", parts, size, meter)
    else:
        parts.append(_scalar_text(value))
    size.step(len(parts[-1]) + 1)


def _write_all(
    opening: str, items: list[tuple[str, Any]], closing: str, parts: list[str], size: Meter, meter: Meter
) -> None:
    parts.append(opening)
    for position, (label, item) in enumerate(items):
        parts.append((", " if position else "") + label)
        _write(item, parts, size, meter)
    parts.append(closing)


def _key_text(key: str) -> str:
    return key if _SIMPLE_KEY.fullmatch(key) and key not in KEYWORDS else quoted(key)


def quoted(text: str) -> str:
    """A text as a FEEL literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _scalar_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, str):
        return quoted(value)
    if is_temporal(value):
        return text_of(value)
    return _range_text(value) if isinstance(value, Interval | Unlike) else "function"


def _range_text(value: Interval | Unlike) -> str:
    if isinstance(value, Unlike):
        return f"(!={_scalar_text(value.value)})"
    low = "" if value.low is None else _scalar_text(value.low)
    high = "" if value.high is None else _scalar_text(value.high)
    if not low:
        return f"({'<=' if value.high_closed else '<'}{high})"
    if not high:
        return f"({'>=' if value.low_closed else '>'}{low})"
    return f"{'[' if value.low_closed else '('}{low}..{high}{']' if value.high_closed else ')'}"


@builtin("number", "from: string")
def _number_plain(text: str) -> Decimal | None:
    return _read_number(text)


@builtin("number", "from: string, grouping separator: string|null, decimal separator: string|null")
def _number(text: str, grouping: str | None, point: str | None) -> Decimal | None:
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", "."):
        return None
    if grouping is not None and grouping == point:
        return None
    bare = text.replace(grouping, "") if grouping else text
    if point == "," and "." in bare:
        return None
    return _read_number(bare.replace(point, ".") if point else bare)


def _read_number(text: str) -> Decimal | None:
    if len(text) > 500 or not _NUMBER.fullmatch(text):
        return None
    return finite(NUMBERS.create_decimal(text))
