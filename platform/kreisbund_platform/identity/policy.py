"""Who may use which field of the API: one table, denied by default, the same for roots and nested edges.

A field that stands here says who may select it at all; which rows a person then sees is the row rule of its type.
Guests are visitors of a county's portal who have not logged in.
"""

from collections.abc import Mapping

from kreisbund_platform.identity.policy_access_log import ACCESS_LOG
from kreisbund_platform.identity.policy_life_cycle import LIFE_CYCLE
from kreisbund_platform.identity.policy_privacy import PRIVACY
from kreisbund_platform.identity.policy_rights import INVITED, RIGHTS, widened
from kreisbund_platform.identity.policy_terms import (
    ADOPTION_READERS,
    ANYONE,
    APPLICANTS,
    CASE_READERS,
    CASE_WORKERS,
    CITIZEN,
    CORRESPONDENTS,
    COUNTY_ADMINS,
    DASHBOARD_READERS,
    DATA_READERS,
    GUEST,
    LOGGED_IN,
    OPERATORS,
    TASK_HOLDERS,
    Audience,
    Who,
    of_connection,
    of_type,
)
from kreisbund_platform.identity.policy_transfers import TRANSFERS
from kreisbund_platform.identity.policy_upgrades import UPGRADES
from kreisbund_platform.identity.policy_variants import VARIANTS
from kreisbund_platform.identity.policy_waits import WAITS
from kreisbund_platform.identity.principals import Principal

