"""When a timer is due: ISO text or FEEL, read once when the model is compiled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from kreisbund_platform.engine.bpmn.model import EventDefinition
from kreisbund_platform.engine.durations import Cycle, Duration, parse_cycle, parse_duration
from kreisbund_platform.engine.feel import Compiled, FeelError, compile_expression
from kreisbund_platform.engine.feel.values import Months

Value = Duration | Cycle | datetime | Compiled


@dataclass(frozen=True)
class Timer:
    """A timer's kind (`timeDuration`, `timeDate`, `timeCycle`) and its value or FEEL."""

    kind: str
    value: Value

    def due_at(self, variables: Mapping[str, Any], now: datetime) -> datetime:
        """The aware moment; raises ValueError where the expression gives no such thing."""
        value = self.value(variables) if isinstance(self.value, Compiled) else self.value
        try:
            return _moment(_parsed(self.kind, value) if isinstance(value, str) else value, now)
        except OverflowError as error:
            raise ValueError("timer beyond all time") from error

    @property
    def most_firings(self) -> int | None:
        """1 for durations and dates; a cycle's repetitions, None for one without an end."""
        if self.kind != "timeCycle":
            return 1
        return self.value.repetitions if isinstance(self.value, Cycle) else None


def read_timer(event: EventDefinition) -> Timer:
    """Reads a timer's text; raises ValueError (FeelError too) where it is none."""
    kind, text = event.timer_kind or "", event.text or ""
    if text.startswith("=") or not (text[:1].isdigit() or text[:1] in "PR"):
        return Timer(kind, _feel(text))
    return Timer(kind, _parsed(kind, text))


def _feel(text: str) -> Compiled:
    compiled = compile_expression(text)
    if not compiled.names and compiled({}) is None:
        raise FeelError("a timer's expression is always null")
    return compiled


def _parsed(kind: str, text: str) -> Duration | Cycle | datetime:
    if kind == "timeDuration":
        return parse_duration(text)
    return parse_cycle(text) if kind == "timeCycle" else datetime.fromisoformat(text)


def _moment(value: Any, now: datetime) -> datetime:
    if isinstance(value, Cycle):
        value = value.period
    if isinstance(value, Months):
        value = Duration(value.count, 0, 0)
    if isinstance(value, timedelta):
        value = Duration(0, value.days, value.seconds)
    if isinstance(value, Duration):
        return value.after(now)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError("a timer needs a date or a duration")
    return value if value.tzinfo else value.replace(tzinfo=now.tzinfo)
