"""A county's cases as staff, applicants and guests see them.

Viewpoints: `staff` sees all of its county (the connection is the county's own), `citizen` what is their own,
`guest` the one application that this request has proved (`{granted}`), `invited` the one case that was opened to
somebody from outside (`{invited_case}`), `operator` and anyone else no case.
"""

from kreisbund_platform.database.object_types import (
    Column,
    Connection,
    Embedded,
    Key,
    Many,
    ObjectType,
    One,
    newest_first,
)


def own(case_id: str) -> str:
    """Whether the case is the asking person's: as applicant or as a party with an account."""
    return (
        f"(EXISTS (SELECT 1 FROM application o WHERE o.case_id = {case_id}"
        " AND o.applicant_subject = {subject}::text)"
        f" OR EXISTS (SELECT 1 FROM party o WHERE o.case_id = {case_id} AND o.subject = {{subject}}::text))"
    )


def _rows(citizen: str, **more: str) -> dict[str, str]:
    return {"staff": "true", "citizen": citizen, **more}


def invited(case_id: str) -> dict[str, str]:
    """The row rule of those who look from outside: the one case that was opened to them."""
    return {"invited": f"{case_id} = {{invited_case}}::uuid"}


OF_CASE = "{a}.case_id = {p}.id"
SAME_CASE = "{a}.case_id = {p}.case_id"
NEWEST_DECISION = "{a}.decided_at DESC, {a}.id DESC"

# What the case runs on: its version, with the county's variant where it started on one.
FORM_OF_TASK = (
    "(SELECT coalesce(va.forms, v.forms) -> {p}.form_id AS form FROM case_record c"
    " JOIN shared.template_version v ON v.id = c.template_version_id"
    " LEFT JOIN template_variant va ON va.id = c.variant_id WHERE c.id = {p}.case_id) {a}"
)

