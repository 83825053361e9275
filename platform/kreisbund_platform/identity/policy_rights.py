"""Policy of what a county decides about people, and of what those see of one case who look from outside."""

from collections.abc import Mapping

from kreisbund_platform.identity.policy_terms import (
    CASE_READERS,
    CASE_WORKERS,
    CITIZEN,
    COUNTY_ADMINS,
    OPERATORS,
    STAFF,
    Audience,
    Who,
    of_connection,
    of_type,
)
from kreisbund_platform.identity.policy_waits import TEAM_LEADS
from kreisbund_platform.identity.principals import Role

SERVICE_TEAM: Who = frozenset({Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD})
BLOCK_READERS: Who = COUNTY_ADMINS | {Role.DATA_PROTECTION_OFFICER}
INVITING: Who = CASE_WORKERS | COUNTY_ADMINS
ENDING: Who = COUNTY_ADMINS | TEAM_LEADS
EMERGENCY_READERS: Who = ENDING | {Role.DATA_PROTECTION_OFFICER}

RIGHTS: dict[str, Who] = {
    **of_type(
        "Query",
        {
            STAFF: "staffMembers substitutions delegations approvals",
            BLOCK_READERS: "accountBlocks",
            TEAM_LEADS: "tasksToReassign",
            SERVICE_TEAM: "supportInvitations supportCase",
            EMERGENCY_READERS: "emergencyAccesses",
            OPERATORS: "emergencyRequests emergencyCase",
        },
    ),
    **of_type(
        "Mutation",
        {
            COUNTY_ADMINS: "blockAccount unblockAccount",
            STAFF: "nameSubstitute endSubstitution delegateRole endDelegation confirmApproval withdrawApproval",
            TEAM_LEADS: "reassignTask",
            INVITING: "inviteSupport revokeSupport",
            OPERATORS: "requestEmergencyAccess confirmEmergencyAccess",
            ENDING: "endEmergencyAccess",
        },
    ),
    **of_type("StaffMember", {STAFF: "subject name roles blocked"}),
    **of_type("AccountBlock", {BLOCK_READERS: "id subject person reason blockedAt blockedBy endedAt version"}),
    **of_type("Substitution", {STAFF: "id absent substitute firstDay lastDay endedAt version"}),
    **of_type("Delegation", {STAFF: "id role delegator delegate firstDay lastDay endedAt version"}),
    **of_type("SupportInvitation", {CASE_READERS: "id reason invitedAt invitedBy until revokedAt version case"}),
    **of_type("OpenInvitation", {SERVICE_TEAM: "id county until"}),
    **of_type(
        "EmergencyAccess",
        {
            CASE_READERS | OPERATORS: (
                "id status caseNumber reason requestedAt requestedBy requestedByName confirmer confirmUntil"
                " confirmedAt confirmedBy confirmedByName until endedAt version"
            ),
            CASE_READERS: "endedBy case",
        },
    ),
    **of_type("CaseRecord", {CASE_READERS: "supportInvitations emergencyAccesses"}),
    **of_type("CaseEvent", {CASE_READERS: "onBehalfOf"}),
    **of_type("AccessLogEntry", {CITIZEN | {Role.DATA_PROTECTION_OFFICER}: "basis"}),
    **of_type(
        "Approval",
        {STAFF: ("id operation content contentHash case proposedAt proposedBy until confirmedAt confirmedBy version")},
    ),
    **of_type("ApprovalSuccess", {STAFF: "approval"}),
    **of_type("AccountBlockSuccess", {COUNTY_ADMINS: "block"}),
    **of_type("SubstitutionSuccess", {STAFF: "substitution"}),
    **of_type("DelegationSuccess", {STAFF: "delegation"}),
    **of_type("SupportInvitationSuccess", {INVITING: "invitation"}),
    **of_type("EmergencyAccessSuccess", {ENDING | OPERATORS: "access"}),
}

# What an invitation or an emergency opens: how the case stands and what was entered; no notes, no correspondence, no
# files.
LOOKING_ON: Who = frozenset({Audience.INVITED})
INVITED: dict[str, Who] = {
    **of_type(
        "CaseRecord",
        {
            LOOKING_ON: (
                "id caseNumber fileReference status version channel template templateVersion unit receivedAt"
                " receivedOn openedAt submittedAt dueAt decidedAt closedAt nextStep nextStepBy decisions tasks"
                " documents history incidents parties applicantName data"
            )
        },
    ),
    **of_type(
        "Task",
        {LOOKING_ON: "id name status version role unit dueAt dueOn form openedAt completedAt elementId instance"},
    ),
    **of_type("CaseEvent", {LOOKING_ON: "id at type task caseVersion"}),
    **of_type("Incident", {LOOKING_ON: "id elementId reason version raisedAt resolvedAt"}),
    **of_type("Party", {LOOKING_ON: "id role kind name"}),
    **of_type("Document", {LOOKING_ON: "id title mediaType sizeBytes kind createdAt"}),
    **of_type("Decision", {LOOKING_ON: "id kind outcome decidedAt"}),
    **of_connection("Task", LOOKING_ON),
    **of_connection("Document", LOOKING_ON),
    **of_connection("CaseEvent", LOOKING_ON),
}


def widened(policy: Mapping[str, Who], more: Mapping[str, Who]) -> dict[str, Who]:
    """The policy, where what `more` names is open to those, too."""
    return {**policy, **{line: policy.get(line, frozenset()) | who for line, who in more.items()}}
