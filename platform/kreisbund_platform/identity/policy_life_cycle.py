"""Policy of a template's life: the service team drafts, reviews and publishes, a county's admins release."""

from kreisbund_platform.identity.policy_terms import (
    ANYONE,
    COUNTY_ADMINS,
    LOGGED_IN,
    OPERATORS,
    STAFF,
    Who,
    of_type,
)
from kreisbund_platform.identity.principals import Role

TEAM: Who = frozenset({Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD})
TEAM_LEADS: Who = frozenset({Role.SERVICE_TEAM_LEAD})
DELEGATES: Who = frozenset({Role.TOPIC_LEAD})
RELEASE_READERS: Who = COUNTY_ADMINS | {Role.TEMPLATE_AUTHOR}

LIFE_CYCLE: dict[str, Who] = {
    **of_type(
        "Query",
        {
            TEAM: "drafts draft reviewRound draftChanges",
            TEAM | STAFF: "cooperationAgreement versionCheck",
            ANYONE: "topics",
        },
    ),
    **of_type(
        "Mutation",
        {
            TEAM: (
                "createDraft saveDraft restoreRevision discardDraft openReview addComment resolveComment closeReview"
                " proposePublication signPublication withdrawPublication signVersion startRollout haltRollout"
                " resumeRollout retireTemplate"
            ),
            DELEGATES: "castVote",
            TEAM_LEADS: "setReviewRules",
            OPERATORS: "linkAccounts",
            COUNTY_ADMINS: "releaseVersion setAutomaticRelease",
        },
    ),
    **of_type(
        "TemplateDraft",
        {
            TEAM: (
                "id slug title status version createdAt updatedAt topic baseVersion revision revisions rounds proposal"
            )
        },
    ),
    **of_type("DraftRevision", {TEAM: "id number savedAt savedBy files contentHash restoredFrom problems"}),
    **of_type("DraftProblem", {TEAM: "file path code message"}),
    **of_type(
        "ReviewRound",
        {
            TEAM: (
                "id number status rule contentHash openedAt openedBy openUntil closedAt closedBy version draft revision"
                " leadCounty members votes comments"
            )
        },
    ),
    **of_type("ReviewVote", {TEAM: "county choice reason castAt castBy"}),
    **of_type(
        "ReviewComment",
        {TEAM: "id file elementId text writtenAt author county answerTo resolvedAt resolvedBy round"},
    ),
    **of_type(
        "PublicationProposal",
        {TEAM: "id number contentHash transition transitionOn status proposedAt publishedVersion signatures"},
    ),
    **of_type("VersionSignature", {LOGGED_IN: "name signedAt keyId publicKey certificate statement signature"}),
    **of_type(
        "Rollout",
        {
            TEAM | RELEASE_READERS: (
                "status currentRing ringOpenedAt startedAt startedBy reason changedAt changedBy version rings"
            )
        },
    ),
    **of_type("RolloutRing", {TEAM | RELEASE_READERS: "number waitingHours counties"}),
    **of_type(
        "RolloutCounty",
        {TEAM | RELEASE_READERS: "county", TEAM: "hasReleased cases incidents overdue measuredAt"},
    ),
    **of_type("TemplateHistoryEntry", {TEAM: "at type actor county contentHash body"}),
    **of_type(
        "CooperationAgreement",
        {
            TEAM | STAFF: (
                "id title signedOn rule minimumReviewDays mostIncidentShare mostOverdueShare fewestCases"
                " version members"
            )
        },
    ),
    **of_type("ReleaseSettings", {RELEASE_READERS: "automaticClasses version changedAt"}),
    **of_type("TemplateRelease", {RELEASE_READERS: "id version releasedAt automatic changeClasses reason"}),
    **of_type("VersionCheck", {TEAM | STAFF: "problems rootPublicKey changes"}),
    **of_type("ProcessTemplate", {RELEASE_READERS: "adoptedVersion releaseSettings releases", TEAM: "drafts history"}),
    **of_type(
        "TemplateVersion",
        {
            ANYONE: "status transition transitionOn retiredAt retiredReason",
            LOGGED_IN: "signatures",
            TEAM | RELEASE_READERS: "rollout",
        },
    ),
    **of_type("DraftSuccess", {TEAM: "draft"}),
    **of_type("ReviewSuccess", {TEAM: "round"}),
    **of_type("CommentSuccess", {TEAM: "comment"}),
    **of_type("VersionSuccess", {TEAM: "version"}),
    **of_type("TemplateChangeSuccess", {TEAM | COUNTY_ADMINS: "template"}),
    **of_type("AgreementSuccess", {TEAM_LEADS: "agreement"}),
    **of_type("LinkAccountsSuccess", {OPERATORS: "person"}),
}
