"""The one boundary of every change: permission, key, transaction, service, answer, commit.

A key belongs to one person and one mutation field. It is taken by an insert, so a second try waits for the
first. Same input and same selection: the stored bytes; another selection: the same result, rendered now;
another input: Conflict. Refusals are answers, too, and leave nothing else behind.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import orjson
import strawberry
from graphql.execution.values import get_argument_values

from kreisbund_api.graphql import changes
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info, selection_of
from kreisbund_api.graphql.refusals import bad_input
from kreisbund_platform.cases import intake, messages, notes, tasks, withdrawal
from kreisbund_platform.database.cursors import BadPageError
from kreisbund_platform.database.idempotency import (
    COUNTY,
    WORKSPACE,
    Scope,
    Stored,
    in_transaction,
    keep,
    reserve,
    undone_if,
)
from kreisbund_platform.database.object_types import One
from kreisbund_platform.database.selection import TYPE_KEY, Selection
from kreisbund_platform.errors import REFUSALS, Conflict, Forbidden, Invalid, Refusal
from kreisbund_platform.identity.policy import may
from kreisbund_platform.templates import adoptions
from kreisbund_platform.texts import _
from kreisbund_tenants import provisioning

LONGEST_KEY = 200
GUEST_SUBJECT = "guest"


@dataclass(frozen=True)
class Done:
    """What a change led to: which success, whose row, and what is told this once."""

    result_type: str
    result: UUID
    told: Mapping[str, str | None] = field(default_factory=dict)


Outcome = Done | Refusal


@dataclass(frozen=True)
class Change:
    """One call of a mutation field."""

    operation: Operation
    selection: Selection
    scope: Scope
    request_hash: bytes
    document_hash: bytes
    act: Callable[[], Outcome]


def perform(info: Info, key: str, act: Callable[[], Outcome], *, by_owner: bool = False) -> Any:
    """Runs a change once for ever and answers its union member. `by_owner`: in the owner's transaction."""
    raw, operation = info._raw_info, info.context
    selection = selection_of(info)
    if not may(operation.principal, f"Mutation.{raw.field_name}"):
        refused = Forbidden("FORBIDDEN", _("Dazu fehlt Ihnen die Berechtigung."))
        return _problem(refused, selection)
    if not 0 < len(key) <= LONGEST_KEY:
        return _problem(Invalid("IDEMPOTENCY_KEY", _("Der Schlüssel hat 1 bis 200 Zeichen.")), selection)
    scope = Scope(WORKSPACE if by_owner else COUNTY, operation.principal.subject or GUEST_SUBJECT, raw.field_name, key)
    change = Change(operation, selection, scope, _request_hash(info), _document_hash(selection), act)
    with operation.as_owner() if by_owner else _as_it_is():
        try:
            return orjson.loads(in_transaction(operation.connection, lambda: _once(change)))
        except BadPageError:
            raise bad_input() from None


def _as_it_is() -> AbstractContextManager[None]:
    return nullcontext()


def _once(change: Change) -> str:
    connection = change.operation.connection
    now = change.operation.clock.now()
    stored = reserve(connection, change.scope, change.request_hash, change.document_hash, now)
    if stored is not None:
        return _replay(change, stored)
    outcome = undone_if(connection, change.act, lambda result: isinstance(result, REFUSALS))
    result_type, ids = _kept(outcome)
    told = outcome.told if isinstance(outcome, Done) else {}
    answer = _render(change, result_type, {**ids, **told})
    keep(connection, change.scope, result_type, ids, answer)
    return answer


def _replay(change: Change, stored: Stored) -> str:
    if stored.request_hash != change.request_hash:
        refused = Conflict("KEY_REUSED", _("Dieser Schlüssel wurde schon für eine andere Eingabe verwendet."))
        return orjson.dumps(_problem(refused, change.selection)).decode()
    if stored.document_hash == change.document_hash:
        return stored.answer
    return _render(change, stored.result_type, stored.result_ids)


def _kept(outcome: Outcome) -> tuple[str, dict[str, Any]]:
    """Type and ids from which an answer can be rendered again; a refusal holds codes and messages only."""
    if isinstance(outcome, Done):
        return outcome.result_type, {"result": str(outcome.result)}
    return type(outcome).__name__, _fields(outcome)


