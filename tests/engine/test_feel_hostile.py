"""Expressions whose author is the attacker: each is refused, stopped or null, in little time and memory."""

import time
import tracemalloc
from decimal import Decimal

import pytest

from kreisbund_platform.engine.dmn import DecisionFault, decide, read_decisions
from kreisbund_platform.engine.feel import FeelError, compile_expression, compile_unary_tests, evaluate
from kreisbund_platform.engine.feel.functions_texts import literal_text

LONG = "x" * 90_000
VARIABLES = {"s": LONG, "t": "ab" * 40_000, "l": list(range(50_000)), "a": 1}
SECONDS = 8.0
MEGABYTES = 120

DOUBLING = "{a0: [1, 1], " + ", ".join(f"a{n}: [a{n - 1}, a{n - 1}]" for n in range(1, 60)) + ", b: %s}.b"
TWICE = "{a0: [1], b0: [1], " + ", ".join(
    f"a{n}: [a{n - 1}, a{n - 1}], b{n}: [b{n - 1}, b{n - 1}]" for n in range(1, 60)
)
STOPPED = [
    "for i in 1..20000 return s + string(i)",
    "for i in 1..1e6000 return i",
    'for d in @"-999999999-01-01"..@"999999999-01-01" return d',
    "for a in l, b in l return a",
    "some a in l, b in l satisfies a < 0",
    "every a in 1..100000 satisfies a > 0",
    "for i in 1..20000 return partial",
    "count(for i in 1..20000 return upper case(s))",
    "count(for i in 1..20000 return reverse(l))",
    "count(for i in 1..20000 return sum(l))",
    "count(for i in 1..20000 return all(l))",
    "count(for i in 1..20000 return list contains(l, -1))",
    "count(for i in 1..20000 return distinct values(l))",
    "count(for i in 1..20000 return l = l)",
    "count(for i in 1..20000 return -1 in l)",
    "count(for i in 1..20000 return l[item < 0])",
    "count(for i in 1..20000 return concatenate(l, l))",
    "count(for i in 1..20000 return string(l))",
    "count(for i in 1..20000 return l instance of list<number>)",
    'count(for i in 1..20000 return replace(s, "x", "yy"))',
    'count(for i in 1..20000 return split(s, "y"))',
    'count(for i in 1..20000 return matches(s, "(x+x+)+y"))',
    'count(for i in 1..20000 return contains(s, "y"))',
    "sort(l, function(x, y) x > y)",
    "list replace(l, function(x, y) true, 1)",
    "{f: function(x) f(x + 1), r: f(1)}.r",
    "{f: function(x) g(x), g: function(x) f(x), r: f(1)}.r",
    "{f: function(n) if n = 0 then 1 else f(n - 1) + f(n - 1), r: f(40)}.r",
    "{f: function(x) x(x), r: f(f)}.r",
    "{a0: s + s, a1: a0 + a0}.a1",
    "string join(for i in 1..20000 return s)",
    DOUBLING % "string(a59)",
    DOUBLING % "flatten(a59)",
    DOUBLING % "a59 = [a58, [a57, a57]]",
    DOUBLING % "distinct values([a59])",
    DOUBLING % ("a59 instance of " + "list<" * 39 + "Any" + ">" * 39),
    TWICE + ", r: a59 = b59}.r",
    TWICE + ", r: a59 in [b59]}.r",
    TWICE + ", r: index of([a59], b59)}.r",
    TWICE + ", r: list contains([a59], b59)}.r",
    TWICE + ", r: a59}.r",
    "{m: [{}], r: for i in 1..20000 return context put({}, string(i), partial)}.r",
]
CHEAP = [
    "for i in 1..3 return partial",
    '"a" + s = s',
    "10 ** 999999999",
    "1.0000001 ** 999999999",
    "2 ** 1e100",
    "1e999999999",
    "1e99999999999999999999999",
    "-1e-99999999999999999999",
    "1e6144 * 1e6144",
    "1e-6143 * 1e-6143",
    "exp(1e6144)",
    "exp(-1e6144)",
    "sqrt(1e6144) * log(1e6144)",
    "modulo(1e6144, 3)",
    "modulo(1e6144, 1e-6143)",
    "decimal(1e6144, 6176)",
    "decimal(1e-6143, -6111)",
    "round up(1e6144, 1e6144)",
    "floor(1e-6143)",
    "odd(1e6144)",
    "substring(s, 1e6144)",
    "substring(s, 1, 1e6144)",
    "l[1e6144]",
    "sublist(l, 1, 1e6144)",
    "date(1e6144, 1, 1)",
    "time(1e6144, 1, 1)",
    '@"P999999999999999999Y" * 1e6144',
    '@"P999999999999999999D" * 999999999999',
    '@"PT1S" * 1e-6000',
    'date("9999-01-01") + @"P99999999999Y"',
    'number(string join(["1", "e", "99999999999"]))',
    'range("[" + s + "..1]")',
    'range("[" + string join(for i in 1..400 return " ") + "..")',
    'matches(s, "((((x{30}){30}){30}){30})y")',
    'matches(s, "(x*)*(x*)*(x*)*y$")',
    'matches("a", "[\\\\p{L}-[\\\\p{Lu}-[\\\\p{Ll}-[a-[b-[c-[d-[e]]]]]]]]")',
    'matches("a", "[\\\\P{L}\\\\P{N}\\\\W\\\\S\\\\I\\\\C-[a]]")',
    'matches("a", "(" + string join(for i in 1..900 return "a|") + ")")',
    'replace(t, "(a)(b)", "$2$1")',
    'time("10:00:00@../../../../etc/passwd")',
    'time("10:00:00@/etc/passwd")',
    "a.__class__",
    'get value({}, "__class__")',
    "string(function(x) x)",
    "[function(x) x]",
]


