# ruff: noqa: E501  tables of models
"""DMN models by the book: boxed expressions, types, knowledge, services and imports, in the lenient reading."""

from datetime import UTC, datetime

import pytest

from kreisbund_platform.engine.dmn import Evaluation, serve
from kreisbund_platform.engine.dmn.model import read_decisions, read_model
from kreisbund_platform.engine.dmn.tables import DecisionMeter
from kreisbund_platform.engine.feel import compile_expression
from kreisbund_platform.engine.feel.functions_texts import literal_text
from kreisbund_platform.engine.feel.values import Env, Meter
from kreisbund_platform.engine.refused import ModelRefused

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def feel(text):
    return compile_expression(text).run(Env({}, None, Meter()))


def file(*parts, namespace="urn:a", name="a"):
    head = f'<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="{name}"'
    return (f'{head} namespace="{namespace}">' + "".join(parts) + "</definitions>").encode()


def literal(text):
    return f"<literalExpression><text><![CDATA[{text}]]></text></literalExpression>"


def needs(*hrefs):
    kinds = {"i": "requiredInput", "d": "requiredDecision", "k": "requiredKnowledge", "s": "requiredKnowledge"}
    found = ""
    for href in hrefs:
        kind = kinds[href.rpartition("#")[2][0]]
        outer = "knowledgeRequirement" if kind == "requiredKnowledge" else "informationRequirement"
        found += f'<{outer}><{kind} href="{href}"/></{outer}>'
    return found


def given(identifier, name, type_=""):
    ref = f' typeRef="{type_}"' if type_ else ""
    return f'<inputData id="{identifier}" name="{name}"><variable name="{name}"{ref}/></inputData>'


def decision(identifier, name, logic, *hrefs, type_=""):
    ref = f' typeRef="{type_}"' if type_ else ""
    head = f'<decision id="{identifier}" name="{name}"><variable name="{name}"{ref}/>'
    return f"{head}{needs(*hrefs)}{logic}</decision>"


def function(parameters, logic, kind="FEEL"):
    declared = "".join(
        f'<formalParameter name="{name}"' + (f' typeRef="{type_}"/>' if type_ else "/>") for name, type_ in parameters
    )
    return f'<{{tag}} kind="{kind}">{declared}{logic}</{{tag}}>'


def knowledge(identifier, name, parameters, logic, *hrefs, type_="", kind="FEEL"):
    ref = f' typeRef="{type_}"' if type_ else ""
    body = function(parameters, logic, kind).replace("{tag}", "encapsulatedLogic")
    head = f'<businessKnowledgeModel id="{identifier}" name="{name}"><variable name="{name}"{ref}/>'
    return f"{head}{body}{needs(*hrefs)}</businessKnowledgeModel>"


def value(model, identifier, **inputs):
    if isinstance(model, bytes):
        model = read_model("a", {"a": model})
    meter = DecisionMeter(NOW, strict=False)
    values = {name.replace("_", " "): feel(text) for name, text in inputs.items()}
    return Evaluation(model, values, meter).decision(identifier)


def entry(name, logic, type_=""):
    ref = f' typeRef="{type_}"' if type_ else ""
    variable = f'<variable name="{name}"{ref}/>' if name else ""
    return f"<contextEntry>{variable}{logic}</contextEntry>"


def context(*entries):
    return "<context>" + "".join(entries) + "</context>"


def invocation(name, **bindings):
    bound = "".join(
        f'<binding><parameter name="{key.replace("_", " ")}"/>{literal(text)}</binding>'
        for key, text in bindings.items()
    )
    return f"<invocation>{literal(name)}{bound}</invocation>"


