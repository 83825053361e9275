"""Tasks, timers and messages follow their cases into the new version: kept, renamed, opened, closed, recomputed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from uuid import UUID

from kreisbund_platform.cases.next_steps import USUAL_PERIOD
from kreisbund_platform.cases.upgrading import wait_queries
from kreisbund_platform.cases.upgrading.batch_queries import Batch, Names, Told
from kreisbund_platform.cases.upgrading.recipes import Recipe, Wait
from kreisbund_platform.cases.upgrading.wait_queries import PeriodRow, TaskRow, WaitRow
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine.feel import Compiled
from kreisbund_platform.engine.plan import Plan
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.tenancy import deadlines
from kreisbund_platform.tenancy.calendar import WorkingCalendar

Due = tuple[UUID, int, str, datetime]
Day = tuple[str | None, str | None, date]  # municipality, period, day
Keys = list[tuple[UUID, int, str, str]]  # case, token, element, correlation key


@dataclass(frozen=True)
class Adapting:
    """What one batch's waits are adapted to. `floor`: a deadline that is brought forward ends no earlier."""

    work: WorkContext
    batch: Batch
    plan: Plan
    recipes: Sequence[Recipe]
    names: Names
    recompute: bool
    floor: date

    def each(self, pick: Callable[[Recipe], Iterable[Wait]], kind: str) -> list[tuple[int, Wait]]:
        """Waits of a kind with the number of their recipe."""
        return [(n, wait) for n, found in enumerate(self.recipes) for wait in pick(found) if wait.kind == kind]


# --- timers: reckoned before anything is written, so that a case whose timer has no day can still be left alone


def reckon(adapting: Adapting) -> tuple[list[Due], frozenset[UUID]]:
    """When timers that open or are recomputed are due, and the cases for which an expression gives no moment."""
    opened = [WaitRow(n, w.token, None, w.element_id) for n, w in adapting.each(lambda r: r.opened, "timer")]
    found, failed = _dues(adapting, opened, adapting.batch.now)
    if adapting.recompute:
        kept = adapting.each(lambda r: (now for _then, now in r.kept), "timer")
        rows = [WaitRow(n, w.token, w.element_id, w.element_id) for n, w in kept]
        found += _dues(adapting, rows, None)[0]
    return found, failed


def _dues(
    adapting: Adapting, rows: Sequence[WaitRow], started_at: datetime | None
) -> tuple[list[Due], frozenset[UUID]]:
    if not rows:
        return [], frozenset()
    plan, found, failed = adapting.plan, list[Due](), set[UUID]()
    sources = [_sources(adapting, row) for row in rows]
    names = adapting.names if any(_reads_data(plan, row) for row in rows) else None
    for run in wait_queries.timer_runs(adapting.work.connection, adapting.batch, rows, sources, names):
        timer = plan.elements[run.element_id].timer
        assert timer is not None, "a timer's wait is a timer"
        try:
            due_at = timer.due_at(run.data or {}, (started_at or run.started_at).astimezone(BERLIN))
        except ValueError:
            failed.add(run.case_id)
        else:
            found.append((run.case_id, run.token, run.element_id, due_at))
    return found, frozenset(failed)


def correlate(adapting: Adapting) -> Keys:
    """The correlation keys of messages that are waited for from now on, reckoned from each case's data."""
    plan, found = adapting.plan, list[tuple[UUID, int, str, str]]()
    rows = [
        WaitRow(n, w.token, None, w.element_id)
        for kind in ("message", "signal")
        for n, w in adapting.each(lambda r: r.opened, kind)
        if plan.elements[w.element_id].correlation
    ]
    runs = (
        wait_queries.timer_runs(adapting.work.connection, adapting.batch, rows, [""] * len(rows), adapting.names)
        if rows
        else ()
    )
    for run in runs:
        correlation = plan.elements[run.element_id].correlation
        assert correlation is not None, "only these were asked for"
        key = correlation(run.data or {})
        if key is not None:
            found.append((run.case_id, run.token, run.element_id, str(key)))
    return found


def _reads_data(plan: Plan, row: WaitRow) -> bool:
    timer = plan.elements[row.element_id or ""].timer
    return timer is not None and isinstance(timer.value, Compiled)


def _sources(adapting: Adapting, row: WaitRow) -> str:
    """Where the token came from: what leads to the element at which it rests."""
    found = adapting.recipes[row.shape]
    waits = [*found.opened, *(now for _then, now in found.kept)]
    at = next(wait.at for wait in waits if (wait.token, wait.element_id) == (row.token, row.element_id))
    return ",".join(flow.source for flow in adapting.plan.elements[at].incoming)


# --- writing


