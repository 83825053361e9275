"""The DMN TCK's files: test cases, their inputs and what they expect, and the comparison (dmn-tck, testCases.xsd)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from kreisbund_platform.engine.feel.comparison import equal
from kreisbund_platform.engine.feel.functions_texts import literal_text
from kreisbund_platform.engine.feel.temporal_text import (
    is_temporal,
    parse_date,
    parse_duration,
    parse_moment,
    parse_time,
    text_of,
)
from kreisbund_platform.engine.refused import local_name, read_xml

_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_NUMBERS = frozenset({"decimal", "double", "float", "integer", "int", "long", "short", "byte"})
_READERS = {"date": parse_date, "time": parse_time, "dateTime": parse_moment, "duration": parse_duration}
TOLERANCE = Decimal("1e-8")
SIGNIFICANT = 12
DEEPEST_VALUE = 20


@dataclass(frozen=True)
class ResultNode:
    """What one decision or service must give; an error and null are the same."""

    name: str
    expected: Any


@dataclass(frozen=True)
class TestCase:
    """One case: `kind` is `decision`, `decisionService` or `bkm`, the latter two called by `invocable`."""

    __test__ = False

    case_id: str
    kind: str
    invocable: str
    inputs: dict[str, Any]
    results: tuple[ResultNode, ...]


@dataclass(frozen=True)
class TestFile:
    """A file of cases for one model."""

    __test__ = False

    model_name: str
    cases: tuple[TestCase, ...]


def read_test_file(data: bytes) -> TestFile:
    """Reads a file; raises ModelRefused where it is no XML."""
    root = read_xml(data)
    names = [element.text or "" for element in _children(root, "modelName")]
    return TestFile(names[0].strip() if names else "", tuple(map(_case, _children(root, "testCase"))))


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in element if local_name(child) == name)


def _case(element: etree._Element) -> TestCase:
    inputs = {" ".join((node.get("name") or "").split()): _value(node) for node in _children(element, "inputNode")}
    return TestCase(
        element.get("id") or element.get("name") or "",
        element.get("type") or "decision",
        element.get("invocableName") or "",
        inputs,
        tuple(map(_result, _children(element, "resultNode"))),
    )


def _result(element: etree._Element) -> ResultNode:
    expected = next(_children(element, "expected"), None)
    is_error = element.get("errorResult") == "true" or expected is None
    return ResultNode(element.get("name") or "", None if is_error else _value(expected))


def _value(holder: etree._Element | None) -> Any:
    if holder is None or holder.get(f"{_SCHEMA_INSTANCE}nil") == "true":
        return None
    components = list(_children(holder, "component"))
    if components:
        return {part.get("name") or "": _value(part) for part in components}
    for child in holder:
        if local_name(child) == "list":
            nil = child.get(f"{_SCHEMA_INSTANCE}nil") == "true"
            return None if nil else [_value(item) for item in _children(child, "item")]
        if local_name(child) == "value":
            return _scalar(child)
    return None


def _scalar(element: etree._Element) -> Any:
    if element.get(f"{_SCHEMA_INSTANCE}nil") == "true":
        return None
    text = element.text or ""
    kind = (element.get(f"{_SCHEMA_INSTANCE}type") or "string").rpartition(":")[2]
    if kind in _NUMBERS:
        return _number(text.strip())
    if kind == "boolean":
        return text.strip() in ("true", "1")
    found = _READERS[kind](text.strip()) if kind in _READERS else None
    return text if found is None else found


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def same(found: Any, expected: Any) -> bool:
    """Whether a value is the expected one; numbers written with rounded digits are taken as such."""
    if isinstance(expected, Decimal) and isinstance(found, Decimal):
        return _same_number(found, expected)
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return equal(found, expected) is True


def _same_number(found: Decimal, expected: Decimal) -> bool:
    difference = abs(found - expected)
    if difference <= TOLERANCE * min(Decimal(1), max(abs(expected), TOLERANCE)):
        return True
    _sign, digits, exponent = expected.as_tuple()
    rounded = len(digits) >= SIGNIFICANT and isinstance(exponent, int)
    return rounded and difference < Decimal(1).scaleb(int(exponent)) and found != found.to_integral_value()


def literal(value: Any, depth: int = 0) -> str:
    """A value as a FEEL literal on one line; what lies too deep in it is shortened."""
    if depth > DEEPEST_VALUE:
        return "…"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item, depth + 1)}" for key, item in value.items()) + "}"
    return f'@"{text_of(value)}"' if is_temporal(value) else literal_text(value)
