"""Who may use which field of the API: one table, denied by default, the same for roots and nested edges.

A field that stands here says who may select it at all; which rows a person then sees is the row rule of its type.
Guests are visitors of a county's portal who have not logged in.
"""

from collections.abc import Mapping
from enum import StrEnum

from kreisbund_platform.identity.principals import COUNTY_STAFF, Principal, Role


class Audience(StrEnum):
    """Groups that no realm role describes."""

    GUEST = "guest"
    LOGGED_IN = "logged_in"


Who = frozenset[Role | Audience]

LOGGED_IN: Who = frozenset({Audience.LOGGED_IN})
ANYONE: Who = frozenset({Audience.LOGGED_IN, Audience.GUEST})
CITIZEN: Who = frozenset({Role.CITIZEN})
GUEST: Who = frozenset({Audience.GUEST})
STAFF: Who = frozenset(COUNTY_STAFF)
# who work on cases; who look after them without reading what people wrote; who check what is kept about people
CASE_WORKERS: Who = frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.RECORDS_OFFICER})
DATA_READERS: Who = CASE_WORKERS | {Role.DATA_PROTECTION_OFFICER}
CASE_READERS: Who = DATA_READERS | {Role.COUNTY_ADMIN}
# whoever can hold a task: each role of a county, and the applicant
TASK_HOLDERS: Who = (STAFF - {Role.TEMPLATE_AUTHOR}) | CITIZEN
APPLICANTS: Who = CITIZEN | GUEST | CASE_WORKERS
CORRESPONDENTS: Who = CITIZEN | CASE_WORKERS
DASHBOARD_READERS: Who = frozenset({Role.GRANTING_AUTHORITY, Role.FUNDING_AUDITOR, Role.SERVICE_TEAM_LEAD})
OPERATORS: Who = frozenset({Role.OPERATOR})
COUNTY_ADMINS: Who = frozenset({Role.COUNTY_ADMIN})

ADOPTION_READERS: Who = COUNTY_ADMINS | {Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD, Role.TEMPLATE_AUTHOR}

Rules = Mapping[Who, str]


def _type(name: str, rules: Rules) -> dict[str, Who]:
    """Coordinates `Type.field` of one type; `rules` maps who may to the fields' names, blank-separated."""
    return {f"{name}.{field}": who for who, fields in rules.items() for field in fields.split()}


def _connection(name: str, who: Who) -> dict[str, Who]:
    """The coordinates of a Relay connection and its edge."""
    return _type(f"{name}Connection", {who: "edges pageInfo totalCount"}) | _type(f"{name}Edge", {who: "cursor node"})


_ROOTS: dict[str, Who] = {
    **_type(
        "Query",
        {
            ANYONE: (
                "node publicServices publicService lifeSituations processTemplates processTemplate county guestStatus"
            ),
            LOGGED_IN: "viewer",
            CITIZEN: "application applications",
            CASE_READERS: "caseRecord cases",
            TASK_HOLDERS: "task tasks",
            OPERATORS: "tenants",
            DASHBOARD_READERS: "stateDashboard",
        },
    ),
    **_type(
        "Mutation",
        {
            APPLICANTS: "submitApplication",
            CITIZEN: "withdrawApplication",
            TASK_HOLDERS: "claimTask releaseTask completeTask",
            COUNTY_ADMINS: "adoptTemplate endAdoption",
            CORRESPONDENTS: "sendMessage",
            CASE_WORKERS: "addNote",
            OPERATORS: "createTenant",
        },
    ),
    **_type("Subscription", {CASE_READERS: "caseEvents"}),
}

_PUBLIC: dict[str, Who] = {
    **_type("Viewer", {LOGGED_IN: "subject name roles tenant homeTenant units assuranceLevel"}),
    **_type("Tenant", {ANYONE: "id slug name regionalKey kind status profile"}),
    **_type("Unit", {ANYONE: "id slug name"}),
    **_type(
        "PublicService",
        {ANYONE: "id leikaKey name lifeSituations templates legalBasis offered responsible synonyms"},
    ),
    **_type("LifeSituation", {ANYONE: "name subject serviceCount"}),
    **_type("Topic", {ANYONE: "id slug title leadCounty"}),
    **_type(
        "ProcessTemplate",
        {
            ANYONE: "id slug title topic currentVersion startForm adoptedHere leikaKey service summary versions",
            ADOPTION_READERS: "adoptions",
        },
    ),
    **_type("Adoption", {ADOPTION_READERS: "county version adoptedAt endedAt"}),
    **_type(
        "TemplateVersion",
        {
            ANYONE: "id number contentHash publishedAt bpmnXml manifest template",
            LOGGED_IN: "decisions forms letters",
        },
    ),
    **_type("Form", {ANYONE: "schema example"}),
    **_type("PageInfo", {ANYONE: "hasNextPage hasPreviousPage startCursor endCursor"}),
}

