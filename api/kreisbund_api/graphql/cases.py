"""What is worked on: applications, cases, tasks, decisions, documents."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.access_log import AccessLogEntryConnection
from kreisbund_api.graphql.catalogue import Form, ProcessTemplate, TemplateVersion, Unit
from kreisbund_api.graphql.relay import Node, PageInfo, paged
from kreisbund_api.graphql.scalars import JSON, ByteCount, Cents, Date, DateTime
from kreisbund_api.graphql.variants import TemplateVariant

if TYPE_CHECKING:
    from kreisbund_api.graphql.emergencies import EmergencyAccess


@strawberry.enum(description="DECIDED: a notice was issued. CLOSED: final or filed. A draft is never an Application.")
class CaseStatus(Enum):
    """Where a case stands."""

    SUBMITTED = "SUBMITTED"
    IN_PROGRESS = "IN_PROGRESS"
    WAITING = "WAITING"
    DECIDED = "DECIDED"
    WITHDRAWN = "WITHDRAWN"
    CLOSED = "CLOSED"
    TRANSFERRED = "TRANSFERRED"


@strawberry.enum
class Channel(Enum):
    """How a case came in."""

    PORTAL = "PORTAL"
    LETTER = "LETTER"
    COUNTER = "COUNTER"
    MAIL = "MAIL"
    TELEPHONE = "TELEPHONE"
    FIT_CONNECT = "FIT_CONNECT"
    EX_OFFICIO = "EX_OFFICIO"
    MIGRATED = "MIGRATED"


@strawberry.enum
class TaskStatus(Enum):
    """Where a task stands."""

    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@strawberry.enum
class MessageDirection(Enum):
    """Who wrote to whom."""

    TO_APPLICANT = "TO_APPLICANT"
    FROM_APPLICANT = "FROM_APPLICANT"


@strawberry.enum
class ScanState(Enum):
    """Whether a file that somebody sent was found harmless; what is PENDING cannot be downloaded yet."""

    NOT_SCANNED = "NOT_SCANNED"
    PENDING = "PENDING"
    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    REFUSED = "REFUSED"


@strawberry.type
class Document(Node):
    """A stored file of a case; without `downloadUrl` while it is in quarantine or gone."""

    title: str
    media_type: str
    size_bytes: ByteCount
    download_url: str | None
    kind: str
    created_at: DateTime
    scan_state: ScanState | None = strawberry.field(description="Of a file that somebody sent.")


@strawberry.type
class Delivery:
    """How a notice reached one recipient."""

    recipient: ID | None
    channel: str
    sent_at: DateTime | None
    retrieved_at: DateTime | None
    deemed_on: Date | None


@strawberry.type
class Remedy:
    """What can be done against a decision, where and until when."""

    kind: str
    addressee: str
    until: Date | None


@strawberry.type
class Decision(Node):
    """A decision; `outcome` is a code."""

    kind: str
    outcome: str
    decided_at: DateTime
    document: Document | None
    deliveries: list[Delivery]
    remedy: Remedy | None
    legal_basis: str
    responsible_name: str
    fee_cents: Cents


@strawberry.type
class Party:
    """Someone the case concerns."""

    id: ID
    role: str
    kind: str
    name: str | None
    represents: list[ID]


@strawberry.type
class Message(Node):
    """Correspondence between county and applicant."""

    direction: MessageDirection
    subject: str
    text: str
    sent_at: DateTime
    read_at: DateTime | None


@strawberry.type
class Note(Node):
    """What a caseworker noted for colleagues; `author` is a subject."""

    author: str
    text: str
    written_at: DateTime


@strawberry.type
class UpgradeNotice:
    """From which version of its template a case went on to which, and why."""

    from_number: int
    to_number: int
    effective_on: Date
    legal_basis: str


@strawberry.type
class StaffMember:
    """A colleague as their token last described them."""

    subject: str
    name: str | None
    roles: list[str]
    blocked: bool


@strawberry.type
class CaseEvent(Node):
    """One line of a case's history; one event per completed task."""

    at: DateTime
    type: str
    actor: str | None
    task: ID | None
    case: ID | None
    case_version: int | None
    upgrade: UpgradeNotice | None
    on_behalf_of: StaffMember | None = strawberry.field(
        description="For whom the actor stood in, or who lent the right"
    )


