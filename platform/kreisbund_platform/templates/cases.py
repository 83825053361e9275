"""A template's own test cases, run through the pure engine: no database, no clock, no letters written.

A case: `{name, start, steps, expect}`. `start` changes the start form's example (null takes a field away). A step
is `{complete: task, data}`, `{timer: event}` or `{message: event, data}`. `expect`: `path` (elements passed, in this
order, others may lie between), `waiting` (where it rests), `outcome` (of the last notice), `variables`.
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
    awaited: dict[str, int] = field(default_factory=dict)  # the token that last began to wait for a timer or message

    def take(self, event: engine.Event) -> None:
        """Moves by one event, service tasks answered at once as in a durable step."""
        pending = deque([event])
        while pending:
            step = engine.advance(self.plan, self.state, self.variables, pending.popleft(), RECEIVED_AT)
            self.state, self.variables = step.state, step.variables or self.variables
            for effect in step.effects:
                if isinstance(effect, engine.Passed):
                    self.path.append(effect.element_id)
                elif isinstance(effect, engine.TimerSet | engine.SubscriptionOpened):
                    self.awaited[effect.element_id] = effect.token
                elif isinstance(effect, engine.JobRequested):
                    self._note_outcome(effect.element_id)
                    pending.append(engine.JobCompleted(effect.token, {}))

    def _note_outcome(self, element_id: str) -> None:
        attributes = self.plan.elements[element_id].attributes
        if attributes.get("operation") == "notice":
            self.outcome = self.source.letters[attributes["letter"]]["outcome"]

    def resting(self) -> list[tuple[int, str]]:
        return list(engine.waiting(self.state)) if self.state else []

    def task_at(self, element_id: str) -> int:
        """The token of an open task."""
        for token, place in self.resting():
            if place == element_id:
                return token
        raise _CaseError(f"nothing waits at {element_id}")

    def waiting_for(self, element_id: str) -> int:
        """The token that waits for an event, its own or one on the border of where it is; the engine knows old ones."""
        if element_id not in self.awaited:
            raise _CaseError(f"nothing waits at {element_id}")
        return self.awaited[element_id]

    def checked(self, form_id: str, data: Any) -> dict[str, Any]:
        """Data as the form lets them through; every text counts as an upload that exists."""
        uploads = {text: forms.UploadInfo(text, "application/pdf", 1) for text in _texts(data)}
        known = self.variables
        result = forms.validate(
            self.source.forms[form_id],
            data,
            uploads=uploads,
            evaluate=lambda text, values: evaluate(text, {**known, **values}),
        )
        if result.errors:
            raise _CaseError("; ".join(f"{form_id}.{error.path}: {error.code}" for error in result.errors))
        return dict(result.data)


def run_cases(source: TemplateSource) -> list[CaseResult]:
    """Runs all cases. Raises ModelRefused where there is no plan to run them on."""
    plan = compile_plan(source.bpmn_xml, source.decisions)
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
    except (KeyError, TypeError, AttributeError) as error:
        return CaseResult(name, f"unreadable case: {error!r}", tuple(play.path))
    return CaseResult(name, None, tuple(play.path))


def _start(play: _Play, case: Mapping[str, Any]) -> None:
    form_id = play.source.manifest["start_form"]
    changed = {**play.source.forms[form_id]["example"], **case.get("start", {})}
    data = play.checked(form_id, {key: value for key, value in changed.items() if value is not None})
    play.take(engine.Start({**data, "case": FACTS}))


def _step(play: _Play, step: Mapping[str, Any]) -> None:
    if "complete" in step:
        element_id = step["complete"]
        token = play.task_at(element_id)
        form_id = play.plan.elements[element_id].attributes.get("form")
        data = play.checked(form_id, step.get("data", {})) if form_id else {}
        play.take(engine.TaskCompleted(token, data))
    elif "timer" in step:
        play.take(engine.TimerFired(play.waiting_for(step["timer"]), step["timer"]))
    else:
        token = play.waiting_for(step["message"])
        play.take(engine.MessageReceived(token, step["message"], dict(step.get("data", {}))))


def _compare(play: _Play, expected: Mapping[str, Any]) -> None:
    passed = iter(play.path)
    for element_id in expected.get("path", []):
        if element_id not in passed:  # consumes up to it: the order counts
            raise _CaseError(f"{element_id} was not passed in this order")
    if "waiting" in expected and sorted(place for _, place in play.resting()) != sorted(expected["waiting"]):
        raise _CaseError(f"rests at {', '.join(sorted(place for _, place in play.resting())) or 'nothing'}")
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