_ROOTS: dict[str, Who] = {
    **of_type(
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
    **of_type(
        "Mutation",
        {
            APPLICANTS: "submitApplication",
            CITIZEN: "withdrawApplication",
            TASK_HOLDERS: "claimTask releaseTask completeTask",
            COUNTY_ADMINS: "adoptTemplate endAdoption",
            CORRESPONDENTS: "sendMessage",
            CASE_WORKERS: "addNote giveFileReference",
            OPERATORS: "createTenant",
        },
    ),
    **of_type("Subscription", {CASE_READERS: "caseEvents"}),
}

_PUBLIC: dict[str, Who] = {
    **of_type("Viewer", {LOGGED_IN: "subject name roles tenant homeTenant units assuranceLevel"}),
    **of_type("Tenant", {ANYONE: "id slug name regionalKey kind status profile"}),
    **of_type("Unit", {ANYONE: "id slug name"}),
    **of_type(
        "PublicService",
        {ANYONE: "id leikaKey name lifeSituations templates legalBasis offered responsible synonyms"},
    ),
    **of_type("LifeSituation", {ANYONE: "name subject serviceCount"}),
    **of_type("Topic", {ANYONE: "id slug title leadCounty"}),
    **of_type(
        "ProcessTemplate",
        {
            ANYONE: "id slug title topic currentVersion startForm adoptedHere leikaKey service summary versions",
            ADOPTION_READERS: "adoptions",
        },
    ),
    **of_type("Adoption", {ADOPTION_READERS: "county version adoptedAt endedAt"}),
    **of_type(
        "TemplateVersion",
        {
            ANYONE: "id number contentHash publishedAt bpmnXml manifest template",
            LOGGED_IN: "decisions forms letters",
        },
    ),
    **of_type("Form", {ANYONE: "schema example"}),
    **of_type("PageInfo", {ANYONE: "hasNextPage hasPreviousPage startCursor endCursor"}),
}

_CASES: dict[str, Who] = {
    **of_type(
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
    **of_type(
        "Decision",
        {
            CASE_READERS | CITIZEN: (
                "id kind outcome decidedAt deliveries remedy document feeCents legalBasis responsibleName"
            )
        },
    ),
    **of_type("Delivery", {CASE_READERS | CITIZEN: "recipient channel sentAt retrievedAt deemedOn"}),
    **of_type("Remedy", {CASE_READERS | CITIZEN: "kind addressee until"}),
    **of_type(
        "Document",
        {
            CASE_READERS | CITIZEN: "id title mediaType sizeBytes kind createdAt scanState",
            DATA_READERS | CITIZEN: "downloadUrl",
        },
    ),
    **of_type("Party", {DATA_READERS | CITIZEN: "id role kind name represents"}),
    **of_type("Message", {DATA_READERS | CITIZEN: "id direction subject text sentAt readAt"}),
    # what the office notes for itself is not for the applicant's portal
    **of_type("Note", {DATA_READERS: "id author text writtenAt"}),
    **of_type(
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
    **of_type(
        "Task",
        {
            TASK_HOLDERS: (
                "id name status version role unit assignee dueAt dueOn case form openedAt completedAt elementId"
                " instance"
            )
        },
    ),
    **of_type("CaseEvent", {CASE_READERS | CITIZEN: "id at type actor task case caseVersion"}),
}

_STATE: dict[str, Who] = {
    **of_type("StateDashboard", {DASHBOARD_READERS: "rows generatedAt"}),
    **of_type("DashboardRow", {DASHBOARD_READERS: "county month applications decisions medianDays onlineShare"}),
}

_CONNECTIONS: dict[str, Who] = {
    **of_connection("PublicService", ANYONE),
    **of_connection("ProcessTemplate", ANYONE),
    **of_connection("Application", CITIZEN),
    **of_connection("CaseRecord", CASE_READERS),
    **of_connection("Task", TASK_HOLDERS),
    **of_connection("Document", CASE_READERS | CITIZEN),
    **of_connection("CaseEvent", CASE_READERS | CITIZEN),
    **of_connection("Tenant", OPERATORS),
}

_RESULTS: dict[str, Who] = {
    **of_type("SubmitApplicationSuccess", {APPLICANTS: "application statusSecret"}),
    **of_type("WithdrawApplicationSuccess", {CITIZEN: "application"}),
    **of_type("TaskSuccess", {TASK_HOLDERS: "task"}),
    **of_type("CompleteTaskSuccess", {TASK_HOLDERS: "case"}),
    **of_type("AdoptTemplateSuccess", {COUNTY_ADMINS: "template"}),
    **of_type("EndAdoptionSuccess", {COUNTY_ADMINS: "template"}),
    **of_type("SendMessageSuccess", {CORRESPONDENTS: "message"}),
    **of_type("CreateTenantSuccess", {OPERATORS: "tenant"}),
    **of_type("GiveFileReferenceSuccess", {CASE_WORKERS: "case"}),
    **of_type("AddNoteSuccess", {CASE_WORKERS: "event"}),
    **of_type("Invalid", {ANYONE: "code message fieldErrors"}),
    **of_type("FieldError", {ANYONE: "path code message"}),
    **of_type("Conflict", {ANYONE: "code message currentVersion"}),
    **of_type("Forbidden", {ANYONE: "code message freshLogin"}),
    **of_type("FreshLogin", {ANYONE: "maxAgeSeconds secondFactor"}),
    **of_type("NotFound", {ANYONE: "code message"}),
    # interfaces: a field selected on one is judged here, its implementations' fields again by their own line
    **of_type("Node", {ANYONE: "id"}),
    **of_type("Problem", {ANYONE: "code message"}),
}

# Types whose rows every county may read: what the service team publishes, and what a county says about itself.
_SHARED = ("Tenant", "Unit", "Topic", "PublicService", "LifeSituation", "ProcessTemplate", "TemplateVersion", "Form")
SHARED_TYPES = tuple(
    name
    for shared in _SHARED
    for name in (shared, f"{shared}Connection", f"{shared}Edge")
    if name == shared or f"{name}.node" in _CONNECTIONS or f"{name}.edges" in _CONNECTIONS
)

_CASE_WORK = _CASES | ACCESS_LOG | WAITS | UPGRADES | TRANSFERS | RIGHTS | PRIVACY
_OFFICE = _ROOTS | _PUBLIC | _CASE_WORK | LIFE_CYCLE | VARIANTS
POLICY: Mapping[str, Who] = widened(_OFFICE | _STATE | _CONNECTIONS | _RESULTS, INVITED)


def audiences_of(principal: Principal) -> Who:
    """The roles and groups that a person counts as."""
    if principal.is_guest:
        return GUEST
    if principal.invited_to is not None:
        return frozenset({Audience.INVITED, Audience.LOGGED_IN})
    return frozenset({*principal.roles, Audience.LOGGED_IN})


def may(principal: Principal, coordinate: str) -> bool:
    """Whether the person may use `Type.field`. A coordinate without a line is refused, introspection is not."""
    if coordinate.partition(".")[2].startswith("__"):
        return True
    return not POLICY.get(coordinate, frozenset()).isdisjoint(audiences_of(principal))
