"""Service tasks whose work failed are tried again; given up, they become an incident."""

from kreisbund_platform import telemetry
from kreisbund_platform.cases import operations, recording, steps
from kreisbund_platform.cases.holding import Held, hold
from kreisbund_platform.cases.models import Job
from kreisbund_platform.cases.waits import queries
from kreisbund_platform.cases.waits.timers import backoff
from kreisbund_platform.engine.advance import EngineFault, Event, JobCompleted, JobFailed, StaleToken
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.transitions import UpgradeNeededError

MOST_ATTEMPTS = 4
GIVEN_UP = "JOB_FAILED"


def run_next(work: WorkContext) -> bool:
    """Tries one due job in the running transaction; False when none is left."""
    due = queries.due_jobs(work.connection, work.clock.now(), 1)
    if not due:
        return False
    held = hold(work, due[0].case_id)
    if held is not None:
        _try(work, held, due[0])
    return True


def _try(work: WorkContext, held: Held, job: Job) -> None:
    element = held.template.plan.elements[job.element_id]
    try:
        done = operations.perform(work, held, element, held.case.data or {})
    except UpgradeNeededError:
        queries.postpone_job(work.connection, job, work.clock.now() + backoff(job.attempts))
        return
    except operations.OperationFailedError as failure:
        telemetry.log("job_failed", problem=failure, case=job.case_id, element=job.element_id)
        if job.attempts + 1 < MOST_ATTEMPTS:
            queries.postpone_job(work.connection, job, work.clock.now() + backoff(job.attempts))
        else:
            _move(work, held, job, JobFailed(job.token, GIVEN_UP), operations.Done())
        return
    _move(work, held, job, JobCompleted(job.token, {}), done)


def _move(work: WorkContext, held: Held, job: Job, event: Event, done: operations.Done) -> None:
    queries.remove_job(work.connection, job)
    try:
        settled = steps.settle(work, held, event)
    except (StaleToken, EngineFault) as fault:
        telemetry.log("job_fault", problem=fault, case=job.case_id, element=job.element_id)
        return
    settled.decisions[:0] = done.decisions
    settled.sent[:0] = done.sent
    type_ = "JOB_FAILED" if isinstance(event, JobFailed) else "JOB_DONE"
    recording.record(work, held, settled, type=type_, body={"element": job.element_id, "token": job.token})
