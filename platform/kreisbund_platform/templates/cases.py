"""A template's own test cases, run through the pure engine: no database, no clock, no letters written.

A case: `{name, start, steps, expect}`. `start` changes the start form's example (null takes a field away). A step
is `{complete: task, data}`, `{timer: event}`, `{message: event, data}`, `{signal: event, data}` or
`{retry: element, data, flow}` for an incident; with `instance` it concerns that one of several. `expect`: `path`
(elements passed, in this order, others may lie between), `waiting` (where it rests), `incidents` (where it is
stopped), `outcome` (of the last notice), `variables`.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine import forms
from kreisbund_platform.engine.feel import FeelError, evaluate
from kreisbund_platform.engine.plan import Plan, compile_plan
from kreisbund_platform.templates.source import TemplateSource

RECEIVED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FACTS = {"received_on": "2026-03-02", "channel": "PORTAL", "case_number": "TEST-2026-000001"}


@dataclass(frozen=True)
class CaseResult:
    """How a case went; `problem` is None when all that was expected happened."""

    name: str
    problem: str | None
    path: tuple[str, ...]


class _CaseError(Exception):
    """What differed from what the case expects."""


@dataclass
class _Play:
    plan: Plan
    source: TemplateSource
    state: dict[str, Any] | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    outcome: str | None = None

    def take(self, event: engine.Event) -> None:
        """Moves by one event, service tasks answered at once as in a durable step."""
        pending = deque([event])
        while pending:
            step = engine.advance(self.plan, self.state, self.variables, pending.popleft(), RECEIVED_AT)
            self.state, self.variables = step.state, step.variables or self.variables
            for effect in step.effects:
                if isinstance(effect, engine.Passed):
                    self.path.append(effect.element_id)
                elif isinstance(effect, engine.JobRequested):
                    self._note_outcome(effect.element_id)
                    pending.append(engine.JobCompleted(effect.token, {}))

    def _note_outcome(self, element_id: str) -> None:
        attributes = self.plan.elements[element_id].attributes
        if attributes.get("operation") == "notice":
            letter = self.source.letter(attributes["letter"])
            self.outcome = letter["outcome"] if letter else None

    def resting(self) -> list[tuple[int, str]]:
        return list(engine.waiting(self.state)) if self.state else []

    def token_at(self, element_id: str, instance: int | None = None) -> int:
        """The token that waits at an element, or at the one its boundary event or event gateway belongs to."""
        for token, entry in self._entries("tokens", "listeners").items():
            element = self.plan.elements[entry[0]]
            mine = element_id in (entry[0], *element.boundaries, *element.awaits)
            if mine and instance in (None, _instance(entry)) and not self._hosts(token, element_id):
                return int(token)
        raise _CaseError(f"nothing waits at {element_id}")

    def _entries(self, *kinds: str) -> dict[str, list[Any]]:
        state = self.state or {}
        return {token: entry for kind in kinds for token, entry in state.get(kind, {}).items()}

    def _hosts(self, token: str, element_id: str) -> bool:
        """A token that only hosts what runs inside waits for nothing but the events at its border."""
        hosts = [entry[2] for entry in self._entries("scopes").values()]
        return int(token) in hosts and self.plan.elements[element_id].host is None

    def stopped_at(self, element_id: str, instance: int | None = None) -> int:
        """The token of an incident."""
        for token, entry in self._entries("incidents").items():
            if entry[0] == element_id and instance in (None, *entry[4:]):
                return int(token)
        raise _CaseError(f"no incident at {element_id}")

    def checked(self, form_id: str, data: Any) -> dict[str, Any]:
        """Data as the form lets them through; every text counts as an upload that exists."""
        uploads = {text: forms.UploadInfo(text, "application/pdf", 1) for text in _texts(data)}
        known = self.variables
        result = forms.validate(
            self.source.form(form_id) or {},
            data,
            uploads=uploads,
            evaluate=lambda text, values: evaluate(text, {**known, **values}),
        )
        if result.errors:
            raise _CaseError("; ".join(f"{form_id}.{error.path}: {error.code}" for error in result.errors))
        return dict(result.data)


def run_cases(source: TemplateSource) -> list[CaseResult]:
    """Runs all cases. Raises ModelRefused where there is no plan to run them on."""
    plan = compile_plan(source.bpmn_xml, source.decisions, source.called_models)
    return [_run(_Play(plan, source), position, case) for position, case in enumerate(source.cases)]


def _run(play: _Play, position: int, case: Any) -> CaseResult:
    name = str(case.get("name", position)) if isinstance(case, Mapping) else str(position)
    try:
        _start(play, case)
        for step in case.get("steps", []):
            _step(play, step)
        _compare(play, case["expect"])
    except (_CaseError, engine.StaleToken, engine.EngineFault, FeelError) as error:
        return CaseResult(name, str(error), tuple(play.path))
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        return CaseResult(name, f"unreadable case: {error!r}", tuple(play.path))
    return CaseResult(name, None, tuple(play.path))


def _start(play: _Play, case: Mapping[str, Any]) -> None:
    form_id = play.source.manifest["start_form"]
    changed = {**play.source.forms[form_id]["example"], **case.get("start", {})}
    data = play.checked(form_id, {key: value for key, value in changed.items() if value is not None})
    play.take(engine.Start({**data, "case": FACTS}))


def _step(play: _Play, step: Mapping[str, Any]) -> None:
    kind = next(name for name in ("complete", "timer", "message", "signal", "retry") if name in step)
    element_id, instance, data = step[kind], step.get("instance"), dict(step.get("data", {}))
    if kind == "retry":
        play.take(engine.IncidentRetried(play.stopped_at(element_id, instance), data, step.get("flow")))
        return
    token = play.token_at(element_id, instance)
    if kind == "complete":
        form_id = play.plan.elements[element_id].attributes.get("form")
        play.take(engine.TaskCompleted(token, play.checked(form_id, data) if form_id else {}))
    elif kind == "timer":
        play.take(engine.TimerFired(token, element_id))
    else:
        received = engine.MessageReceived if kind == "message" else engine.SignalReceived
        play.take(received(token, element_id, data))


def _instance(entry: list[Any]) -> int | None:
    return entry[3] if len(entry) > 3 and isinstance(entry[3], int) else None


def _compare(play: _Play, expected: Mapping[str, Any]) -> None:
    passed = iter(play.path)
    for element_id in expected.get("path", []):
        if element_id not in passed:  # consumes up to it: the order counts
            raise _CaseError(f"{element_id} was not passed in this order")
    if "waiting" in expected and sorted(place for _, place in play.resting()) != sorted(expected["waiting"]):
        raise _CaseError(f"rests at {', '.join(sorted(place for _, place in play.resting())) or 'nothing'}")
    stopped = sorted(place for _, place, _reason in engine.incidents(play.state or engine.initial_state()))
    if stopped != sorted(expected.get("incidents", [])):
        raise _CaseError(f"stopped at {', '.join(stopped) or 'nothing'}")
    if "outcome" in expected and play.outcome != expected["outcome"]:
        raise _CaseError(f"outcome {play.outcome}")
    for key, value in expected.get("variables", {}).items():
        if play.variables.get(key) != value:
            raise _CaseError(f"{key} differs")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for child in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(child)