def _spent(call):
    tracemalloc.start()
    started = time.process_time()
    try:
        return call(), time.process_time() - started, tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _run(text):
    try:
        return compile_expression(text)(VARIABLES)
    except FeelError:
        return FeelError


@pytest.mark.parametrize("text", STOPPED, ids=range(len(STOPPED)))
def test_stopped(text):
    found, seconds, megabytes = _spent(lambda: _run(text))
    assert found is FeelError
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


@pytest.mark.parametrize("text", CHEAP, ids=range(len(CHEAP)))
def test_cheap(text):
    found, seconds, megabytes = _spent(lambda: _run(text))
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
    assert not isinstance(found, Decimal) or found.is_finite()


REFUSED = [
    "1" + "+1" * 4_900,
    "[" * 200 + "]" * 200,
    "{a:" * 200 + "1" + "}" * 200,
    "if true then " * 100 + "1" + " else 1" * 100,
    "for i in " * 100 + "[1]" + " return i" * 100,
    "a in (" * 60 + "1, 1" + "), 1" * 59 + ")",
    "function(x) " * 60 + "x",
    "a instance of " + "list<" * 100 + "Any" + ">" * 100,
    "a" + "(1)" * 200,
    "a" + "[item = 1]" * 200,
    "-" * 100 + "1",
    "not(" * 60 + "true" + ")" * 60,
    '"' + "x" * 20_000 + '"',
    "(" * 39 + "1, " + ")" * 39,
    "x in ]1..2[" + " and x in ]1..2[" * 700,
    "for " * 2_000 + "x",
    "{" + ",".join(f"k{n} k: {n}" for n in range(900)) + ",",
]


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_refused(text):
    def read():
        for compile_ in (compile_expression, compile_unary_tests):
            with pytest.raises(FeelError):
                compile_(text)

    _found, seconds, megabytes = _spent(read)
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


def test_what_leaves_is_bounded():
    text = DOUBLING % "a59"
    for call in (lambda: evaluate(text, {}), lambda: literal_text(compile_expression(text).run)):
        try:
            call()
        except FeelError:
            continue


def test_a_deep_value_does_not_break_the_stack():
    with pytest.raises(FeelError):
        evaluate("for i in 1..9000 return [i, partial[-1]]", {})


@pytest.mark.parametrize("text", [STOPPED[1], STOPPED[25], STOPPED[27]])
def test_a_decision_that_does_not_end_is_a_fault(text):
    model = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d"><decision id="a" name="a">'
        f"<literalExpression><text>{text}</text></literalExpression></decision></definitions>"
    )
    with pytest.raises(DecisionFault):
        decide(read_decisions({"a.dmn": model.encode()}), "a", VARIABLES)