FUNCTION = function([("x", "number")], literal("x * 2")).replace("{tag}", "functionDefinition")
RELATION = (
    '<relation><column name="a"/><column name="b c"/><row>' + literal("1") + literal('"x"') + "</row><row>"
    + literal("2") + literal('"y"') + "</row></relation>"
)  # fmt: skip
BOXED = [
    (literal("1 + 1"), "2"),
    (literal("now() instance of date and time"), "true"),
    (literal("today()"), '@"2026-03-01"'),
    (context(entry("a", literal("1")), entry("b", literal("a + 1"))), "{a: 1, b: 2}"),
    (context(entry("a", literal("1")), entry("", literal("a + 1"))), "2"),
    (context(entry("a b", literal("1")), entry("", literal("a b + 1"))), "2"),
    (context(entry("a", literal('"x"'), "number")), "{a: null}"),
    (context(entry("a", literal("[1]"), "number")), "{a: 1}"),
    (context(entry("a", literal("1 +")), entry("b", literal("2"))), "{a: null, b: 2}"),
    (context(entry("a", context(entry("b", literal("1")))), entry("", literal("a.b"))), "1"),
    (context(entry("x", literal("1")), entry("r", context(entry("y", literal("x + 1"))))), "{x: 1, r: {y: 2}}"),
    (context(entry("f", FUNCTION), entry("", literal("f(4)"))), "8"),
    (context(entry("f", FUNCTION), entry("", literal('f("a")'))), "null"),
    (context(entry("f", FUNCTION), entry("", invocation("f", x="5"))), "10"),
    (context(entry("f", FUNCTION), entry("", invocation("f", y="5"))), "null"),
    (context(entry("f", FUNCTION), entry("", invocation("f"))), "null"),
    (invocation("abs", n="-1"), "1"),
    (invocation("missing", n="-1"), "null"),
    ("<list>" + literal("1") + literal('"a"') + RELATION + "</list>", '[1, "a", [{a: 1, b c: "x"}, {a: 2, b c: "y"}]]'),
    ("<list/>", "[]"),
    (RELATION, '[{a: 1, b c: "x"}, {a: 2, b c: "y"}]'),
    (context(entry("r", RELATION), entry("", literal("r[b c = \"y\"].a"))), "[2]"),
    (f"<conditional><if>{literal('true')}</if><then>{literal('1')}</then><else>{literal('2')}</else></conditional>", "1"),
    (f"<conditional><if>{literal('null')}</if><then>{literal('1')}</then><else>{literal('2')}</else></conditional>", "2"),
    (f"<filter><in>{literal('[1, 2, 3]')}</in><match>{literal('item > 1')}</match></filter>", "[2, 3]"),
    (f"<filter><in>{RELATION}</in><match>{literal('b c = &quot;x&quot;'.replace('&quot;', chr(34)))}</match></filter>", '[{a: 1, b c: "x"}]'),
    (f"<filter><in>{literal('[1, 2, 3]')}</in><match>{literal('2')}</match></filter>", "2"),
    (f"<filter><in>{literal('null')}</in><match>{literal('true')}</match></filter>", "null"),
    (f'<for iteratorVariable="i"><in>{literal("[1, 2]")}</in><return>{literal("i * 2")}</return></for>', "[2, 4]"),
    (f'<for iteratorVariable="i"><in>{literal("1..3")}</in><return>{literal("i + count(partial)")}</return></for>', "[1, 3, 5]"),
    (f'<for iteratorVariable="i"><in>{literal("null")}</in><return>{literal("i")}</return></for>', "null"),
    (f'<some iteratorVariable="i"><in>{literal("[1, 2]")}</in><satisfies>{literal("i > 1")}</satisfies></some>', "true"),
    (f'<every iteratorVariable="i"><in>{literal("[1, 2]")}</in><satisfies>{literal("i > 1")}</satisfies></every>', "false"),
    (f'<for iteratorVariable="i"><in>{literal("[1, 2]")}</in><return>{context(entry("r", literal("i")))}</return></for>', "[{r: 1}, {r: 2}]"),
    ("", "null"),
    ("<functionDefinition/>", None),
]  # fmt: skip


@pytest.mark.parametrize(("logic", "expected"), BOXED)
def test_boxed_expressions(logic, expected):
    found = value(file(decision("d1", "D", logic)), "d1")
    if expected is None:
        assert literal_text(found) == "function"
        return
    assert literal_text(found) == literal_text(feel(expected))


