"""What hangs on no row: the viewer, the state's dashboard, and the wrappers of mutations' results."""

from kreisbund_platform.database.object_types import Column, Embedded, Many, ObjectType, One

NO_TABLE = "(SELECT 1) {a}"

VIEWER = ObjectType(
    "Viewer",
    NO_TABLE,
    {
        "subject": Column("{subject}::text"),
        "name": Column("{viewer_name}::text"),
        "roles": Column("{roles}::text[]"),
        "tenant": One("Tenant", "{a}.id = {tenant_id}::uuid"),
        "homeTenant": One("Tenant", "{a}.slug = {home_tenant}::text"),
        "units": Many("Unit", "{a}.id = ANY({units}::uuid[])", "{a}.name, {a}.id"),
        "assuranceLevel": Column("{assurance_level}::text"),
    },
    elsewhere={"units": Column("'[]'::json")},
)
STATE_DASHBOARD = ObjectType(
    "StateDashboard",
    NO_TABLE,
    {
        "generatedAt": Column("{now}::timestamptz"),
        # a county's slug is unique and ASCII, so nobody's alphabet is asked for
        "rows": Many("DashboardRow", "true", '{a}.slug COLLATE "C", {a}.month', most=200_000),
    },
)
DASHBOARD_ROW = ObjectType(
    "DashboardRow",
    # counties that work, each month asked for, zero where nothing was received
    "(SELECT t.id, t.slug, t.name, t.regional_key, t.kind, t.status, t.profile,"  # what a county shows, to be sorted
    " m.month::date AS month, coalesce(d.applications, 0) AS applications,"
    " coalesce(d.decisions, 0) AS decisions, d.median_days, d.online_share FROM shared.tenant t"
    # without a time zone, which would be reckoned with for each row
    " CROSS JOIN generate_series({from_month}::timestamp, {to_month}::timestamp, interval '1 month') m(month)"
    " LEFT JOIN shared.dashboard_month d ON d.tenant_id = t.id AND d.month = m.month::date"
    " AND d.month BETWEEN {from_month}::date AND {to_month}::date"  # what is asked for, before it is joined
    " WHERE t.status IN ('ACTIVE', 'SUSPENDED') AND t.kind = 'COUNTY') {a}",
    {
        "county": Embedded("Tenant"),
        "month": Column("{a}.month"),
        "applications": Column("{a}.applications"),
        "decisions": Column("{a}.decisions"),
        "medianDays": Column("{a}.median_days"),
        "onlineShare": Column("{a}.online_share"),
    },
)


def success(name: str, field: str, type_name: str, **more: Column) -> ObjectType:
    """The success of a mutation: the row whose id is the result, under `field`."""
    return ObjectType(name, NO_TABLE, {field: One(type_name, "{a}.id = {result}::uuid"), **more})


SUCCESSES = (
    success("SubmitApplicationSuccess", "application", "Application", statusSecret=Column("{status_secret}::text")),
    success("WithdrawApplicationSuccess", "application", "Application"),
    success("TaskSuccess", "task", "Task"),
    success("CompleteTaskSuccess", "case", "CaseRecord"),
    success("GiveFileReferenceSuccess", "case", "CaseRecord"),
    success("AdoptTemplateSuccess", "template", "ProcessTemplate"),
    success("EndAdoptionSuccess", "template", "ProcessTemplate"),
    success("CreateTenantSuccess", "tenant", "Tenant"),
    success("AddNoteSuccess", "event", "CaseEvent"),
    success("SendMessageSuccess", "message", "Message"),
    success("ResolveIncidentSuccess", "case", "CaseRecord"),
    success("ReceiveMessageSuccess", "case", "CaseRecord"),
)
_OF_VARIANTS = (
    success("VariantSuccess", "variant", "TemplateVariant"),
    success("VariantEndedSuccess", "template", "ProcessTemplate"),
    success("RebaseSuccess", "rebase", "VariantRebase"),
)
_OF_RIGHTS = (
    success("AccountBlockSuccess", "block", "AccountBlock"),
    success("SubstitutionSuccess", "substitution", "Substitution"),
    success("DelegationSuccess", "delegation", "Delegation"),
    success("ApprovalSuccess", "approval", "Approval"),
    success("SupportInvitationSuccess", "invitation", "SupportInvitation"),
    success("EmergencyAccessSuccess", "access", "EmergencyAccess"),
)
VIEWER_TYPES = (VIEWER, STATE_DASHBOARD, DASHBOARD_ROW, *SUCCESSES, *_OF_VARIANTS, *_OF_RIGHTS)