@strawberry.type
class Application(Node):
    """An application as its applicant sees it; caseNumber is gapless per county and year."""

    case_number: str
    status: CaseStatus
    version: int
    submitted_at: DateTime
    template: ProcessTemplate
    next_step: str | None
    next_step_by: Date | None
    decision: Decision | None = strawberry.field(description="The latest in the main matter")
    decisions: list[Decision]
    documents: DocumentConnection = paged()
    channel: Channel
    received_on: Date
    withdrawn_at: DateTime | None
    data: JSON | None
    template_version: TemplateVersion | None
    messages: list[Message]
    tasks: list[Task] = strawberry.field(description="What the applicant is asked to do or has done")
    history: CaseEventConnection = paged()
    access_log: AccessLogEntryConnection = paged()


@strawberry.type
class CaseRecord(Node):
    """A case as the county sees it."""

    case_number: str
    file_reference: str | None
    status: CaseStatus
    version: int
    channel: Channel
    template: ProcessTemplate | None
    template_version: TemplateVersion | None
    variant: TemplateVariant | None = strawberry.field(description="The county's, where the case started on one")
    unit: Unit | None
    parties: list[Party]
    applicant_name: str | None
    data: JSON | None = strawberry.field(description="Only what the viewer may read; null after erasure")
    received_at: DateTime | None
    opened_at: DateTime
    submitted_at: DateTime | None
    due_at: DateTime | None
    decisions: list[Decision]
    tasks: TaskConnection = paged()
    documents: DocumentConnection = paged()
    history: CaseEventConnection = paged()
    access_log: AccessLogEntryConnection = paged()
    received_on: Date | None
    decided_at: DateTime | None
    closed_at: DateTime | None
    next_step: str | None
    next_step_by: Date | None
    application: Application | None
    notes: list[Note]
    messages: list[Message]
    incidents: list[Incident] = strawberry.field(description="Tokens that stopped, open ones and those resolved")
    support_invitations: list[SupportInvitation]
    emergency_accesses: list[Annotated[EmergencyAccess, strawberry.lazy("kreisbund_api.graphql.emergencies")]]


@strawberry.type
class SupportInvitation:
    """The service team may look at one case, read-only, until a moment."""

    id: ID
    reason: str
    invited_at: DateTime
    invited_by: StaffMember | None
    until: DateTime
    revoked_at: DateTime | None
    version: int
    case: CaseRecord


@strawberry.type
class Incident(Node):
    """A token of a case that cannot go on; `reason` is a code. Everything else in the case goes on."""

    element_id: str
    reason: str
    version: int
    raised_at: DateTime
    resolved_at: DateTime | None
    resolved_by: str | None
    case: CaseRecord


@strawberry.type
class Task(Node):
    """A step that one person of a role does; `assignee` is a subject."""

    name: str
    status: TaskStatus
    version: int
    role: str
    unit: Unit | None
    assignee: str | None
    due_at: DateTime | None
    due_on: Date | None
    case: CaseRecord | None
    form: Form | None
    element_id: str
    instance: int | None = strawberry.field(description="Its number within a multi-instance task, from 1")
    opened_at: DateTime
    completed_at: DateTime | None


@strawberry.type
class ApplicationEdge:
    """An edge."""

    cursor: str
    node: Application


@strawberry.type
class ApplicationConnection:
    """A page of applications."""

    edges: list[ApplicationEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class CaseRecordEdge:
    """An edge."""

    cursor: str
    node: CaseRecord


@strawberry.type
class CaseRecordConnection:
    """A page of cases."""

    edges: list[CaseRecordEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class TaskEdge:
    """An edge."""

    cursor: str
    node: Task


@strawberry.type
class TaskConnection:
    """A page of tasks."""

    edges: list[TaskEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class DocumentEdge:
    """An edge."""

    cursor: str
    node: Document


@strawberry.type
class DocumentConnection:
    """A page of documents."""

    edges: list[DocumentEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class CaseEventEdge:
    """An edge."""

    cursor: str
    node: CaseEvent


@strawberry.type
class CaseEventConnection:
    """A page of history."""

    edges: list[CaseEventEdge]
    page_info: PageInfo
    total_count: int | None
