"""What a county decides about people, as its staff sees it, and what the service team learns of invitations."""

from kreisbund_platform.database.object_types import Column, Many, ObjectType, One

STAFF_SEE = {"staff": "true"}
# what still counts or will
_LASTING = "{a}.ended_at IS NULL AND {a}.last_day >= ({now}::timestamptz AT TIME ZONE 'Europe/Berlin')::date"
_BLOCKED = "SELECT 1 FROM account_block b WHERE b.subject = {a}.subject AND b.ended_at IS NULL"

STAFF_MEMBER = ObjectType(
    "StaffMember",
    "staff_account {a}",
    {
        "subject": Column("{a}.subject"),
        "name": Column("coalesce({a}.name, {a}.username)"),
        "roles": Column("{a}.roles"),
        "blocked": Column(f"EXISTS ({_BLOCKED})"),
    },
    rows=STAFF_SEE,
)
ACCOUNT_BLOCK = ObjectType(
    "AccountBlock",
    "account_block {a}",
    {
        "id": Column("{a}.id"),
        "subject": Column("{a}.subject"),
        "person": One("StaffMember", "{a}.subject = {p}.subject"),
        "reason": Column("{a}.reason"),
        "blockedAt": Column("{a}.blocked_at"),
        "blockedBy": One("StaffMember", "{a}.subject = {p}.blocked_by"),
        "endedAt": Column("{a}.ended_at"),
        "version": Column("{a}.version"),
    },
    rows=STAFF_SEE,
)
_DAYS = {
    "id": Column("{a}.id"),
    "firstDay": Column("{a}.first_day"),
    "lastDay": Column("{a}.last_day"),
    "endedAt": Column("{a}.ended_at"),
    "version": Column("{a}.version"),
}
SUBSTITUTION = ObjectType(
    "Substitution",
    "substitution {a}",
    {
        **_DAYS,
        "absent": One("StaffMember", "{a}.subject = {p}.absent"),
        "substitute": One("StaffMember", "{a}.subject = {p}.substitute"),
    },
    rows=STAFF_SEE,
)
DELEGATION = ObjectType(
    "Delegation",
    "delegation {a}",
    {
        **_DAYS,
        "role": Column("{a}.role"),
        "delegator": One("StaffMember", "{a}.subject = {p}.delegator"),
        "delegate": One("StaffMember", "{a}.subject = {p}.delegate"),
    },
    rows=STAFF_SEE,
)
SUPPORT_INVITATION = ObjectType(
    "SupportInvitation",
    "support_invitation {a}",
    {
        "id": Column("{a}.id"),
        "reason": Column("{a}.reason"),
        "invitedAt": Column("{a}.invited_at"),
        "invitedBy": One("StaffMember", "{a}.subject = {p}.invited_by"),
        "until": Column("{a}.until"),
        "revokedAt": Column("{a}.revoked_at"),
        "version": Column("{a}.version"),
        "case": One("CaseRecord", "{a}.id = {p}.case_id"),
    },
    rows=STAFF_SEE,
)
# from the shared side: no case, no reason
OPEN_INVITATION = ObjectType(
    "OpenInvitation",
    "shared.support_invitation {a}",
    {
        "id": Column("{a}.id"),
        "county": One("Tenant", "{a}.id = {p}.tenant_id"),
        "until": Column("{a}.until"),
    },
)
_EMERGENCY_STATUS = (
    "CASE WHEN {a}.ended_at IS NOT NULL THEN 'ENDED' WHEN {a}.until > {now}::timestamptz THEN 'OPEN'"
    " WHEN {a}.until IS NOT NULL THEN 'OVER' WHEN {a}.confirm_until > {now}::timestamptz THEN 'WAITING'"
    " ELSE 'LAPSED' END"
)
EMERGENCY_ACCESS = ObjectType(
    "EmergencyAccess",
    "(SELECT e.*, c.case_number FROM emergency_access e JOIN case_record c ON c.id = e.case_id) {a}",
    {
        "id": Column("{a}.id"),
        "status": Column(_EMERGENCY_STATUS),
        "caseNumber": Column("{a}.case_number"),
        "reason": Column("{a}.reason"),
        "requestedAt": Column("{a}.requested_at"),
        "requestedBy": Column("{a}.requested_by"),
        "requestedByName": Column("{a}.requested_by_name"),
        "confirmer": Column("{a}.confirmer"),
        "confirmUntil": Column("{a}.confirm_until"),
        "confirmedAt": Column("{a}.confirmed_at"),
        "confirmedBy": Column("{a}.confirmed_by"),
        "confirmedByName": Column("{a}.confirmed_by_name"),
        "until": Column("{a}.until"),
        "endedAt": Column("{a}.ended_at"),
        "endedBy": One("StaffMember", "{a}.subject = {p}.ended_by"),
        "version": Column("{a}.version"),
        "case": One("CaseRecord", "{a}.id = {p}.case_id"),
    },
    rows={**STAFF_SEE, "operator": "true"},
)
APPROVAL = ObjectType(
    "Approval",
    "approval {a}",
    {
        "id": Column("{a}.id"),
        "operation": Column("{a}.operation"),
        "content": Column("{a}.content"),
        "contentHash": Column("{a}.content_hash"),
        "case": Column("{a}.case_id"),
        "proposedAt": Column("{a}.proposed_at"),
        "proposedBy": One("StaffMember", "{a}.subject = {p}.proposed_by"),
        "until": Column("{a}.until"),
        "confirmedAt": Column("{a}.confirmed_at"),
        "confirmedBy": One("StaffMember", "{a}.subject = {p}.confirmed_by"),
        "version": Column("{a}.version"),
    },
    # whoever proposed it, and who might be the second person
    rows={"staff": "({a}.proposed_by = {subject}::text OR {a}.roles && {roles}::text[])"},
    case_id="{a}.case_id",
    personal={"content": "DATA"},
)
OPEN_APPROVALS = Many(
    "Approval",
    "{a}.used_at IS NULL AND {a}.withdrawn_at IS NULL AND {a}.until > {now}::timestamptz",
    "{a}.proposed_at, {a}.id",
)
STAFF_MEMBERS = Many("StaffMember", "true", "{a}.name, {a}.subject", most=2_000)
BLOCKS = Many("AccountBlock", "true", "{a}.ended_at NULLS FIRST, {a}.blocked_at DESC, {a}.id", most=1_000)
SUBSTITUTIONS = Many("Substitution", _LASTING, "{a}.first_day, {a}.id", most=1_000)
DELEGATIONS = Many("Delegation", _LASTING, "{a}.first_day, {a}.id", most=1_000)
OPEN_INVITATIONS = Many("OpenInvitation", "{a}.until > {now}::timestamptz", "{a}.until, {a}.id", most=1_000)
NEWEST_REQUEST = "{a}.requested_at DESC, {a}.id DESC"
EMERGENCIES = Many("EmergencyAccess", "true", NEWEST_REQUEST, most=1_000)
# what operators still have to do with: neither over nor forgotten since yesterday
EMERGENCY_REQUESTS = Many("EmergencyAccess", "{a}.requested_at > {now}::timestamptz - interval '1 day'", NEWEST_REQUEST)
TO_REASSIGN = Many(
    "Task",
    "{a}.status = 'CLAIMED' AND {a}.role <> 'citizen'"
    " AND ({units}::uuid[] = '{}'::uuid[] OR {a}.unit_id IS NULL OR {a}.unit_id = ANY({units}::uuid[]))"
    " AND EXISTS (SELECT 1 FROM account_block b WHERE b.subject = {a}.assignee AND b.ended_at IS NULL)",
    "{a}.due_at NULLS LAST, {a}.id",
)
RIGHTS_TYPES = (
    STAFF_MEMBER,
    ACCOUNT_BLOCK,
    SUBSTITUTION,
    DELEGATION,
    SUPPORT_INVITATION,
    OPEN_INVITATION,
    EMERGENCY_ACCESS,
    APPROVAL,
)
