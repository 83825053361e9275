"""Built-in functions on dates, times and durations (DMN 1.5, 10.3.4.1, 10.3.4.8 and 10.3.4.9)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel.functions import builtin
from kreisbund_platform.engine.feel.temporal import (
    NANOS,
    Date,
    Moment,
    Months,
    Span,
    Time,
    day_of_year,
    make_date,
    make_time,
    midnight,
    months_between,
    week_of_year,
    weekday,
)
from kreisbund_platform.engine.feel.temporal_text import parse_date, parse_duration, parse_moment, parse_time
from kreisbund_platform.engine.feel.values import Env, read

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@builtin("date", "from: scalar")
def _date(value: Any) -> Date | None:
    if isinstance(value, str):
        return parse_date(value)
    if isinstance(value, Moment):
        return value.date
    return value if isinstance(value, Date) else None


@builtin("date", "year: number, month: number, day: number")
def _date_of(year: Decimal, month: Decimal, day: Decimal) -> Date | None:
    numbers = [_whole(number) for number in (year, month, day)]
    return None if None in numbers else make_date(*numbers)  # type: ignore[arg-type]


def _whole(number: Decimal) -> int | None:
    return int(number) if number.adjusted() < 12 and number == number.to_integral_value() else None


@builtin("time", "from: scalar")
def _time(value: Any) -> Time | None:
    if isinstance(value, str):
        return parse_time(value)
    if isinstance(value, Moment):
        return value.time
    if isinstance(value, Date):
        return Time(0, 0, 0)
    return value if isinstance(value, Time) else None


@builtin("time", "hour: number, minute: number, second: number, offset?: days and time duration|null")
def _time_of(hour: Decimal, minute: Decimal, second: Decimal, offset: Span | None = None) -> Time | None:
    hours, minutes = _whole(hour), _whole(minute)
    if hours is None or minutes is None or not 0 <= second < 60:
        return None
    seconds, rest = divmod(second, 1)
    east = None if offset is None else offset.nanos // NANOS
    return make_time(hours, minutes, int(seconds), int(rest * NANOS), east)


@builtin("date and time", "from: scalar")
def _moment(value: Any) -> Moment | None:
    if isinstance(value, str):
        return parse_moment(value)
    if isinstance(value, Date):
        return midnight(value)
    return value if isinstance(value, Moment) else None


@builtin("date and time", "date: day, time: time")
def _moment_of(day: Date, time: Time) -> Moment:
    return Moment(day, time)


@builtin("duration", "from: scalar")
def _duration(value: Any) -> Months | Span | None:
    if isinstance(value, str):
        return parse_duration(value)
    return value if isinstance(value, Months | Span) else None


@builtin("years and months duration", "from: instant, to: instant")
def _months_between(start: Date | Moment, end: Date | Moment) -> Months:
    moments = [midnight(value) if isinstance(value, Date) else value for value in (start, end)]
    return Months(months_between(*moments))


@builtin("day of year", "date: day")
def _day_of_year(day: Date) -> Decimal:
    return Decimal(day_of_year(day))


@builtin("day of week", "date: day")
def _day_of_week(day: Date) -> str:
    return _DAYS[weekday(day) - 1]


@builtin("month of year", "date: day")
def _month_of_year(day: Date) -> str:
    return _MONTHS[day.month - 1]


@builtin("week of year", "date: day")
def _week_of_year(day: Date) -> Decimal:
    return Decimal(week_of_year(day))


@builtin("now", metered=True)
def _now(env: Env) -> Any:
    return read(env.meter.now)


@builtin("today", metered=True)
def _today(env: Env) -> Date | None:
    now: datetime | None = env.meter.now
    return Date(now.year, now.month, now.day) if now else None