TYPES = """
<itemDefinition name="tAge"><typeRef>number</typeRef><allowedValues><text>[0..150]</text></allowedValues></itemDefinition>
<itemDefinition name="tNames" isCollection="true"><typeRef>string</typeRef>
  <allowedValues><text>"a", "b"</text></allowedValues></itemDefinition>
<itemDefinition name="tFew" isCollection="true"><typeRef>string</typeRef>
  <typeConstraint><text>count(?) &lt; 3</text></typeConstraint></itemDefinition>
<itemDefinition name="tPerson"><itemComponent name="age"><typeRef>tAge</typeRef></itemComponent>
  <itemComponent name="full name"><typeRef>string</typeRef></itemComponent></itemDefinition>
<itemDefinition name="tPeople" isCollection="true"><typeRef>tPerson</typeRef></itemDefinition>
<itemDefinition name="tTree"><itemComponent name="v"><typeRef>number</typeRef></itemComponent>
  <itemComponent name="children" isCollection="true"><typeRef>tTree</typeRef></itemComponent></itemDefinition>
<itemDefinition name="tTwice"><functionItem outputTypeRef="number"><parameters name="x" typeRef="number"/></functionItem>
</itemDefinition>
<itemDefinition name="t Odd Name"><typeRef>string</typeRef></itemDefinition>
"""
COERCED = [
    ("number", "1", "1"),
    ("number", '"1"', "null"),
    ("number", "[1]", "1"),
    ("number", '["1"]', "null"),
    ("number", "[1, 2]", "null"),
    ("feel:number", "1", "1"),
    ("string", "1", "null"),
    ("boolean", "true", "true"),
    ("Any", "[1]", "[1]"),
    ("date", '@"2020-01-01"', '@"2020-01-01"'),
    ("date", '@"2020-01-01T00:00:00"', "null"),
    ("date and time", '@"2020-01-01"', '@"2020-01-01T00:00:00Z"'),
    ("dateTime", '@"2020-01-01T10:00:00"', '@"2020-01-01T10:00:00"'),
    ("days and time duration", '@"P1D"', '@"P1D"'),
    ("dayTimeDuration", '@"P1Y"', "null"),
    ("tAge", "20", "20"),
    ("tAge", "200", "null"),
    ("tAge", "[20]", "20"),
    ("tAge", "null", "null"),
    ("tNames", '["a", "b"]', '["a", "b"]'),
    ("tNames", '["a", "c"]', "null"),
    ("tNames", '"a"', '["a"]'),
    ("tNames", '"c"', "null"),
    ("tNames", "[]", "[]"),
    ("tFew", '["x", "y"]', '["x", "y"]'),
    ("tFew", '["x", "y", "z"]', "null"),
    ("tPerson", '{age: 1, full name: "x"}', '{age: 1, full name: "x"}'),
    ("tPerson", '{age: 1, full name: "x", more: 1}', '{age: 1, full name: "x", more: 1}'),
    ("tPerson", "{age: 1}", "null"),
    ("tPerson", '{age: 200, full name: "x"}', "null"),
    ("tPerson", '{age: null, full name: "x"}', '{age: null, full name: "x"}'),
    ("tPeople", '[{age: 1, full name: "x"}]', '[{age: 1, full name: "x"}]'),
    ("tPeople", '{age: 1, full name: "x"}', '[{age: 1, full name: "x"}]'),
    ("tPeople", '[{age: "1", full name: "x"}]', "null"),
    ("tTree", "{v: 1, children: [{v: 2, children: []}]}", "{v: 1, children: [{v: 2, children: []}]}"),
    ("t Odd Name", '"x"', '"x"'),
    ("t Odd Name", "1", "null"),
    ("unknown", "1", "1"),
]


