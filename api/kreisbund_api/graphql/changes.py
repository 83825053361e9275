"""Inputs and results of the mutations."""

from typing import Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import Application, CaseEvent, CaseRecord, Channel, Message, Task
from kreisbund_api.graphql.catalogue import ProcessTemplate, Tenant
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.scalars import JSON, Date


@strawberry.input
class SubmitApplicationInput:
    """channel, receivedOn, onBehalfOf: staff entering what came by post or counter."""

    template: str
    data: JSON
    idempotency_key: ID
    template_version: ID | None = None
    channel: Channel | None = None
    received_on: Date | None = None
    on_behalf_of: JSON | None = None


@strawberry.type
class SubmitApplicationSuccess:
    """The application, and for guests the secret that shows its status; told once."""

    application: Application
    status_secret: str | None


SubmitApplicationResult = Annotated[
    SubmitApplicationSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("SubmitApplicationResult")
]


@strawberry.input
class WithdrawApplicationInput:
    """Taking an application back."""

    application: ID
    expected_version: int
    idempotency_key: ID
    reason: str | None = None


@strawberry.type
class WithdrawApplicationSuccess:
    """The application as it is now."""

    application: Application


WithdrawApplicationResult = Annotated[
    WithdrawApplicationSuccess | Invalid | Conflict | Forbidden | NotFound,
    strawberry.union("WithdrawApplicationResult"),
]


@strawberry.input
class TaskInput:
    """Claiming and releasing."""

    task: ID
    expected_version: int
    idempotency_key: ID


@strawberry.type
class TaskSuccess:
    """The task as it is now."""

    task: Task


TaskResult = Annotated[TaskSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("TaskResult")]


@strawberry.input
class CompleteTaskInput:
    """A task's form data."""

    task: ID
    data: JSON
    expected_version: int
    idempotency_key: ID


@strawberry.type
class CompleteTaskSuccess:
    """The case as it is now."""

    case: CaseRecord


CompleteTaskResult = Annotated[
    CompleteTaskSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("CompleteTaskResult")
]


@strawberry.input
class AdoptTemplateInput:
    """A template's slug."""

    template: str
    idempotency_key: ID


@strawberry.type
class AdoptTemplateSuccess:
    """The template, adopted."""

    template: ProcessTemplate


AdoptTemplateResult = Annotated[
    AdoptTemplateSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("AdoptTemplateResult")
]


@strawberry.type
class EndAdoptionSuccess:
    """The template, no longer offered here."""

    template: ProcessTemplate


EndAdoptionResult = Annotated[
    EndAdoptionSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("EndAdoptionResult")
]


@strawberry.input
class CreateTenantInput:
    """A new county."""

    slug: str
    name: str
    regional_key: str
    idempotency_key: ID


@strawberry.type
class CreateTenantSuccess:
    """The new tenant."""

    tenant: Tenant


CreateTenantResult = Annotated[
    CreateTenantSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("CreateTenantResult")
]


@strawberry.input
class AddNoteInput:
    """A note for colleagues."""

    case: ID
    text: str
    idempotency_key: ID


@strawberry.type
class AddNoteSuccess:
    """The event that says that there is a note."""

    event: CaseEvent


AddNoteResult = Annotated[AddNoteSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("AddNoteResult")]


@strawberry.input
class GiveFileReferenceInput:
    """The Aktenzeichen as the county's filing plan has it."""

    case: ID
    file_reference: str
    expected_version: int
    idempotency_key: ID


@strawberry.type
class GiveFileReferenceSuccess:
    """The case as it is now."""

    case: CaseRecord


GiveFileReferenceResult = Annotated[
    GiveFileReferenceSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("GiveFileReferenceResult")
]


@strawberry.input
class SendMessageInput:
    """A message; `case` is the case's id, for the applicant also their application's."""

    case: ID
    subject: str
    text: str
    idempotency_key: ID


@strawberry.type
class SendMessageSuccess:
    """The message sent."""

    message: Message


SendMessageResult = Annotated[
    SendMessageSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("SendMessageResult")
]


@strawberry.input
class ResolveIncidentInput:
    """`data`: plain values put right before the token tries again; `flow`: leave by this sequence flow instead."""

    incident: ID
    expected_version: int
    idempotency_key: ID
    data: JSON | None = None
    flow: str | None = None


@strawberry.type
class ResolveIncidentSuccess:
    """The case as it is now."""

    case: CaseRecord


ResolveIncidentResult = Annotated[
    ResolveIncidentSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("ResolveIncidentResult")
]


@strawberry.input
class ReceiveMessageInput:
    """A message for the case that waits for it, by name and correlation key."""

    name: str
    idempotency_key: ID
    correlation_key: str | None = None
    data: JSON | None = None


@strawberry.type
class ReceiveMessageSuccess:
    """The case that it moved."""

    case: CaseRecord


ReceiveMessageResult = Annotated[
    ReceiveMessageSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("ReceiveMessageResult")
]
