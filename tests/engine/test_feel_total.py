# ruff: noqa: E501  tables of expressions
"""Whatever is put together, FEEL answers a value, null or a limit, and never breaks."""

import itertools
import random

import pytest

from kreisbund_platform.engine.feel import FeelError, compile_expression
from kreisbund_platform.engine.feel.functions import FUNCTIONS
from kreisbund_platform.engine.feel.functions_texts import literal_text
from kreisbund_platform.engine.feel.values import Env, Meter, plain

VALUES = [
    *("null", "true", "false", "0", "-1", "2.5", "1e6000", '""', '"a"', '"[1..2]"', '"\\uD83D"', "[]", "[1]", "[null]"),
    *('[1, "a", null]', "{}", "{a: 1}", '{key: "k", value: 1}', '@"2020-02-29"', '@"-999999999-01-01"', '@"10:00:00Z"'),
    *('@"10:00:00@Europe/Berlin"', '@"2020-02-29T10:00:00"', '@"9999-12-31T23:59:59@Asia/Tokyo"', '@"P1Y"', '@"-PT1S"'),
    *("[1..3]", "(< 5)", "(!= 5)", '[@"2020-01-01"..@"2020-01-02"]', "function(x) x", "function(x, y) x < y", "abs"),
]
OPERATORS = ("+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in", "between 1 and")


def _answers(text):
    try:
        value = compile_expression(text).run(Env({}, None, Meter()))
        literal_text(value)
        plain(value)
    except FeelError:
        return


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_take_anything(name):
    chosen = random.Random(name)
    _answers(f"{name}()")
    for arguments in itertools.product(VALUES, repeat=1):
        _answers(f"{name}({', '.join(arguments)})")
    for count in (2, 3, 4):
        for _round in range(40):
            _answers(f"{name}({', '.join(chosen.choices(VALUES, k=count))})")


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_take_anything(operator):
    for left, right in itertools.product(VALUES, repeat=2):
        _answers(f"({left}) {operator} ({right})")


@pytest.mark.parametrize(
    "pattern",
    [
        "({a})[{b}]", "for x in {a} return {b}", "for x in {a}..{b} return x", "some x in {a} satisfies x = {b}",
        "({a})({b})", "[{a}..{b}].start", "if {a} then {b} else 1", "-({a}) = {b}", "({a})[item = {b}]", "{{k: {a}, l: k = {b}}}",
        "({a}) in ({b}, ? = 1, > {b})", "({a}).year = ({b}).a",
    ],
)  # fmt: skip
def test_forms_take_anything(pattern):
    for left, right in itertools.product(VALUES, repeat=2):
        _answers(pattern.format(a=left, b=right))


def test_random_expressions():
    chosen = random.Random(1)
    patterns = [
        "({a} + {b})",
        "{f}({a}, {b})",
        "[{a}, {b}]",
        "{{a: {a}, b: {b}}}",
        "({a})[{b}]",
        "(if {a} then {b} else {a})",
    ]
    names = sorted(FUNCTIONS)
    for _round in range(1500):
        text = chosen.choice(VALUES)
        for _depth in range(chosen.randrange(1, 6)):
            text = chosen.choice(patterns).format(a=text, b=chosen.choice(VALUES), f=chosen.choice(names))
        _answers(text)