@pytest.mark.parametrize(("type_", "text", "expected"), COERCED)
def test_types_of_results_inputs_and_parameters(type_, text, expected):
    wanted = literal_text(feel(expected))
    members = decision("d0", "made", literal(text), type_=type_)
    model = file(
        TYPES, given("i1", "raw", type_), members,
        decision("d1", "taken", literal("raw"), "#i1"),
        knowledge("k1", "same", [("p", type_)], literal("p")),
        decision("d2", "called", literal(f"same({text})"), "#k1"),
    )  # fmt: skip
    assert literal_text(value(model, "d0")) == wanted
    assert literal_text(value(model, "d1", raw=text)) == wanted
    assert literal_text(value(model, "d2")) == wanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{age: 1, full name: "x"} instance of tPerson', True),
        ("{age: 1} instance of tPerson", False),
        ('["x"] instance of list<t Odd Name>', True),
        ("20 instance of tAge", True),
        ("200 instance of tAge", False),
        ("(function(x: number) x) instance of tTwice", True),
        ("(function(x: string) x) instance of tTwice", False),
        ("(function(p: tAge) p)(200) = null", True),
    ],
)
def test_types_of_the_model_in_expressions(text, expected):
    assert value(file(TYPES, decision("d1", "D", literal(text))), "d1") is expected


def test_scopes_are_what_is_required():
    model = file(
        given("i1", "seen", "number"), given("i2", "unseen", "number"), given("i3", "a-b", "number"),
        decision("d1", "One", literal("[seen, unseen]"), "#i1"),
        decision("d2", "Two Words", literal("One[1] + 1"), "#d1"),
        decision("d3", "Three", literal("[Two Words, One, Three]"), "#d2"),
        decision("d4", "Four", literal("a-b - 1"), "#i3"),
        decision("d5", "Five", literal("a-b"), "#i1"),
        decision("d6", "Six", literal("Two Words + a"), "#d2"),
    )  # fmt: skip
    inputs = {"seen": "1", "unseen": "2", "a-b": "7"}
    assert literal_text(value(model, "d1", **inputs)) == "[1, null]"
    assert literal_text(value(model, "d3", **inputs)) == "[2, null, null]"
    assert value(model, "d4", **inputs) == 6
    assert value(model, "d5", **inputs) is None
    assert value(model, "d6", **inputs) is None


def test_business_knowledge():
    table = (
        '<decisionTable hitPolicy="UNIQUE"><input><inputExpression><text>n</text></inputExpression></input>'
        '<output/><rule><inputEntry><text>&lt; 10</text></inputEntry><outputEntry><text>"low"</text></outputEntry></rule>'
        '<rule><inputEntry><text>&gt;= 10</text></inputEntry><outputEntry><text>"high"</text></outputEntry></rule>'
        "</decisionTable>"
    )
    model = file(
        knowledge("k1", "add one", [("n", "number")], literal("n + 1"), type_="number"),
        knowledge("k2", "add two", [("n", "number")], literal("add one(add one(n))"), "#k1"),
        knowledge("k3", "rate", [("n", "number")], table),
        knowledge("k4", "fac", [("n", "number")], literal("if n < 2 then 1 else n * fac(n - 1)"), "#k4"),
        knowledge("k5", "java", [("n", "number")], context(entry("class", literal('"java.lang.Math"'))), kind="Java"),
        knowledge("k6", "texts", [("n", "")], literal("n"), type_="string"),
        knowledge("k7", "no see", [("n", "")], literal("add one(n)")),
        decision("d1", "A", literal("add two(n: 1)"), "#k2"),
        decision("d2", "B", literal('[rate(1), rate(10), rate("x")]'), "#k3"),
        decision("d3", "C", literal("fac(10)"), "#k4"),
        decision("d4", "D", literal("java(1)"), "#k5"),
        decision("d5", "E", literal('[texts(1), texts("a")]'), "#k6"),
        decision("d6", "F", literal("add one(1)")),
        decision("d7", "G", literal("no see(1)"), "#k7"),
        decision("d8", "H", literal("(for f in [add one, fac] return f(3))"), "#k1", "#k4"),
        decision("d9", "I", invocation("add one", n="5"), "#k1"),
        decision("d10", "J", literal("add one instance of function<number>->number"), "#k1"),
    )
    expected = ["3", '["low", "high", null]', "3628800", "null", '[null, "a"]', "null", "null", "[4, 6]", "6", "true"]
    for number, text in enumerate(expected, 1):
        assert literal_text(value(model, f"d{number}")) == text, number


