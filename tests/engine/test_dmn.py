import pytest

from kreisbund_platform.engine.dmn import DecisionFault, decide, read_decisions
from kreisbund_platform.engine.plan import ModelRefused

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d">'


def table(policy, rules, outputs='<output name="out"/>', attributes=""):
    rows = "".join(
        f'<rule id="r{number}"><inputEntry><text>{test}</text></inputEntry>'
        + "".join(f"<outputEntry><text>{value}</text></outputEntry>" for value in values)
        + "</rule>"
        for number, (test, *values) in enumerate(rules, 1)
    )
    return read_decisions({"a.dmn": (
        f'{HEAD}<decision id="t" name="t"><decisionTable hitPolicy="{policy}" {attributes}>'
        f"<input><inputExpression><text>a</text></inputExpression></input>{outputs}{rows}"
        "</decisionTable></decision></definitions>"
    ).encode()})  # fmt: skip


RULES = [("&gt; 1", "10"), ("&gt; 2", "30"), ("&gt; 3", "20")]
RANKED = '<output name="out"><outputValues><text>30, 20, 10</text></outputValues></output>'


@pytest.mark.parametrize(
    ("policy", "attributes", "expected", "rule_ids"),
    [
        ("FIRST", "", 10, ("r1",)),
        ("PRIORITY", "", 30, ("r2",)),
        ("OUTPUT ORDER", "", [30, 20, 10], ("r2", "r3", "r1")),
        ("RULE ORDER", "", [10, 30, 20], ("r1", "r2", "r3")),
        ("COLLECT", "", [10, 30, 20], ("r1", "r2", "r3")),
        ("COLLECT", 'aggregation="SUM"', 60, ("r1", "r2", "r3")),
        ("COLLECT", 'aggregation="MIN"', 10, ("r1", "r2", "r3")),
        ("COLLECT", 'aggregation="MAX"', 30, ("r1", "r2", "r3")),
        ("COLLECT", 'aggregation="COUNT"', 3, ("r1", "r2", "r3")),
    ],
)
def test_hit_policies(policy, attributes, expected, rule_ids):
    outcome = decide(table(policy, RULES, RANKED, attributes), "t", {"a": 9})
    assert dict(outcome.values) == {"out": expected}
    assert outcome.rule_ids == rule_ids


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY"])
def test_contradictions_are_faults(policy):
    with pytest.raises(DecisionFault):
        decide(table(policy, RULES), "t", {"a": 9})
    assert decide(table(policy, RULES), "t", {"a": 2}).values == {"out": 10}
    assert decide(table(policy, RULES), "t", {"a": 0}).values == {"out": None}


def literal(name, text, *requires):
    needs = "".join(
        f'<informationRequirement><requiredDecision href="#{other}"/></informationRequirement>' for other in requires
    )
    logic = f"<literalExpression><text>{text}</text></literalExpression>"
    return f'<decision id="{name}" name="{name}">{needs}{logic}</decision>'


def read(*parts):
    return read_decisions({"a.dmn": (HEAD + "".join(parts) + "</definitions>").encode()})


def test_required_decisions_come_first():
    decisions = read(literal("c", "a + b", "a", "b"), literal("b", "a * 2", "a"), literal("a", "x + 1"))
    assert decide(decisions, "c", {"x": 2}).values == {"c": 9}


@pytest.mark.parametrize(
    "parts",
    [
        [literal("a", "1 +")],
        [literal("a", "b", "b"), literal("b", "a", "a")],
        [literal("a", "b", "b")],
        [literal("a", "1"), literal("a", "2")],
        ['<decision id="a" name="a"/>'],
        ['<decision id="a" name="a"><pmml/></decision>'],
    ],
)
def test_refused_models(parts):
    with pytest.raises(ModelRefused) as refused:
        read(*parts)
    assert refused.value.element_id in ("a", "b")
