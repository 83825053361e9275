"""DMN 1.5 decisions: requirement graphs, business knowledge, decision services and imported models evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from kreisbund_platform.engine.dmn.model import Decision, Decisions, Model, Need, Service, Table, read_decisions
from kreisbund_platform.engine.dmn.tables import DecisionFault, DecisionMeter
from kreisbund_platform.engine.feel import FeelError
from kreisbund_platform.engine.feel.temporal_text import at_literal
from kreisbund_platform.engine.feel.types import BUILT_IN, MISFIT, Constrained, Type, coerced, fitted
from kreisbund_platform.engine.feel.values import Env, External, Lambda, plain, read

__all__ = ["DecisionFault", "Decisions", "Evaluation", "Outcome", "decide", "read_decisions"]

_FROM_TEXT = tuple(
    BUILT_IN[name] for name in ("date", "time", "date and time", "years and months duration", "days and time duration")
)


@dataclass(frozen=True)
class Outcome:
    """`values` are the outputs by name as JSON holds them, `result` the decision's FEEL value."""

    values: Mapping[str, Any]
    rule_ids: tuple[str, ...]
    result: Any


def decide(
    decisions: Decisions, decision_id: str, variables: Mapping[str, Any], now: datetime | None = None
) -> Outcome:
    """Evaluates a decision after those it requires. Raises DecisionFault where tables contradict themselves.

    All variables are in scope, those that name an input as its type says; dates may be ISO texts.
    """
    if decision_id not in decisions.by_id:
        raise DecisionFault(decision_id, "unknown decision")
    model = decisions.models[decision_id]
    meter = DecisionMeter(now, strict=True)
    try:
        given = _typed(model, variables, meter)
        evaluation = Evaluation(model, given, meter, Env(given, None, meter))
        evaluation.base = evaluation.base.inner(evaluation.functions())
        result = evaluation.decision(decision_id)
        values = _values(decisions.by_id[decision_id], result)
    except (FeelError, RecursionError) as error:
        raise DecisionFault(decision_id, "an expression exceeds its limits") from error
    return Outcome(MappingProxyType(values), tuple(meter.rule_ids), result)


def _typed(model: Model, variables: Mapping[str, Any], meter: DecisionMeter) -> dict[str, Any]:
    given = {name: read(value) for name, value in variables.items()}
    for data in model.inputs.values():
        if data.name in given and data.type is not None:
            given[data.name] = coerced(_from_text(given[data.name], data.type), data.type, meter)
    return given


def _from_text(value: Any, type_: Type) -> Any:
    base = type_.base if isinstance(type_, Constrained) else type_
    return at_literal(value) if isinstance(value, str) and base in _FROM_TEXT else value


def _values(decision: Decision, result: Any) -> dict[str, Any]:
    if not isinstance(decision.logic, Table) or len(decision.logic.outputs) == 1:
        name = decision.logic.outputs[0].name if isinstance(decision.logic, Table) else None
        return {name or decision.name: plain(result)}
    names = [output.name or "" for output in decision.logic.outputs]
    if isinstance(result, list):
        return {name: [plain(row[name]) for row in result] for name in names}
    return {name: plain(result[name]) if isinstance(result, dict) else None for name in names}


# What a file finds where it imports one that imports it.
NO_MODEL = Model({}, {}, {}, {}, {})


