"""What moves a case, and what follows from it. Tokens are small ints, unique within a case."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class StaleToken(Exception):  # noqa: N818  a refusal
    """The token has moved on, or the timer or message is not expected any more."""


class EngineFault(Exception):  # noqa: N818  becomes an incident
    """The model cannot go on at `element_id`; nothing has changed. `reason` holds no case data."""

    def __init__(self, element_id: str, reason: str) -> None:
        super().__init__(f"{element_id}: {reason}")
        self.element_id = element_id
        self.reason = reason


@dataclass(frozen=True)
class Start:
    """Opens the case."""

    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskCompleted:
    """A person is done."""

    token: int
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobCompleted:
    """A service task's work is done."""

    token: int
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TimerFired:
    """A timer that `TimerSet` asked for is due."""

    token: int
    element_id: str


@dataclass(frozen=True)
class MessageReceived:
    """A message that `SubscriptionOpened` waits for has come."""

    token: int
    element_id: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ErrorRaised:
    """The work behind a token failed with a code that the model may catch."""

    token: int
    code: str


@dataclass(frozen=True)
class Cancel:
    """Ends the case wherever it stands."""


Event = Start | TaskCompleted | JobCompleted | TimerFired | MessageReceived | ErrorRaised | Cancel


@dataclass(frozen=True)
class TaskOpened:
    """A task to be shown to people."""

    token: int
    element_id: str


@dataclass(frozen=True)
class TaskClosed:
    """`reason` is completed or cancelled."""

    token: int
    element_id: str
    reason: str


@dataclass(frozen=True)
class JobRequested:
    """Work for the machine; answer with JobCompleted or ErrorRaised."""

    token: int
    element_id: str


@dataclass(frozen=True)
class JobClosed:
    """`reason` is completed or cancelled."""

    token: int
    element_id: str
    reason: str


@dataclass(frozen=True)
class TimerSet:
    """Fire the element at an aware moment."""

    token: int
    element_id: str
    due_at: datetime


@dataclass(frozen=True)
class TimerCleared:
    """One timer of the token, or all where `element_id` is None."""

    token: int
    element_id: str | None


@dataclass(frozen=True)
class SubscriptionOpened:
    """The token waits for a message of this name."""

    token: int
    element_id: str
    name: str


@dataclass(frozen=True)
class SubscriptionClosed:
    """The token waits for no message any more."""

    token: int


@dataclass(frozen=True)
class Waiting:
    """A token has come to rest."""

    token: int
    element_id: str


@dataclass(frozen=True)
class DecisionMade:
    """A decision table was asked; the rules that matched, for the file's traceability."""

    element_id: str
    decision_id: str
    rule_ids: tuple[str, ...]


@dataclass(frozen=True)
class Passed:
    """An element or flow was passed."""

    element_id: str


@dataclass(frozen=True)
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
    | Waiting
    | DecisionMade
    | Passed
    | Ended
)


@dataclass(frozen=True)
class Step:
    """Where an event led. `variables` is None when they did not change."""

    state: dict[str, Any]
    variables: dict[str, Any] | None
    effects: tuple[Effect, ...]
