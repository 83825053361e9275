"""Decision tables: which rules match and what the hit policy makes of them (DMN 1.5, 8.2.8 to 8.2.11)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel import Compiled, UnaryTests
from kreisbund_platform.engine.feel.comparison import equal
from kreisbund_platform.engine.feel.functions_numbers import extreme, total
from kreisbund_platform.engine.feel.values import Env, Meter

HIT_POLICIES = ("UNIQUE", "ANY", "PRIORITY", "FIRST", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
MOST_STEPS = 200_000


class DecisionFault(Exception):  # noqa: N818  becomes an incident
    """A table contradicts itself. The text names ids only, no case data."""

    def __init__(self, decision_id: str, reason: str) -> None:
        super().__init__(f"{decision_id}: {reason}")
        self.decision_id = decision_id
        self.reason = reason


class DecisionMeter(Meter):
    """A meter that also notes which rules were hit; `strict` makes a table's contradiction a fault, else null."""

    __slots__ = ("rule_ids", "strict")

    def __init__(self, now: datetime | None, *, strict: bool) -> None:
        super().__init__(MOST_STEPS, now)
        self.rule_ids: list[str] = []
        self.strict = strict


@dataclass(frozen=True)
class Output:
    """A column of results; `ranked` are its output values, best first."""

    name: str | None
    ranked: Compiled | None
    fallback: Compiled | None


@dataclass(frozen=True)
class Input:
    """A column of tests and the values it admits."""

    expression: Compiled
    admitted: UnaryTests | None


@dataclass(frozen=True)
class Rule:
    """A row."""

    rule_id: str
    tests: tuple[UnaryTests, ...]
    results: tuple[Compiled, ...]


@dataclass(frozen=True)
class Table:
    """A decision table; `hit_policy` is one of `HIT_POLICIES`."""

    place: str
    hit_policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]


def run_table(table: Table, env: Env) -> Any:
    """The table's value; the ids of the rules behind it go to the meter."""
    columns = _columns(table, env)
    if columns is None:
        return None
    hits = _hits(table, columns, env)
    if not hits:
        return _fallback(table, env)
    results = [_result(table, rule, env) for rule in hits]
    if table.hit_policy == "UNIQUE" and len(hits) > 1:
        return _contradiction(table, "rules overlap: ", hits, env)
    if table.hit_policy == "ANY" and not all(equal(result, results[0], env.meter) is True for result in results):
        return _contradiction(table, "rules differ: ", hits, env)
    if table.hit_policy in ("PRIORITY", "OUTPUT ORDER"):
        order = sorted(range(len(hits)), key=lambda i: _rank(table, results[i], env))
        hits, results = [hits[i] for i in order], [results[i] for i in order]
    if table.hit_policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER"):
        _note(hits, env)
        return _collected(table, results)
    _note(hits[:1], env)
    return results[0]


def _note(hits: list[Rule], env: Env) -> None:
    if isinstance(env.meter, DecisionMeter):
        env.meter.rule_ids += [rule.rule_id for rule in hits]


def _contradiction(table: Table, reason: str, hits: list[Rule], env: Env) -> None:
    if isinstance(env.meter, DecisionMeter) and env.meter.strict:
        raise DecisionFault(table.place, reason + ", ".join(rule.rule_id for rule in hits))


def _columns(table: Table, env: Env) -> list[Env] | None:
    """The inputs' values, each as `?`; None where one is not among those its column admits."""
    columns = []
    for column in table.inputs:
        value = column.expression.run(env)
        if column.admitted and value is not None and column.admitted.test(value, env) is not True:
            return None
        columns.append(env.inner({"?": value}))
    return columns


def _hits(table: Table, columns: list[Env], env: Env) -> list[Rule]:
    env.meter.step(len(table.rules))
    first = table.hit_policy == "FIRST"
    found: list[Rule] = []
    for rule in table.rules:
        if all(test.run(column) is True for test, column in zip(rule.tests, columns, strict=True)):
            found.append(rule)
            if first:
                break
    return found


def _result(table: Table, rule: Rule, env: Env) -> Any:
    values = [result.run(env) for result in rule.results]
    if len(values) == 1:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def _fallback(table: Table, env: Env) -> Any:
    values = [output.fallback.run(env) if output.fallback else None for output in table.outputs]
    if not any(output.fallback for output in table.outputs):
        return _of_none(table)
    if len(values) == 1:
        return values[0]
    return {output.name: value for output, value in zip(table.outputs, values, strict=True)}


def _of_none(table: Table) -> Any:
    if table.hit_policy != "COLLECT" or table.aggregation not in (None, "COUNT"):
        return None
    return [] if table.aggregation is None else Decimal(0)


def _rank(table: Table, result: Any, env: Env) -> tuple[int, ...]:
    values = list(result.values()) if len(table.outputs) > 1 else [result]
    ranks = []
    for output, value in zip(table.outputs, values, strict=True):
        ranked = output.ranked.run(env) if output.ranked else []
        ranks.append(next((i for i, item in enumerate(ranked) if equal(item, value) is True), len(ranked)))
    return tuple(ranks)


def _collected(table: Table, results: list[Any]) -> Any:
    if table.aggregation is None:
        return results
    if table.aggregation == "COUNT":
        return Decimal(len(results))
    if table.aggregation == "SUM":
        return total(results)
    return extreme(results, largest=table.aggregation == "MAX")