APPLICATION = ObjectType(
    "Application",
    "(SELECT x.*, c.case_number, c.status, c.channel, c.template_id, c.template_version_id, c.next_step,"
    " c.next_step_by, c.received_on, c.data, c.decided_at FROM application x"
    " JOIN case_record c ON c.id = x.case_id) {a}",
    {
        "id": Column("{a}.id"),
        "caseNumber": Column("{a}.case_number"),
        "status": Column("{a}.status"),
        "version": Column("{a}.version"),
        "channel": Column("{a}.channel"),
        "submittedAt": Column("{a}.submitted_at"),
        "receivedOn": Column("{a}.received_on"),
        "withdrawnAt": Column("{a}.withdrawn_at"),
        "data": Column("{a}.data"),
        "template": One("ProcessTemplate", "{a}.id = {p}.template_id"),
        "templateVersion": One("TemplateVersion", "{a}.id = {p}.template_version_id"),
        "nextStep": Column("{a}.next_step"),
        "nextStepBy": Column("{a}.next_step_by"),
        "decision": One("Decision", f"{SAME_CASE} AND {{a}}.kind = 'MAIN'", NEWEST_DECISION),
        "decisions": Many("Decision", SAME_CASE, NEWEST_DECISION),
        "documents": Connection("Document", SAME_CASE, newest_first("created_at")),
        "messages": Many("Message", SAME_CASE, "{a}.sent_at DESC, {a}.id DESC"),
        "tasks": Many("Task", f"{SAME_CASE} AND {{a}}.role = 'citizen'", "{a}.created_at DESC, {a}.id DESC"),
        "history": Connection("CaseEvent", SAME_CASE, (Key("{a}.seq", "bigint"),)),
        "accessLog": Connection("AccessLogEntry", SAME_CASE, (Key("{a}.at", "timestamptz"), Key("{a}.id", "bigint"))),
    },
    rows=_rows(own("{a}.case_id"), guest="{a}.id = {granted}::uuid"),
    case_id="{a}.case_id",
    personal={"data": "DATA"},
)
DECISION = ObjectType(
    "Decision",
    "decision {a}",
    {
        "id": Column("{a}.id"),
        "kind": Column("{a}.kind"),
        "outcome": Column("{a}.outcome"),
        "decidedAt": Column("{a}.decided_at"),
        "legalBasis": Column("{a}.legal_basis"),
        "responsibleName": Column("{a}.responsible_name"),
        "feeCents": Column("{a}.fee_cents::text"),
        "document": One("Document", "{a}.id = {p}.document_id"),
        "deliveries": Many("Delivery", "{a}.decision_id = {p}.id", "{a}.sent_at NULLS FIRST, {a}.id"),
        "remedy": Embedded("Remedy", "{a}.remedy_kind IS NOT NULL AND {a}.remedy_addressee IS NOT NULL"),
    },
    rows=_rows(own("{a}.case_id"), **invited("{a}.case_id")),
    case_id="{a}.case_id",
    personal={"outcome": "DECISIONS", "legalBasis": "DECISIONS", "feeCents": "DECISIONS"},
)
REMEDY = ObjectType(
    "Remedy",
    "decision {a}",
    {
        "kind": Column("{a}.remedy_kind"),
        "addressee": Column("{a}.remedy_addressee"),
        "until": Column("{a}.remedy_until"),
    },
)
DELIVERY = ObjectType(
    "Delivery",
    "(SELECT d.*, e.case_id FROM delivery d JOIN decision e ON e.id = d.decision_id) {a}",
    {
        "recipient": Column("{a}.party_id"),
        "channel": Column("{a}.channel"),
        "sentAt": Column("{a}.sent_at"),
        "retrievedAt": Column("{a}.retrieved_at"),
        "deemedOn": Column("{a}.deemed_on"),
    },
    rows=_rows(own("{a}.case_id")),
)
SCAN_STATE = (
    "CASE {a}.kind WHEN 'upload' THEN"
    " coalesce((SELECT u.scan_state FROM upload u WHERE u.id = {a}.upload_id), 'NOT_SCANNED') END"
)
DOCUMENT = ObjectType(
    "Document",
    "document {a}",
    {
        "id": Column("{a}.id"),
        "kind": Column("{a}.kind"),
        "title": Column("{a}.title"),
        "mediaType": Column("{a}.media_type"),
        "sizeBytes": Column("{a}.size_bytes"),
        "createdAt": Column("{a}.created_at"),
        "downloadUrl": Column(
            f"CASE WHEN coalesce({SCAN_STATE}, '') NOT IN ('PENDING', 'INFECTED', 'REFUSED')"
            " THEN {base_url}::text || '/documents/' || {a}.id::text END"
        ),
        "scanState": Column(SCAN_STATE),
    },
    rows=_rows(f"{{a}}.visible_to_applicant AND {own('{a}.case_id')}", **invited("{a}.case_id")),
    case_id="{a}.case_id",
    personal={"title": "DOCUMENTS", "downloadUrl": "DOCUMENTS"},
)
PARTY = ObjectType(
    "Party",
    "party {a}",
    {
        "id": Column("{a}.id"),
        "role": Column("{a}.role"),
        "kind": Column("{a}.kind"),
        "name": Column("{a}.name"),
        "represents": Column("{a}.represents"),
    },
    rows=_rows(own("{a}.case_id"), **invited("{a}.case_id")),
    case_id="{a}.case_id",
    personal={"name": "PARTIES", "kind": "PARTIES", "represents": "PARTIES"},
)
CASE_RECORD = ObjectType(
    "CaseRecord",
    "case_record {a}",
    {
        "id": Column("{a}.id"),
        "caseNumber": Column("{a}.case_number"),
        "fileReference": Column("{a}.file_reference"),
        "status": Column("{a}.status"),
        "version": Column("{a}.version"),
        "channel": Column("{a}.channel"),
        "template": One("ProcessTemplate", "{a}.id = {p}.template_id"),
        "templateVersion": One("TemplateVersion", "{a}.id = {p}.template_version_id"),
        "variant": One("TemplateVariant", "{a}.id = {p}.variant_id"),
        "unit": One("Unit", "{a}.id = {p}.unit_id"),
        "parties": Many("Party", OF_CASE, "{a}.position, {a}.id"),
        "applicantName": Column("{a}.applicant_name"),
        "data": Column("{a}.data"),
        "receivedAt": Column("{a}.received_at"),
        "receivedOn": Column("{a}.received_on"),
        "openedAt": Column("{a}.opened_at"),
        "submittedAt": Column("(SELECT o.submitted_at FROM application o WHERE o.case_id = {a}.id)"),
        "dueAt": Column("{a}.due_at"),
        "decidedAt": Column("{a}.decided_at"),
        "closedAt": Column("{a}.closed_at"),
        "nextStep": Column("{a}.next_step"),
        "nextStepBy": Column("{a}.next_step_by"),
        "application": One("Application", OF_CASE),
        "decisions": Many("Decision", OF_CASE, NEWEST_DECISION),
        "notes": Many("Note", OF_CASE, "{a}.written_at DESC, {a}.id DESC"),
        "messages": Many("Message", OF_CASE, "{a}.sent_at DESC, {a}.id DESC"),
        "incidents": Many("Incident", OF_CASE, "{a}.raised_at DESC, {a}.id DESC"),
        "tasks": Connection("Task", OF_CASE, newest_first("created_at")),
        "documents": Connection("Document", OF_CASE, newest_first("created_at")),
        "history": Connection("CaseEvent", OF_CASE, (Key("{a}.seq", "bigint"),)),
        "accessLog": Connection("AccessLogEntry", OF_CASE, (Key("{a}.at", "timestamptz"), Key("{a}.id", "bigint"))),
        "supportInvitations": Many("SupportInvitation", OF_CASE, "{a}.invited_at DESC, {a}.id DESC"),
        "emergencyAccesses": Many("EmergencyAccess", OF_CASE, "{a}.requested_at DESC, {a}.id DESC"),
    },
    rows=_rows(own("{a}.id"), **invited("{a}.id")),
    case_id="{a}.id",
    personal={"applicantName": "NAME", "data": "DATA"},
)
TASK = ObjectType(
    "Task",
    "task {a}",
    {
        "id": Column("{a}.id"),
        "name": Column("{a}.name"),
        "status": Column("{a}.status"),
        "version": Column("{a}.version"),
        "role": Column("{a}.role"),
        "elementId": Column("{a}.element_id"),
        "instance": Column("{a}.instance"),
        "unit": One("Unit", "{a}.id = {p}.unit_id"),
        "assignee": Column("{a}.assignee"),
        "dueAt": Column("{a}.due_at"),
        "dueOn": Column("{a}.due_on"),
        "openedAt": Column("{a}.created_at"),
        "completedAt": Column("{a}.completed_at"),
        "case": One("CaseRecord", "{a}.id = {p}.case_id"),
        "form": One("Form", "{a}.form IS NOT NULL", source=FORM_OF_TASK),
    },
    rows=_rows(f"{{a}}.role = 'citizen' AND {own('{a}.case_id')}", **invited("{a}.case_id")),
)
CASE_EVENT = ObjectType(
    "CaseEvent",
    "event {a}",
    {
        "id": Column("{a}.id"),
        "at": Column("{a}.at"),
        "type": Column("{a}.type"),
        "actor": Column("{a}.actor"),
        "task": Column("{a}.task_id"),
        "case": Column("{a}.case_id"),
        "caseVersion": Column("{a}.case_version"),
        "upgrade": One("UpgradeNotice", "{a}.event_id = {p}.id"),
        "onBehalfOf": One("StaffMember", "{a}.subject = {p}.body ->> 'on_behalf_of'"),
    },
    rows=_rows(f"{{a}}.type <> 'NOTE_ADDED' AND {own('{a}.case_id')}", **invited("{a}.case_id")),
)
NOTE = ObjectType(
    "Note",
    "note {a}",
    {
        "id": Column("{a}.id"),
        "author": Column("{a}.author"),
        "text": Column("{a}.text"),
        "writtenAt": Column("{a}.written_at"),
    },
    rows={"staff": "true"},
    case_id="{a}.case_id",
    personal={"text": "NOTES"},
)
MESSAGE = ObjectType(
    "Message",
    "message {a}",
    {
        "id": Column("{a}.id"),
        "direction": Column("{a}.direction"),
        "subject": Column("{a}.subject"),
        "text": Column("{a}.text"),
        "sentAt": Column("{a}.sent_at"),
        "readAt": Column("{a}.read_at"),
    },
    rows=_rows(own("{a}.case_id")),
    case_id="{a}.case_id",
    personal={"subject": "MESSAGES", "text": "MESSAGES"},
)
ACCESS_LOG_ENTRY = ObjectType(
    "AccessLogEntry",
    "case_read {a}",
    {
        "at": Column("{a}.at"),
        "roles": Column("{a}.roles"),
        "unit": One("Unit", "{a}.id = {p}.unit_id"),
        "kinds": Column("{a}.kinds"),
        "listed": Column("{a}.listed"),
        "operation": Column("{a}.operation"),
        "basis": Column("{a}.basis"),
        "subject": Column("{a}.subject"),
        "name": Column("{a}.name"),
    },
    # the applicant alone, not the case's other parties
    rows=_rows(
        "EXISTS (SELECT 1 FROM application o WHERE o.case_id = {a}.case_id AND o.applicant_subject = {subject}::text)"
    ),
)
CASE_TYPES = (
    ACCESS_LOG_ENTRY,
    APPLICATION,
    DECISION,
    REMEDY,
    DELIVERY,
    DOCUMENT,
    PARTY,
    CASE_RECORD,
    TASK,
    CASE_EVENT,
    NOTE,
    MESSAGE,
)
