"""The DMN TCK's level 2 cases, read from the shared data."""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kreisbund_platform.engine.dmn import DecisionFault, decide, read_decisions
from kreisbund_platform.engine.feel_values import equal, read

DATA = Path(os.environ.get("KREISBUND_DATA") or Path(__file__).parents[3] / "shared" / "data") / "dmn-tck"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
FILES = sorted(DATA.glob("*/*-test-*.xml"))
pytestmark = [
    pytest.mark.outside_data,
    pytest.mark.skipif(not FILES, reason=f"no DMN TCK at {DATA}; set KREISBUND_DATA"),
]


def _plain_name(element):
    return element.tag.rpartition("}")[2]


def _value(holder):
    for child in holder:
        kind = _plain_name(child)
        if kind == "component":
            return {c.get("name"): _value(c) for c in holder if _plain_name(c) == "component"}
        if kind == "list":
            return [_value(item) for item in child]
        if kind == "value":
            return _scalar(child)
        if kind == "expected":
            return _value(child)
    return None


def _scalar(element):
    text, kind = element.text or "", (element.get(TYPE) or "").rpartition(":")[2]
    if element.get(NIL) == "true":
        return None
    if kind in ("decimal", "double", "integer"):
        return Decimal(text)
    if kind == "boolean":
        return text == "true"
    return date.fromisoformat(text) if kind == "date" else text


def _same(found, expected):
    if isinstance(expected, Decimal) and isinstance(found, Decimal):
        return abs(found - expected) <= Decimal("1e-8") * max(1, abs(expected))
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(_same(read(found[key]), expected[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    return equal(found, expected) is True


def _cases():
    for file in FILES:
        for case in ElementTree.parse(file).getroot().iter():
            if _plain_name(case) == "testCase":
                yield pytest.param(file, case, id=f"{file.parent.name}-{case.get('id')}")


@pytest.mark.parametrize(("file", "case"), list(_cases()))
def test_case(file, case):
    name = next(e.text for e in ElementTree.parse(file).getroot().iter() if _plain_name(e) == "modelName")
    decisions = read_decisions({name: (file.parent / name).read_bytes()})
    variables = {e.get("name"): _value(e) for e in case if _plain_name(e) == "inputNode"}
    ids = {" ".join(d.name.split()): d.decision_id for d in decisions.by_id.values()}
    for node in (e for e in case if _plain_name(e) == "resultNode"):
        try:
            result = decide(decisions, ids[node.get("name")], variables).result
        except DecisionFault:
            assert node.get("errorResult") == "true"
            continue
        expected = None if node.get("errorResult") == "true" else _value(node)
        assert _same(result, expected), f"{node.get('name')}: {result!r} is not {expected!r}"