def _render(change: Change, result_type: str, kept: Mapping[str, Any]) -> str:
    if "result" not in kept:
        return orjson.dumps(_project(kept, result_type, change.selection)).decode()
    values = {"status_secret": None, "granted": kept["result"], **kept}
    answer = change.operation.read(One(result_type, "true"), change.selection, values)
    return orjson.dumps(answer).decode()


def _fields(refusal: Refusal) -> dict[str, Any]:
    fields: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if isinstance(refusal, Conflict):
        fields["currentVersion"] = refusal.current_version
    if isinstance(refusal, Invalid):
        fields["fieldErrors"] = [vars(error) for error in refusal.field_errors]
    return fields


def _problem(refusal: Refusal, selection: Selection) -> dict[str, Any]:
    return _project(_fields(refusal), type(refusal).__name__, selection)


def _project(fields: Mapping[str, Any], type_name: str, selection: Selection) -> dict[str, Any]:
    answer: dict[str, Any] = {TYPE_KEY: type_name}
    for child in selection.children.get(type_name, ()):
        value = fields[child.name]
        if child.name == "fieldErrors":
            value = [_project(error, "FieldError", child) for error in value]
        answer[child.key] = value
    return answer


def _request_hash(info: Info) -> bytes:
    raw = info._raw_info
    declared = raw.parent_type.fields[raw.field_name]
    arguments = get_argument_values(declared, raw.field_nodes[0], raw.variable_values)
    return hashlib.sha256(orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS)).digest()


def _document_hash(selection: Selection) -> bytes:
    return hashlib.sha256(repr(selection.children).encode()).digest()


def _done(result_type: str, outcome: UUID | Refusal) -> Outcome:
    return Done(result_type, outcome) if isinstance(outcome, UUID) else outcome


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
    return _done("CompleteTaskSuccess", tasks.complete(operation.work, given.task, data, given.expected_version))


def _create(operation: Operation, given: changes.CreateTenantInput) -> Outcome:
    created = provisioning.create_tenant(
        operation.connection,
        operation.settings,
        operation.clock,
        slug=given.slug,
        name=given.name,
        regional_key=given.regional_key,
    )
    return created if isinstance(created, REFUSALS) else Done("CreateTenantSuccess", created.id)


@strawberry.type
class Mutation:
    """Changing; each input carries an idempotencyKey, what changes an existing thing an expectedVersion."""

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
            return _done("WithdrawApplicationSuccess", found)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def claim_task(self, info: Info, input: changes.TaskInput) -> changes.TaskResult:
        """Takes a task."""

        def act() -> Outcome:
            return _done("TaskSuccess", tasks.claim(info.context.work, input.task, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def release_task(self, info: Info, input: changes.TaskInput) -> changes.TaskResult:
        """Gives a task back."""

        def act() -> Outcome:
            return _done("TaskSuccess", tasks.release(info.context.work, input.task, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def complete_task(self, info: Info, input: changes.CompleteTaskInput) -> changes.CompleteTaskResult:
        """Completes a task with its form's data."""
        act = lambda: _complete(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def adopt_template(self, info: Info, input: changes.AdoptTemplateInput) -> changes.AdoptTemplateResult:
        """Offers a template in this county."""

        def act() -> Outcome:
            return _done("AdoptTemplateSuccess", adoptions.adopt(info.context.work, input.template))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def end_adoption(self, info: Info, input: changes.AdoptTemplateInput) -> changes.EndAdoptionResult:
        """Offers a template no longer; running cases go on."""

        def act() -> Outcome:
            return _done("EndAdoptionSuccess", adoptions.end_adoption(info.context.work, input.template))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def add_note(self, info: Info, input: changes.AddNoteInput) -> changes.AddNoteResult:
        """Adds a note for colleagues."""

        def act() -> Outcome:
            return _done("AddNoteSuccess", notes.add_note(info.context.work, input.case, input.text))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def send_message(self, info: Info, input: changes.SendMessageInput) -> changes.SendMessageResult:
        """Writes to the applicant, or as the applicant to the county."""

        def act() -> Outcome:
            sent = messages.send(info.context.work, input.case, input.subject, input.text)
            return _done("SendMessageSuccess", sent)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def create_tenant(self, info: Info, input: changes.CreateTenantInput) -> changes.CreateTenantResult:
        """Makes a county, ready to work."""
        act = lambda: _create(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act, by_owner=True)  # type: ignore[no-any-return]
