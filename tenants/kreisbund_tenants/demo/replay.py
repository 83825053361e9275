"""Replays a county's year: a queue of moments, each done through the real services with the clock set to it.

Nothing is inserted by hand. Applications are submitted, tasks claimed and completed, timers fired, in order of
time across all cases of the county, so that numbers, events and the chain rise with time.
"""

import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.cases import file_references, intake, messages, notes, queries, tasks, withdrawal
from kreisbund_platform.cases.models import Task
from kreisbund_platform.cases.waits import queries as waits
from kreisbund_platform.cases.waits import timers
from kreisbund_platform.clock import ManualClock
from kreisbund_platform.documents import downloads
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Principal, Role, system_of
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants.demo.remarks import Remarks
from kreisbund_tenants.demo.scripts import Playing

ASK_AGAIN = timedelta(days=2)
RETRIEVED_AFTER = timedelta(days=1)
ANSWERED_AFTER = timedelta(hours=20)
MOST_QUESTIONS = 60


@dataclass(frozen=True)
class Plan:
    """One application of the replay: when it comes, what happens in it, how fast it is worked, whether it ends early.

    `channel` is set for what staff enter; `most_tasks` ends the work there, `withdraw` takes it back instead.
    """

    at: datetime
    playing: Playing
    applicant: Principal
    channel: str | None
    pace: timedelta
    most_tasks: int
    withdraw: bool = False


@dataclass(order=True)
class _Moment:
    at: datetime
    order: int
    action: Callable[[], None] = field(compare=False)


@dataclass
class _Case:
    plan: Plan
    id: UUID
    completed: int = 0
    questions: int = 0


