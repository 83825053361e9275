"""Changes to cases: each calls one service inside the boundary of `changing.py`."""

from typing import Any, cast

import strawberry

from kreisbund_api.graphql import changes
from kreisbund_api.graphql.changing import Done, Outcome, done, perform
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.cases import file_references, intake, messages, notes, tasks, withdrawal
from kreisbund_platform.errors import Invalid
from kreisbund_platform.texts import _


def _submit(operation: Operation, given: changes.SubmitApplicationInput) -> Outcome:
    order = intake.SubmitApplication(
        template=given.template,
        data=given.data,
        template_version=given.template_version,
        channel=given.channel.value if given.channel else None,
        received_on=given.received_on,
        on_behalf_of=cast("dict[str, Any] | None", given.on_behalf_of),
    )
    if given.on_behalf_of is not None and not isinstance(given.on_behalf_of, dict):
        return Invalid("INVALID_INTAKE", _("„onBehalfOf“ ist ein Objekt."))
    outcome = intake.submit(operation.work, order)
    if not isinstance(outcome, intake.Submitted):
        return outcome
    told = {"status_secret": outcome.status_secret}
    return Done("SubmitApplicationSuccess", outcome.application_id, told)


def _complete(operation: Operation, given: changes.CompleteTaskInput) -> Outcome:
    data = cast("dict[str, Any]", given.data)
    return done("CompleteTaskSuccess", tasks.complete(operation.work, given.task, data, given.expected_version))


@strawberry.type
class CaseMutations:
    """Applying and working on cases."""

    @strawberry.mutation
    def submit_application(self, info: Info, input: changes.SubmitApplicationInput) -> changes.SubmitApplicationResult:
        """Applies, or enters what came by post or counter."""
        act = lambda: _submit(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def withdraw_application(
        self, info: Info, input: changes.WithdrawApplicationInput
    ) -> changes.WithdrawApplicationResult:
        """Takes an application back."""

        def act() -> Outcome:
            version = input.expected_version
            found = withdrawal.withdraw(info.context.work, input.application, input.reason, version)
            return done("WithdrawApplicationSuccess", found)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def claim_task(self, info: Info, input: changes.TaskInput) -> changes.TaskResult:
        """Takes a task."""

        def act() -> Outcome:
            return done("TaskSuccess", tasks.claim(info.context.work, input.task, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def release_task(self, info: Info, input: changes.TaskInput) -> changes.TaskResult:
        """Gives a task back."""

        def act() -> Outcome:
            return done("TaskSuccess", tasks.release(info.context.work, input.task, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def complete_task(self, info: Info, input: changes.CompleteTaskInput) -> changes.CompleteTaskResult:
        """Completes a task with its form's data."""
        act = lambda: _complete(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def add_note(self, info: Info, input: changes.AddNoteInput) -> changes.AddNoteResult:
        """Adds a note for colleagues."""

        def act() -> Outcome:
            return done("AddNoteSuccess", notes.add_note(info.context.work, input.case, input.text))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def give_file_reference(self, info: Info, input: changes.GiveFileReferenceInput) -> changes.GiveFileReferenceResult:
        """Gives a case its Aktenzeichen, or another one."""

        def act() -> Outcome:
            given = file_references.give(info.context.work, input.case, input.file_reference, input.expected_version)
            return done("GiveFileReferenceSuccess", given)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def send_message(self, info: Info, input: changes.SendMessageInput) -> changes.SendMessageResult:
        """Writes to the applicant, or as the applicant to the county."""

        def act() -> Outcome:
            sent = messages.send(info.context.work, input.case, input.subject, input.text)
            return done("SendMessageSuccess", sent)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
