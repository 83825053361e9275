"""What moves a case, and what follows from it. Tokens are small ints, unique within a case."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


class StaleToken(Exception):  # noqa: N818  a refusal
    """The token has moved on, or the timer, message or signal is not expected any more."""


class EngineFault(Exception):  # noqa: N818  refuses a step
    """The event cannot be taken at `element_id`; nothing has changed. `reason` holds no case data."""

    def __init__(self, element_id: str, reason: str) -> None:
        super().__init__(f"{element_id}: {reason}")
        self.element_id = element_id
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Start:
    """Opens the case, by one of several start events where it is named."""

    variables: dict[str, Any] = field(default_factory=dict)
    start_event: str | None = None


@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """A person is done."""

    token: int
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobCompleted:
    """A service task's work is done."""

    token: int
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A service task's work is given up; `reason` is a code for the incident, without case data."""

    token: int
    reason: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that `TimerSet` asked for is due."""

    token: int
    element_id: str


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message that `SubscriptionOpened` waits for has come."""

    token: int
    element_id: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """A signal that `SubscriptionOpened` waits for was thrown by another case."""

    token: int
    element_id: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErrorRaised:
    """The work behind a token failed with a code that the model may catch; caught by nobody it is an incident."""

    token: int
    code: str


@dataclass(frozen=True, slots=True)
class IncidentRetried:
    """A stopped token tries again with changed variables, or leaves its element by the outgoing flow named."""

    token: int
    variables: dict[str, Any] = field(default_factory=dict)
    flow_id: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends the case wherever it stands."""


Event = (
    Start
    | TaskCompleted
    | JobCompleted
    | JobFailed
    | TimerFired
    | MessageReceived
    | SignalReceived
    | ErrorRaised
    | IncidentRetried
    | Cancel
)


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """A task to be shown to people; `instance` is its number within a multi-instance task."""

    token: int
    element_id: str
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class TaskClosed:
    """`reason` is completed, failed or cancelled."""

    token: int
    element_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class JobRequested:
    """Work for the machine; answer with JobCompleted, JobFailed or ErrorRaised."""

    token: int
    element_id: str
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class JobClosed:
    """`reason` is completed, failed or cancelled."""

    token: int
    element_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class TimerSet:
    """Fire the element at an aware moment."""

    token: int
    element_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class TimerCleared:
    """One timer of the token, or all where `element_id` is None."""

    token: int
    element_id: str | None


@dataclass(frozen=True, slots=True)
class SubscriptionOpened:
    """The token waits for a message or signal of this name; `key` is what a message must be correlated with."""

    token: int
    element_id: str
    name: str
    kind: Literal["message", "signal"] = "message"
    key: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionClosed:
    """The token waits for no message or signal any more."""

    token: int


@dataclass(frozen=True, slots=True)
class SignalThrown:
    """Within the case it has already reached who waits for it; other cases are to hear it."""

    element_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A token has come to rest."""

    token: int
    element_id: str


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A decision table was asked; the rules that matched, for the file's traceability."""

    element_id: str
    decision_id: str
    rule_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncidentRaised:
    """A token has stopped at an element; everything else goes on. `reason` is a code."""

    token: int
    element_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    """A stopped token goes on, or its scope has ended."""

    token: int


@dataclass(frozen=True, slots=True)
class Passed:
    """An element was passed; with `instance`, one instance of a multi-instance activity."""

    element_id: str
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The case has no token left."""


Effect = (
    TaskOpened
    | TaskClosed
    | JobRequested
    | JobClosed
    | TimerSet
    | TimerCleared
    | SubscriptionOpened
    | SubscriptionClosed
    | SignalThrown
    | Waiting
    | DecisionMade
    | IncidentRaised
    | IncidentClosed
    | Passed
    | Ended
)


@dataclass(frozen=True, slots=True)
class Step:
    """Where an event led. `variables` is None when they did not change."""

    state: dict[str, Any]
    variables: dict[str, Any] | None
    effects: tuple[Effect, ...]