class Replay:
    """One county's replay on one connection of its login role; each moment is one transaction."""

    def __init__(
        self,
        connection: Connection[Any],
        tenant: TenantContext,
        settings: Settings,
        staff: Mapping[str, Sequence[Principal]],
        seed: int,
    ) -> None:
        self._connection = connection
        self._tenant = tenant
        self._settings = settings
        self._staff = staff
        self._random = random.Random(seed)  # noqa: S311  a seed must replay the same year
        self._remarks = Remarks(tenant.name, seed)
        self._moments: list[_Moment] = []
        self._cases: dict[UUID, _Case] = {}
        self._order = 0
        self.clock = ManualClock(datetime.now().astimezone())

    def run(self, plans: Sequence[Plan], until: datetime) -> None:
        """Plays all plans up to a moment; what lies after it stays open."""
        for plan in plans:
            self._at(plan.at, lambda plan=plan: self._submit(plan))  # type: ignore[misc]
        while self._moments and self._moments[0].at <= until:
            moment = heapq.heappop(self._moments)
            self._fire_until(moment.at)
            self._transact(moment.at, moment.action)
        self._fire_until(until)

    def _at(self, at: datetime, action: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._moments, _Moment(at, self._order, action))

    def _transact(self, at: datetime, action: Callable[[], None]) -> None:
        self.clock.set(at)
        with self._connection.transaction():
            action()

    def _fire_until(self, until: datetime) -> None:
        while (due := waits.next_timer(self._connection)) is not None and due[0] <= until:
            self._transact(due[0], self._fire)
            if case := self._cases.get(due[1]):
                case.plan.playing.pass_timers()

    def _fire(self) -> None:
        timers.fire_next(self._work(system_of(self._tenant)))

    def _work(self, principal: Principal) -> WorkContext:
        return WorkContext(self._connection, self._tenant, principal, self.clock, self._settings)

    def _submit(self, plan: Plan) -> None:
        by_staff = plan.channel is not None
        work = self._work(self._person(Role.CASEWORKER, plan) if by_staff else plan.applicant)
        template = plan.playing.script.template.slug
        order = intake.SubmitApplication(template, plan.playing.start_data(work), channel=plan.channel)
        done = intake.submit(work, order)
        if not isinstance(done, intake.Submitted):
            raise TypeError(f"demo application refused: {template} {plan.playing.script.name} {done}")
        case = self._cases[done.case_id] = _Case(plan, done.case_id)
        if plan.withdraw and not by_staff:
            self._later(case, lambda: self._withdraw(case, done.application_id))
        else:
            self._later(case, lambda: self._claim(case))

    def _later(self, case: _Case, action: Callable[[], None], after: timedelta | None = None) -> None:
        pause = (after or case.plan.pace) * self._random.uniform(0.7, 1.3)
        self._at(self.clock.now() + pause, action)

    def _withdraw(self, case: _Case, application_id: UUID) -> None:
        withdrawal.withdraw(self._work(case.plan.applicant), str(application_id), None, 1)

    def _claim(self, case: _Case) -> None:
        if case.completed >= case.plan.most_tasks:
            return
        task = next((t for t in queries.open_tasks(self._connection, case.id) if self._answers(case, t)), None)
        if task is None:
            if case.plan.playing.steps:
                self._ask_again(case)
            return
        person = self._person(task.role, case.plan)
        claimed = tasks.claim(self._work(person), str(task.id), task.version)
        if isinstance(claimed, UUID):
            self._later(case, lambda: self._complete(case, claimed, person))

    def _answers(self, case: _Case, task: Task) -> bool:
        absent = task.role == Role.CITIZEN and case.plan.channel is not None
        return task.status == "OPEN" and not absent and case.plan.playing.answers(task.element_id)

    def _ask_again(self, case: _Case) -> None:
        case.questions += 1
        if case.questions < MOST_QUESTIONS:
            self._later(case, lambda: self._claim(case), ASK_AGAIN)

    def _complete(self, case: _Case, task_id: UUID, person: Principal) -> None:
        task = queries.task(self._connection, task_id)
        if task is None or task.status != "CLAIMED":
            self._claim(case)
            return
        work = self._work(person)
        data = case.plan.playing.task_data(work, task.element_id, task.form_id)
        result = tasks.complete(work, str(task_id), data, task.version)
        if not isinstance(result, UUID):
            script = case.plan.playing.script
            raise TypeError(f"demo task refused: {script.template.slug} {script.name} {task.element_id} {result}")
        case.completed += 1
        if case.completed == 1 and Role.CITIZEN not in person.roles:
            self._remark(case, work)
        if case.plan.channel is None and downloads.notices_of(work, case.id):
            self._later(case, lambda: self._retrieve(case), RETRIEVED_AFTER)
        self._later(case, lambda: self._claim(case))

    def _remark(self, case: _Case, work: WorkContext) -> None:
        """After the first check somebody may note something or ask the applicant."""
        playing = case.plan.playing
        if note := self._remarks.note(playing.family_name, playing.town):
            _expected(notes.add_note(work, str(case.id), note))
        self._file(case, work)
        letter = self._remarks.letter(f"{playing.given_name} {playing.family_name}", playing.town)
        if letter is None or case.plan.channel is not None:
            return
        _expected(messages.send(work, str(case.id), letter.subject, letter.text))
        answer = (str(case.id), f"Re: {letter.subject}", letter.answer)
        self._at(self.clock.now() + ANSWERED_AFTER, lambda: self._answer(case, answer))
        self._at(self.clock.now() + 2 * ANSWERED_AFTER, lambda: messages.note_opened(work, [case.id]))

    def _answer(self, case: _Case, answer: tuple[str, str, str]) -> None:
        """The applicant opens what came, and writes back."""
        work = self._work(case.plan.applicant)
        messages.note_opened(work, [case.id])
        _expected(messages.send(work, *answer))

    def _file(self, case: _Case, work: WorkContext) -> None:
        held = queries.lock_case(self._connection, case.id)
        assert held is not None, "just worked on"
        reference = self._remarks.file_reference(case.plan.playing.script.template.slug, held.case_number)
        if reference:
            _expected(file_references.give(work, str(case.id), reference, held.version))

    def _retrieve(self, case: _Case) -> None:
        """The applicant reads the notice, from which the objection period runs."""
        work = self._work(case.plan.applicant)
        for notice in downloads.notices_of(work, case.id):
            downloads.open_document(work, str(notice), counts_as_retrieval=True)

    def _person(self, role: str, plan: Plan) -> Principal:
        return plan.applicant if role == Role.CITIZEN else self._random.choice(self._staff[role])


def _expected(result: object) -> None:
    if not isinstance(result, UUID):
        raise TypeError(f"demo remark refused: {result}")
