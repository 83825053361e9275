"""Due timers move cases; the worker calls this for each county."""

from datetime import datetime, timedelta

from kreisbund_platform import telemetry
from kreisbund_platform.audit import log
from kreisbund_platform.cases import recording, steps
from kreisbund_platform.cases.holding import hold
from kreisbund_platform.cases.models import Timer
from kreisbund_platform.cases.rows import HeldCase
from kreisbund_platform.cases.waits import queries
from kreisbund_platform.documents import remedies
from kreisbund_platform.engine.advance import EngineFault, StaleToken, TimerFired
from kreisbund_platform.engine.plan import Element
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.transitions import UPGRADE_NEEDED, UpgradeNeededError
from kreisbund_platform.tenancy import deadlines

NOT_YET_DELIVERED = timedelta(days=7)


def fire_next(work: WorkContext) -> bool:
    """Fires one due timer in the running transaction; False when none is left.

    The timer's row stays locked until commit, so no second worker fires it; a timer whose token went
    meanwhile is dropped. A model that cannot go on is tried again ever later, and stays visible.
    """
    due = queries.due_timers(work.connection, work.clock.now(), 1)
    if not due:
        return False
    _fire(work, due[0])
    return True


def _fire(work: WorkContext, timer: Timer) -> None:
    held = hold(work, timer.case_id)
    if held is None or not queries.lock_timer(work.connection, timer):
        return
    if later := _runs_until(work, held.case, held.template.plan.elements[timer.element_id]):
        queries.move_timer(work.connection, timer, later)
        return
    try:
        with work.connection.transaction():
            settled = steps.settle(work, held, TimerFired(timer.token, timer.element_id))
            if (timer.token, timer.element_id) not in settled.timers:
                settled.timers_cleared.append((timer.token, timer.element_id))
            body = {"element": timer.element_id, "token": timer.token}
            recording.record(work, held, settled, type="TIMER_FIRED", body=body)
        telemetry.timers.add(1, {"result": "done"})
    except StaleToken:
        queries.remove_timer(work.connection, timer)
    except UpgradeNeededError:
        _wait_for_upgrade(work, held.case, timer)
    except EngineFault as fault:
        telemetry.log("timer_fault", problem=fault, case=timer.case_id, element=timer.element_id)
        telemetry.timers.add(1, {"result": "fault"})
        queries.postpone_timer(work.connection, timer, work.clock.now() + backoff(timer.attempts))


def _wait_for_upgrade(work: WorkContext, case: HeldCase, timer: Timer) -> None:
    """The timer would decide on a version that no longer may: said once in the case's history, tried again later."""
    if timer.attempts == 0:
        body = {"element": timer.element_id}
        log.append(work, type=UPGRADE_NEEDED, case_id=case.id, case_version=case.version, body=body)
    telemetry.timers.add(1, {"result": "upgrade_needed"})
    queries.postpone_timer(work.connection, timer, work.clock.now() + backoff(timer.attempts))


def _runs_until(work: WorkContext, case: HeldCase, element: Element) -> datetime | None:
    """When the timer is to fire instead, where it waits for an objection period that still runs.

    The period runs from the delivery of the notice; while a recipient has not retrieved it, it has not begun.
    """
    if element.attributes.get("period") != "objection":
        return None
    open_period = remedies.open_period(work.connection, case.id)
    if open_period is None:
        return None
    end = deadlines.end_of(open_period.until) if open_period.until else None
    if end is None:
        end = work.clock.now() + NOT_YET_DELIVERED
    return end if end > work.clock.now() else None


def backoff(attempts: int) -> timedelta:
    """Ten seconds, doubled with each failure, an hour at most."""
    return timedelta(seconds=min(3600, 10 * 2**attempts))
