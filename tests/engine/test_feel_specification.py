"""FEEL by the book: tables of expressions and the values that DMN 1.5 gives them."""

from pathlib import Path

import pytest

from kreisbund_platform.engine.feel import FeelError, compile_expression
from kreisbund_platform.engine.feel.comparison import equal, kind
from kreisbund_platform.engine.feel.functions_texts import literal_text
from kreisbund_platform.engine.feel.values import Env, Meter

TABLES = sorted((Path(__file__).parent / "feel_tables").glob("*.txt"))


def _rows():
    for table in TABLES:
        for number, line in enumerate(table.read_text().splitlines(), 1):
            if " => " in line and not line.startswith("#"):
                text, _, expected = line.rpartition(" => ")
                yield pytest.param(text, expected.strip(), id=f"{table.stem}-{number}")


ROWS = list(_rows())


def _value(text):
    return compile_expression(text).run(Env({}, None, Meter()))


def test_how_many():
    assert len(ROWS) > 1000


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_row(text, expected):
    if expected == "refused":
        with pytest.raises(FeelError):
            compile_expression(text)
        return
    found, wanted = _value(text), _value(expected)
    assert kind(found) == kind(wanted), literal_text(found)
    assert equal(found, wanted) is True, literal_text(found)
    assert literal_text(found) == literal_text(wanted) or kind(found) == "time" or "Z" in literal_text(found)
