"""Decision tables: which rules match and what the hit policy makes of them (DMN 1.3, 8.2.8)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.dmn_model import Rule, Table
from kreisbund_platform.engine.feel_functions import call
from kreisbund_platform.engine.feel_values import equal


class DecisionFault(Exception):  # noqa: N818  becomes an incident
    """A table contradicts itself. The text names ids only, no case data."""

    def __init__(self, decision_id: str, reason: str) -> None:
        super().__init__(f"{decision_id}: {reason}")
        self.decision_id = decision_id
        self.reason = reason


def run_table(decision_id: str, table: Table, variables: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The table's value and the ids of the rules behind it."""
    hits = _hits(table, variables)
    if not hits:
        return _fallback(table, variables), ()
    results = [_result(table, rule, variables) for rule in hits]
    policy = table.hit_policy
    if policy == "UNIQUE" and len(hits) > 1:
        raise DecisionFault(decision_id, "rules overlap: " + ", ".join(rule.rule_id for rule in hits))
    if policy == "ANY" and not all(equal(result, results[0]) is True for result in results):
        raise DecisionFault(decision_id, "rules differ: " + ", ".join(rule.rule_id for rule in hits))
    if policy in ("PRIORITY", "OUTPUT ORDER"):
        order = sorted(range(len(hits)), key=lambda i: _rank(table, results[i], variables))
        hits, results = [hits[i] for i in order], [results[i] for i in order]
    if policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER"):
        return _collected(table, results), tuple(rule.rule_id for rule in hits)
    return results[0], (hits[0].rule_id,)


def _hits(table: Table, variables: Mapping[str, Any]) -> list[Rule]:
    values = [column.expression(variables) for column in table.inputs]
    for position, column in enumerate(table.inputs):
        if column.admitted and column.admitted(values[position], variables) is not True:
            values[position] = None
    return [
        rule
        for rule in table.rules
        if all(test(value, variables) is True for test, value in zip(rule.tests, values, strict=True))
    ]


def _result(table: Table, rule: Rule, variables: Mapping[str, Any]) -> Any:
    values = [result(variables) for result in rule.results]
    if len(values) == 1:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def _fallback(table: Table, variables: Mapping[str, Any]) -> Any:
    values = [output.fallback(variables) if output.fallback else None for output in table.outputs]
    if all(value is None for value in values):
        return [] if table.hit_policy == "COLLECT" and table.aggregation is None else None
    if len(values) == 1:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def _rank(table: Table, result: Any, variables: Mapping[str, Any]) -> tuple[int, ...]:
    values = list(result.values()) if len(table.outputs) > 1 else [result]
    ranks = []
    for output, value in zip(table.outputs, values, strict=True):
        ranked = output.ranked(variables) if output.ranked else []
        ranks.append(next((i for i, item in enumerate(ranked) if equal(item, value) is True), len(ranked)))
    return tuple(ranks)


def _collected(table: Table, results: list[Any]) -> Any:
    if table.aggregation is None:
        return results
    if table.aggregation == "COUNT":
        return Decimal(len(results))
    return call(table.aggregation.lower(), [results])