class Evaluation:
    """A model with the values given to it; each decision is made once. `base` holds names from outside."""

    def __init__(self, model: Model, given: Mapping[str, Any], meter: DecisionMeter, base: Env | None = None) -> None:
        self.model = model
        self.base = base or Env({}, None, meter)
        self.made: dict[str, Any] = {}
        self._given = given
        self.meter = meter
        self._functions: dict[str, Any] = {}
        self._inner: dict[str, Evaluation] = {}

    def decision(self, identifier: str) -> Any:
        """The decision's value; a decision that needs itself is null to itself."""
        if identifier not in self.made:
            self.made[identifier] = None
            self.meter.step()
            decision = self.model.decisions[identifier]
            value = decision.evaluate(self.base.inner(self._scope(decision.needs)))
            self.made[identifier] = coerced(value, decision.type, self.meter)
        return self.made[identifier]

    def input(self, identifier: str) -> Any:
        """An input's value; null where it is not of its type."""
        data = self.model.inputs[identifier]
        return coerced(self._given.get(data.name), data.type, self.meter)

    def functions(self) -> dict[str, Any]:
        """All functions of the file by name."""
        return {
            **{item.name: self.knowledge(key) for key, item in self.model.knowledge.items()},
            **{item.name: self.service(key) for key, item in self.model.services.items()},
        }

    def knowledge(self, identifier: str) -> Any:
        """A business knowledge model as a function; it sees what it requires, and itself."""
        if identifier not in self._functions:
            item = self.model.knowledge[identifier]
            scope: dict[str, Any] = {}
            made = External(item.parameters) if item.body is None else None
            function = made or Lambda(item.parameters, item.body or _null, self.base.inner(scope), item.result)
            self._functions[identifier] = function
            scope[item.name] = function
            scope.update(self._scope(item.needs))
        return self._functions[identifier]

    def service(self, identifier: str) -> Any:
        """A decision service as a function of its inputs and input decisions."""
        if identifier not in self._functions:
            service = self.model.services[identifier]
            names = tuple((need.name, type_) for need, type_ in service.parameters)
            self._functions[identifier] = Lambda(
                names, lambda env: self._serve(service, env), self.base, service.result
            )
        return self._functions[identifier]

    def _serve(self, service: Service, env: Env) -> Any:
        given = {need.name: env.values[need.name] for need, _type in service.parameters}
        inner = Evaluation(self.model, given, self.meter)
        for need, _type in service.parameters:
            inner.set(need, given[need.name])
        results = {need.name: inner.value(need) for need in service.outputs}
        return next(iter(results.values())) if len(service.outputs) == 1 else results

    def set(self, need: Need, value: Any) -> None:
        """Gives an input, or a decision that is then not made here, its value."""
        at = self.imported(need.path)
        if need.kind == "decision":
            at.made[need.element_id] = value
        else:
            at._given = {**at._given, need.name: value}

    def value(self, need: Need) -> Any:
        """The value of what is needed."""
        at = self.imported(need.path)
        if at.model is NO_MODEL:
            return None
        kinds = {"input": at.input, "decision": at.decision, "knowledge": at.knowledge, "service": at.service}
        return kinds[need.kind](need.element_id)

    def _scope(self, needs: tuple[Need, ...]) -> dict[str, Any]:
        """What is needed by name; what is imported under the import's name."""
        scope: dict[str, Any] = {}
        for need in needs:
            place = scope
            for alias in filter(None, need.path):
                place = place.setdefault(alias, {})
            place[need.name] = self.value(need)
        return scope

    def imported(self, path: tuple[str, ...]) -> "Evaluation":
        """The evaluation of an imported file."""
        if not path:
            return self
        alias = path[0]
        if alias not in self._inner:
            given = _given_to_import(self._given, alias)
            self._inner[alias] = Evaluation(self.model.imports.get(alias, NO_MODEL), given, self.meter)
        return self._inner[alias].imported(path[1:])


def _given_to_import(given: Mapping[str, Any], alias: str) -> dict[str, Any]:
    """Values for an imported file: `{alias: {name: …}}`, `alias.name`, or simply `name`."""
    nested = given.get(alias)
    prefix = f"{alias}."
    dotted = {name.removeprefix(prefix): value for name, value in given.items() if alias and name.startswith(prefix)}
    return {**given, **dotted, **(nested if isinstance(nested, dict) else {})}


def _null(_env: Env) -> None:
    """The body of what has none."""


def serve(evaluation: Evaluation, identifier: str, given: Mapping[str, Any]) -> Any:
    """A service's value from values by name; what is not given is null."""
    service = evaluation.model.services[identifier]
    values = {need.name: fitted(given.get(need.name), type_, evaluation.meter) for need, type_ in service.parameters}
    if any(value is MISFIT for value in values.values()):
        return None
    return coerced(
        evaluation._serve(service, Env(values, evaluation.base, evaluation.meter)), service.result, evaluation.meter
    )