_CASES: dict[str, Who] = {
    **_type(
        "Application",
        {
            APPLICANTS | DATA_READERS: (
                "id caseNumber status version submittedAt template nextStep nextStepBy"
                " channel receivedOn withdrawnAt templateVersion"
            ),
            CITIZEN | DATA_READERS: "decision decisions documents data history messages",
            CORRESPONDENTS: "tasks",
        },
    ),
    **_type(
        "Decision",
        {
            CASE_READERS | CITIZEN: (
                "id kind outcome decidedAt deliveries remedy document feeCents legalBasis responsibleName"
            )
        },
    ),
    **_type("Delivery", {CASE_READERS | CITIZEN: "recipient channel sentAt retrievedAt deemedOn"}),
    **_type("Remedy", {CASE_READERS | CITIZEN: "kind addressee until"}),
    **_type(
        "Document",
        {
            CASE_READERS | CITIZEN: "id title mediaType sizeBytes kind createdAt",
            DATA_READERS | CITIZEN: "downloadUrl",
        },
    ),
    **_type("Party", {DATA_READERS | CITIZEN: "id role kind name represents"}),
    **_type("Message", {DATA_READERS | CITIZEN: "id direction subject text sentAt readAt"}),
    # what the office notes for itself is not for the applicant's portal
    **_type("Note", {DATA_READERS: "id author text writtenAt"}),
    **_type(
        "CaseRecord",
        {
            CASE_READERS | CITIZEN: (
                "id caseNumber fileReference status version channel template templateVersion unit"
                " receivedAt receivedOn openedAt submittedAt dueAt decidedAt closedAt nextStep nextStepBy"
                " application decisions tasks documents history"
            ),
            DATA_READERS | CITIZEN: "parties applicantName data messages",
            DATA_READERS: "notes",
        },
    ),
    **_type(
        "Task",
        {
            TASK_HOLDERS: (
                "id name status version role unit assignee dueAt dueOn case form openedAt completedAt elementId"
            )
        },
    ),
    **_type("CaseEvent", {CASE_READERS | CITIZEN: "id at type actor task case caseVersion"}),
}

_STATE: dict[str, Who] = {
    **_type("StateDashboard", {DASHBOARD_READERS: "rows generatedAt"}),
    **_type("DashboardRow", {DASHBOARD_READERS: "county month applications decisions medianDays onlineShare"}),
}

_CONNECTIONS: dict[str, Who] = {
    **_connection("PublicService", ANYONE),
    **_connection("ProcessTemplate", ANYONE),
    **_connection("Application", CITIZEN),
    **_connection("CaseRecord", CASE_READERS),
    **_connection("Task", TASK_HOLDERS),
    **_connection("Document", CASE_READERS | CITIZEN),
    **_connection("CaseEvent", CASE_READERS | CITIZEN),
    **_connection("Tenant", OPERATORS),
}

_RESULTS: dict[str, Who] = {
    **_type("SubmitApplicationSuccess", {APPLICANTS: "application statusSecret"}),
    **_type("WithdrawApplicationSuccess", {CITIZEN: "application"}),
    **_type("TaskSuccess", {TASK_HOLDERS: "task"}),
    **_type("CompleteTaskSuccess", {TASK_HOLDERS: "case"}),
    **_type("AdoptTemplateSuccess", {COUNTY_ADMINS: "template"}),
    **_type("EndAdoptionSuccess", {COUNTY_ADMINS: "template"}),
    **_type("SendMessageSuccess", {CORRESPONDENTS: "message"}),
    **_type("CreateTenantSuccess", {OPERATORS: "tenant"}),
    **_type("AddNoteSuccess", {CASE_WORKERS: "event"}),
    **_type("Invalid", {ANYONE: "code message fieldErrors"}),
    **_type("FieldError", {ANYONE: "path code message"}),
    **_type("Conflict", {ANYONE: "code message currentVersion"}),
    **_type("Forbidden", {ANYONE: "code message"}),
    **_type("NotFound", {ANYONE: "code message"}),
    # interfaces: a field selected on one is judged here, its implementations' fields again by their own line
    **_type("Node", {ANYONE: "id"}),
    **_type("Problem", {ANYONE: "code message"}),
}

# Types whose rows every county may read: what the service team publishes, and what a county says about itself.
_SHARED = ("Tenant", "Unit", "Topic", "PublicService", "LifeSituation", "ProcessTemplate", "TemplateVersion", "Form")
SHARED_TYPES = tuple(
    name
    for shared in _SHARED
    for name in (shared, f"{shared}Connection", f"{shared}Edge")
    if name == shared or f"{name}.node" in _CONNECTIONS or f"{name}.edges" in _CONNECTIONS
)

POLICY: Mapping[str, Who] = _ROOTS | _PUBLIC | _CASES | _STATE | _CONNECTIONS | _RESULTS


def audiences_of(principal: Principal) -> Who:
    """The roles and groups that a person counts as."""
    if principal.is_guest:
        return GUEST
    return frozenset({*principal.roles, Audience.LOGGED_IN})


def may(principal: Principal, coordinate: str) -> bool:
    """Whether the person may use `Type.field`. A coordinate without a line is refused, introspection is not."""
    if coordinate.partition(".")[2].startswith("__"):
        return True
    return not POLICY.get(coordinate, frozenset()).isdisjoint(audiences_of(principal))