def adapt(adapting: Adapting, timers: Sequence[Due], keys: Keys) -> None:
    """Writes what changes beside the cases themselves."""
    if any(found.moves_waits for found in adapting.recipes):
        _tasks(adapting)
        _timers(adapting)
        _messages(adapting, keys)
        _jobs_and_incidents(adapting)
    if timers:
        floor = deadlines.end_of(adapting.floor)
        wait_queries.set_timers(adapting.work.connection, timers, floor)
    if adapting.recompute:
        _task_dues(adapting)


def _tasks(adapting: Adapting) -> None:
    connection, batch = adapting.work.connection, adapting.batch
    changed = [_task(adapting, n, w) for n, w in adapting.each(lambda r: r.changed_tasks, "task")]
    closed = [WaitRow(n, w.token, w.element_id, None) for n, w in adapting.each(lambda r: r.closed, "task")]
    opened = [_task(adapting, n, w) for n, w in adapting.each(lambda r: r.opened, "task")]
    if changed:
        wait_queries.change_tasks(connection, batch, changed)
    if closed:
        wait_queries.close_tasks(connection, batch, closed)
    if opened:
        wait_queries.open_tasks(connection, batch, opened)


def _task(adapting: Adapting, shape: int, wait: Wait) -> TaskRow:
    element = adapting.plan.elements[wait.element_id]
    attributes = element.attributes
    name = element.name or element.element_id
    role, form_id = attributes["role"], attributes.get("form")
    return TaskRow(shape, wait.token, element.element_id, name, role, form_id, wait.instance)


def _timers(adapting: Adapting) -> None:
    connection, batch = adapting.work.connection, adapting.batch
    closed, renamed = _closed(adapting, "timer"), _renamed(adapting, "timer")
    if closed:
        wait_queries.close_waits(connection, batch, "timer", closed)
    if renamed:
        wait_queries.rename_timers(connection, batch, renamed)


def _messages(adapting: Adapting, keys: Keys) -> None:
    connection, batch = adapting.work.connection, adapting.batch
    for kind in ("message", "signal"):
        if closed := _closed(adapting, kind):
            wait_queries.close_waits(connection, batch, "subscription", closed)
        if renamed := _renamed(adapting, kind):
            wait_queries.rename_subscriptions(connection, batch, renamed)
        opened = adapting.each(lambda r: r.opened, kind)
        if opened:
            rows = [WaitRow(n, w.token, None, w.element_id, w.name) for n, w in opened]
            wait_queries.open_subscriptions(connection, batch, kind, rows, keys)


def _jobs_and_incidents(adapting: Adapting) -> None:
    for table in ("job", "incident"):
        if renamed := _renamed(adapting, table):
            wait_queries.rename_waits(adapting.work.connection, adapting.batch, table, renamed)


def _closed(adapting: Adapting, kind: str) -> list[WaitRow]:
    return [WaitRow(n, w.token, w.element_id, None) for n, w in adapting.each(lambda r: r.closed, kind)]


def _renamed(adapting: Adapting, kind: str) -> list[WaitRow]:
    return [
        WaitRow(n, now.token, then.element_id, now.element_id, now.name)
        for n, found in enumerate(adapting.recipes)
        for then, now in found.kept
        if now.kind == kind and (then.element_id, then.name) != (now.element_id, now.name)
    ]


# --- days


def _task_dues(adapting: Adapting) -> None:
    """Due days reckoned from the day on which the task was opened, in the municipality's calendar."""
    connection, batch = adapting.work.connection, adapting.batch
    kept = adapting.each(lambda r: (now for _then, now in r.kept), "task")
    rows = [PeriodRow(n, w.token, adapting.plan.elements[w.element_id].attributes.get("due")) for n, w in kept]
    if not rows:
        return
    calendar = _calendars(adapting.work)
    dues = [
        (day, key, period, deadlines.due_on(day, period, calendar(key)))
        for day, key, period in wait_queries.task_starts(connection, batch, rows)
    ]
    wait_queries.set_task_dues(connection, batch, rows, dues, adapting.floor)


def _calendars(work: WorkContext) -> Callable[[str | None], WorkingCalendar]:
    return cache(lambda key: deadlines.calendar_for(work.connection, key))


def told(adapting: Adapting) -> tuple[list[Told], list[Day]]:
    """What applicants are told: the text of the new version, its day from today or from their own task."""
    steps = [_told(found) for found in adapting.recipes]
    today, calendar = adapting.batch.now.astimezone(BERLIN).date(), _calendars(adapting.work)
    days: list[Day] = [
        (key, period, deadlines.due_on(today, period, calendar(key)))
        for key in {key for each in adapting.batch.cases for key in each.municipalities}
        for period in {step.period for step in steps if step.period}
    ]
    return steps, days


def _told(found: Recipe) -> Told:
    step = found.next_step
    assert step is not None, "a recipe that is taken says what comes next"
    return Told(step.text, step.task_token, step.period or USUAL_PERIOD, step.usual)