SERVICES = file(
    given("i1", "x", "number"), given("i2", "y", "string"),
    decision("d1", "inner", literal("x + 1"), "#i1", type_="number"),
    decision("d2", "outer", literal("inner * 10"), "#d1"),
    decision("d3", "label", literal("y + string(inner)"), "#i2", "#d1"),
    '<decisionService id="s1" name="whole"><outputDecision href="#d2"/><encapsulatedDecision href="#d1"/>'
    '<inputData href="#i1"/></decisionService>',
    '<decisionService id="s2" name="from inner"><outputDecision href="#d2"/><inputDecision href="#d1"/></decisionService>',
    '<decisionService id="s3" name="two"><variable name="two"/><outputDecision href="#d2"/><outputDecision href="#d3"/>'
    '<encapsulatedDecision href="#d1"/><inputData href="#i1"/><inputData href="#i2"/></decisionService>',
    '<decisionService id="s4" name="mixed"><outputDecision href="#d3"/><inputDecision href="#d1"/>'
    '<inputData href="#i2"/></decisionService>',
    *(
        decision(f"d1{number}", f"call {number}", literal(text), "#s1", "#s2", "#s3", "#s4")
        for number, text in enumerate([
            "whole(1)", "whole(x: 1)", 'whole("a")', "whole()", "whole(1, 2)", "whole([1])", "from inner(5)",
            "from inner(inner: 5)", 'from inner("a")', 'two(1, "n")', 'mixed("n", 7)', 'mixed(inner: 7, y: "n")',
            "whole(z: 1)", "whole instance of function<number> -> Any", 'two(x: 1, y: "n").label',
        ])
    ),
)  # fmt: skip
CALLED = [
    *("20", "20", "null", "null", "null", "20", "50", "50", "null", '{outer: 20, label: "n2"}', '"n7"', '"n7"'),
    *("null", "true", '"n2"'),
]


@pytest.mark.parametrize(("number", "expected"), list(enumerate(CALLED)))
def test_decision_services_as_functions(number, expected):
    assert literal_text(value(SERVICES, f"d1{number}")) == literal_text(feel(expected))


@pytest.mark.parametrize(
    ("service", "inputs", "expected"),
    [
        ("s1", {"x": "1"}, "20"),
        ("s1", {"x": '"a"'}, "null"),
        ("s1", {}, "null"),
        ("s2", {"inner": "3"}, "30"),
        ("s3", {"x": "1", "y": '"n"'}, '{outer: 20, label: "n2"}'),
        ("s4", {"inner": "3", "y": '"n"'}, '"n3"'),
    ],
)
def test_decision_services_from_outside(service, inputs, expected):
    values = {name: feel(text) for name, text in inputs.items()}
    evaluation = Evaluation(read_model("a", {"a": SERVICES}), values, DecisionMeter(NOW, strict=False))
    assert literal_text(serve(evaluation, service, values)) == literal_text(feel(expected))


def imports(alias, namespace):
    return f'<import importType="https://www.omg.org/spec/DMN/20230324/MODEL/" name="{alias}" namespace="{namespace}"/>'


