"""DMN 1.3 decisions: tables with all hit policies, literal expressions, business knowledge, required decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from kreisbund_platform.engine.dmn_model import Decision, Decisions, Literal, Table, read_decisions
from kreisbund_platform.engine.dmn_tables import DecisionFault, run_table
from kreisbund_platform.engine.feel import Compiled, Defined, FeelError
from kreisbund_platform.engine.feel_values import plain, read

__all__ = ["DecisionFault", "Decisions", "Outcome", "decide", "read_decisions"]


@dataclass(frozen=True)
class Outcome:
    """`values` are the outputs by name as JSON holds them, `result` the decision's FEEL value."""

    values: Mapping[str, Any]
    rule_ids: tuple[str, ...]
    result: Any


def decide(decisions: Decisions, decision_id: str, variables: Mapping[str, Any]) -> Outcome:
    """Evaluates a decision after those it requires. Raises DecisionFault where tables contradict themselves."""
    if decision_id not in decisions.by_id:
        raise DecisionFault(decision_id, "unknown decision")
    known = {**variables, **_knowledge(decisions)}
    try:
        return _decide(decisions, decisions.by_id[decision_id], known, {})
    except FeelError as error:
        raise DecisionFault(decision_id, "an expression exceeds its limits") from error


def _knowledge(decisions: Decisions) -> dict[str, Defined]:
    functions: dict[str, Defined] = {}
    for item in decisions.knowledge.values():
        functions[item.name] = Defined(item.parameters, partial(_call, item.body, functions))
    return functions


def _call(body: Compiled, functions: Mapping[str, Defined], given: Mapping[str, Any]) -> Any:
    return body({**functions, **given})


def _decide(decisions: Decisions, decision: Decision, variables: dict[str, Any], made: dict[str, Outcome]) -> Outcome:
    for name in decision.requires:
        if name not in made:
            made[name] = _decide(decisions, decisions.by_id[name], variables, made)
        variables[decisions.by_id[name].name] = made[name].result
    rule_ids: tuple[str, ...] = ()
    if isinstance(decision.logic, Table):
        result, rule_ids = run_table(decision.decision_id, decision.logic, _admitted(decisions, variables))
    else:
        result = decision.logic.expression(_admitted(decisions, variables))
    inner = [rule_id for name in decision.requires for rule_id in made[name].rule_ids]
    return Outcome(MappingProxyType(_values(decision, result)), (*inner, *rule_ids), result)


def _admitted(decisions: Decisions, variables: dict[str, Any]) -> dict[str, Any]:
    """Inputs outside their type's allowed values count as null."""
    refused = {
        name: None
        for name, tests in decisions.allowed.items()
        if name in variables and tests(read(variables[name]), {}) is not True
    }
    return {**variables, **refused}


def _values(decision: Decision, result: Any) -> dict[str, Any]:
    if isinstance(decision.logic, Literal) or len(decision.logic.outputs) == 1:
        name = decision.logic.outputs[0].name if isinstance(decision.logic, Table) else None
        return {name or decision.name: plain(result)}
    names = [output.name or "" for output in decision.logic.outputs]
    if isinstance(result, list):
        return {name: [plain(row[name]) for row in result] for name in names}
    return {name: plain(result[name]) if isinstance(result, dict) else None for name in names}