BASE = file(
    '<itemDefinition name="tLow"><typeRef>number</typeRef><allowedValues><text>&lt; 10</text></allowedValues></itemDefinition>',
    given("i1", "Person name", "string"),
    decision("d1", "greeting", literal('"Hello, " + Person name'), "#i1"),
    knowledge("k1", "double it", [("n", "number")], literal("n * 2")),
    '<decisionService id="s1" name="greet"><outputDecision href="#d1"/><inputData href="#i1"/></decisionService>',
    namespace="urn:base",
)
MIDDLE = file(
    imports("base", "urn:base"),
    decision("d1", "middle", literal('base.greeting + "!"'), "urn:base#d1"),
    namespace="urn:middle",
)
TOP = file(
    imports("base", "urn:base"), imports("Model B", "urn:middle"),
    given("i1", "low", "base.tLow"),
    decision("d1", "one", literal("base.double it(n: 4)"), "urn:base#k1"),
    decision("d2", "two", literal("base.Person name + base.greeting"), "urn:base#i1", "urn:base#d1"),
    decision("d3", "three", literal("Model B.middle"), "urn:middle#d1"),
    decision("d4", "four", literal("low"), "#i1"),
    decision("d5", "five", literal('base.greet("you")'), "urn:base#s1"),
    decision("d6", "six", literal("5 instance of base.tLow"), "urn:a#d1"),
    decision("d7", "seven", literal("base.unseen"), "urn:base#d1"),
    decision("d8", "eight", literal("20"), type_="base.tLow"),
    decision("d9", "nine", invocation("base.double it", n="21"), "urn:base#k1"),
)  # fmt: skip
NO_NAME = file(
    imports("", "urn:base"),
    given("i1", "low", "tLow"),
    decision("d1", "one", literal("double it(n: 4)"), "urn:base#k1"),
    decision("d2", "two", literal("greeting"), "urn:base#d1"),
    decision("d3", "three", literal("low"), "#i1"),
)
GIVEN = {"base.Person_name": '"A"', "Model_B": '{base: {Person name: "B"}}', "low": "5"}


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("d1", "8"), ("d2", '"AHello, A"'), ("d3", '"Hello, B!"'), ("d4", "5"), ("d5", '"Hello, you"'),
        ("d6", "true"), ("d7", "null"), ("d8", "null"), ("d9", "42"),
    ],
)  # fmt: skip
def test_imports(identifier, expected):
    model = read_model("top", {"top": TOP, "base": BASE, "middle": MIDDLE, "other": b"<no"})
    assert literal_text(value(model, identifier, **GIVEN)) == expected


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [({"base": '{Person name: "N"}'}, "N"), ({"base.Person_name": '"D"'}, "D"), ({"Person_name": '"F"'}, "F")],
)
def test_values_for_imported_inputs(inputs, expected):
    model = read_model("top", {"top": TOP, "base": BASE, "middle": MIDDLE})
    assert value(model, "d2", **inputs) == f"{expected}Hello, {expected}"


@pytest.mark.parametrize(("identifier", "expected"), [("d1", "8"), ("d2", '"Hello, A"'), ("d3", "null")])
def test_imports_without_a_name(identifier, expected):
    model = read_model("top", {"top": NO_NAME, "base": BASE})
    assert literal_text(value(model, identifier, Person_name='"A"', low="50")) == expected


def test_imports_in_circles_end():
    one = file(imports("two", "urn:two"), decision("d1", "a", literal("1"), "urn:two#d1"), namespace="urn:one")
    two = file(imports("one", "urn:one"), decision("d1", "a", literal("one.a"), "urn:one#d1"), namespace="urn:two")
    assert value(read_model("one", {"one": one, "two": two}), "d1") == 1


def test_a_decision_that_needs_itself_is_null_to_itself():
    assert value(file(decision("d1", "a", literal("a = null"), "#d1")), "d1") is True


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("d1", [decision("d1", "a", literal("1 +"))]),
        ("d1", [decision("d1", "a", context(entry("x", literal("1 +"))))]),
        ("d1", [decision("d1", "a", "<context><contextEntry/></context>")]),
        ("d1", [decision("d1", "a", literal("1"), type_="unknown")]),
        ("k1", [knowledge("k1", "f", [("n", "unknown")], literal("1"))]),
        ("k1", ['<businessKnowledgeModel id="k1" name="f"/>']),
        ("d1", [decision("d1", "a", literal("b"), "#d2")]),
        ("s1", ['<decisionService id="s1" name="s"><outputDecision href="#d9"/></decisionService>']),
        ("t", ['<itemDefinition name="t"><typeRef>string</typeRef><allowedValues><text>1 +</text></allowedValues>'
               "</itemDefinition>"]),
        ("d1", [decision("d1", "a", context(entry("x", context(entry("y", "<list>" * 50 + "</list>" * 50)))))]),
    ],
)  # fmt: skip
def test_publishing_refuses_by_the_elements_id(place, parts):
    with pytest.raises(ModelRefused) as refused:
        read_decisions({"a.dmn": file(*parts)})
    assert refused.value.element_id.startswith((place, "line"))
    read_model("a", {"a": file(*parts)}) if "line" not in refused.value.element_id else None
