"""How a template comes to be, as the service team sees it, and a county's own releases.

Drafts and reviews lie in tables that no county's login role can read; the policy leaves their fields out for everybody
but the team, and their rows are for callers outside of any county only.
"""

from kreisbund_platform.database.object_types import Column, Many, ObjectType, One
from kreisbund_platform.database.viewer_objects import success

TEAM = {"elsewhere": "true"}
NOTHING = Column("NULL::text")
HEALTH = (
    "(SELECT h.{column} FROM shared.rollout_health h"
    " WHERE h.version_id = {{a}}.version_id AND h.tenant_id = {{a}}.tenant_id)"
)

DRAFT = ObjectType(
    "TemplateDraft",
    "shared.template_draft {a}",
    {
        "id": Column("{a}.id"),
        "slug": Column("{a}.template_slug"),
        "title": Column("{a}.title"),
        "status": Column("{a}.status"),
        "version": Column("{a}.version"),
        "createdAt": Column("{a}.created_at"),
        "updatedAt": Column("{a}.updated_at"),
        "topic": One("Topic", "{a}.id = {p}.topic_id"),
        "baseVersion": One("TemplateVersion", "{a}.id = {p}.base_version_id"),
        "revision": One("DraftRevision", "{a}.draft_id = {p}.id AND {a}.number = {p}.revision"),
        "revisions": Many("DraftRevision", "{a}.draft_id = {p}.id", "{a}.number DESC"),
        "rounds": Many("ReviewRound", "{a}.draft_id = {p}.id", "{a}.number DESC"),
        "proposal": One(
            "PublicationProposal",
            "{a}.draft_id = {p}.id AND {a}.status <> 'WITHDRAWN'",
            "{a}.proposed_at DESC, {a}.id DESC",
        ),
    },
    rows=TEAM,
)
DRAFT_REVISION = ObjectType(
    "DraftRevision",
    "shared.draft_revision {a}",
    {
        "id": Column("{a}.id"),
        "number": Column("{a}.number"),
        "savedAt": Column("{a}.saved_at"),
        "savedBy": Column("{a}.saved_by_name"),
        "files": Column("{a}.files"),
        "contentHash": Column("{a}.content_hash"),
        "restoredFrom": Column("{a}.restored_from"),
        "problems": Many("DraftProblem", "{a}.revision_id = {p}.id", "{a}.position"),
    },
    rows=TEAM,
)
DRAFT_PROBLEM = ObjectType(
    "DraftProblem",
    "(SELECT r.id AS revision_id, x.position, x.value FROM shared.draft_revision r,"
    " json_array_elements(r.problems) WITH ORDINALITY x(value, position)) {a}",
    {name: Column(f"{{a}}.value ->> '{name}'") for name in ("file", "path", "code", "message")},
    rows=TEAM,
)
REVIEW_ROUND = ObjectType(
    "ReviewRound",
    "shared.review_round {a}",
    {
        "id": Column("{a}.id"),
        "number": Column("{a}.number"),
        "status": Column("{a}.status"),
        "rule": Column("{a}.rule"),
        "contentHash": Column("{a}.content_hash"),
        "openedAt": Column("{a}.opened_at"),
        "openedBy": Column("{a}.opened_by_name"),
        "openUntil": Column("{a}.open_until"),
        "closedAt": Column("{a}.closed_at"),
        "closedBy": Column("{a}.closed_by_name"),
        "version": Column("{a}.version"),
        "draft": One("TemplateDraft", "{a}.id = {p}.draft_id"),
        "revision": One("DraftRevision", "{a}.id = {p}.revision_id"),
        "leadCounty": One("Tenant", "{a}.id = {p}.lead_tenant_id"),
        "members": Many("Tenant", "{a}.id = ANY({p}.members)", "{a}.name, {a}.id"),
        "votes": Many("ReviewVote", "{a}.round_id = {p}.id", "{a}.cast_at, {a}.tenant_id"),
        "comments": Many("ReviewComment", "{a}.round_id = {p}.id", "{a}.written_at, {a}.id", most=2000),
    },
    rows=TEAM,
)
REVIEW_VOTE = ObjectType(
    "ReviewVote",
    "shared.review_vote {a}",
    {
        "county": One("Tenant", "{a}.id = {p}.tenant_id"),
        "choice": Column("{a}.choice"),
        "reason": Column("{a}.reason"),
        "castAt": Column("{a}.cast_at"),
        "castBy": Column("{a}.cast_by_name"),
    },
    rows=TEAM,
)
REVIEW_COMMENT = ObjectType(
    "ReviewComment",
    "shared.review_comment {a}",
    {
        "id": Column("{a}.id"),
        "file": Column("{a}.file"),
        "elementId": Column("{a}.element_id"),
        "text": Column("{a}.text"),
        "writtenAt": Column("{a}.written_at"),
        "author": Column("{a}.author_name"),
        "county": One("Tenant", "{a}.id = {p}.author_tenant_id"),
        "answerTo": Column("{a}.parent_id"),
        "resolvedAt": Column("{a}.resolved_at"),
        "resolvedBy": Column("{a}.resolved_by_name"),
        "round": One("ReviewRound", "{a}.id = {p}.round_id"),
    },
    rows=TEAM,
)
PROPOSAL = ObjectType(
    "PublicationProposal",
    "shared.publication_proposal {a}",
    {
        "id": Column("{a}.id"),
        "number": Column("{a}.number"),
        "contentHash": Column("{a}.content_hash"),
        "transition": Column("{a}.transition"),
        "transitionOn": Column("{a}.transition_on"),
        "status": Column("{a}.status"),
        "proposedAt": Column("{a}.proposed_at"),
        "publishedVersion": One("TemplateVersion", "{a}.id = {p}.version_id"),
        "signatures": Many("VersionSignature", "{a}.target_id = {p}.id", "{a}.signed_at, {a}.key_id"),
    },
    rows=TEAM,
)
SIGNATURE = ObjectType(
    "VersionSignature",
    "(SELECT s.*, k.realm, k.public_key, k.certificate FROM shared.version_signature s"
    " JOIN shared.signing_key k ON k.id = s.key_id) {a}",
    {
        "name": Column("{a}.name"),
        "signedAt": Column("{a}.signed_at"),
        "keyId": Column("{a}.key_id"),
        "publicKey": Column("encode({a}.public_key, 'base64')"),
        "certificate": Column("translate(encode({a}.certificate, 'base64'), E'\\n', '')"),
        "statement": Column("{a}.statement"),
        "signature": Column("translate(encode({a}.signature, 'base64'), E'\\n', '')"),
    },
)
ROLLOUT = ObjectType(
    "Rollout",
    "shared.rollout {a}",
    {
        "status": Column("{a}.status"),
        "currentRing": Column("{a}.current_ring"),
        "ringOpenedAt": Column("{a}.ring_opened_at"),
        "startedAt": Column("{a}.started_at"),
        "startedBy": Column("{a}.started_by_name"),
        "reason": Column("{a}.reason"),
        "changedAt": Column("{a}.changed_at"),
        "changedBy": Column("{a}.changed_by_name"),
        "version": Column("{a}.version"),
        "rings": Many("RolloutRing", "{a}.version_id = {p}.version_id", "{a}.number"),
    },
)
ROLLOUT_RING = ObjectType(
    "RolloutRing",
    "shared.rollout_ring {a}",
    {
        "number": Column("{a}.number"),
        "waitingHours": Column("{a}.waiting_hours"),
        "counties": Many("RolloutCounty", "{a}.version_id = {p}.version_id AND {a}.ring = {p}.number", "{a}.tenant_id"),
    },
)
ROLLOUT_COUNTY = ObjectType(
    "RolloutCounty",
    "shared.rollout_county {a}",
    {
        "county": One("Tenant", "{a}.id = {p}.tenant_id"),
        "hasReleased": Column("NULL::boolean"),
        "cases": NOTHING,
        "incidents": NOTHING,
        "overdue": NOTHING,
        "measuredAt": NOTHING,
    },
    # how others fare is the service team's to see
    elsewhere={
        "hasReleased": Column(
            "EXISTS (SELECT 1 FROM shared.adoption_overview o WHERE o.tenant_id = {a}.tenant_id"
            " AND o.version_id = {a}.version_id AND o.ended_at IS NULL)"
        ),
        "cases": Column(HEALTH.format(column="cases")),
        "incidents": Column(HEALTH.format(column="incidents")),
        "overdue": Column(HEALTH.format(column="overdue")),
        "measuredAt": Column(HEALTH.format(column="measured_at")),
    },
)
HISTORY_ENTRY = ObjectType(
    "TemplateHistoryEntry",
    "shared.template_history {a}",
    {
        "at": Column("{a}.at"),
        "type": Column("{a}.type"),
        "actor": Column("{a}.actor_name"),
        "county": One("Tenant", "{a}.id = {p}.tenant_id"),
        "contentHash": Column("{a}.content_hash"),
        "body": Column("{a}.body"),
    },
    rows=TEAM,
)
AGREEMENT = ObjectType(
    "CooperationAgreement",
    "shared.cooperation_agreement {a}",
    {
        "id": Column("{a}.id"),
        "title": Column("{a}.title"),
        "signedOn": Column("{a}.signed_on"),
        "rule": Column("{a}.rule"),
        "minimumReviewDays": Column("{a}.minimum_review_days"),
        "mostIncidentShare": Column("{a}.most_incident_share"),
        "mostOverdueShare": Column("{a}.most_overdue_share"),
        "fewestCases": Column("{a}.fewest_cases"),
        "version": Column("{a}.version"),
        "members": Many(
            "Tenant",
            "{a}.id IN (SELECT m.tenant_id FROM shared.agreement_member m WHERE m.agreement_id = {p}.id)",
            "{a}.name, {a}.id",
        ),
    },
)
RELEASE_SETTINGS = ObjectType(
    "ReleaseSettings",
    "release_setting {a}",
    {
        "automaticClasses": Column("{a}.automatic_classes"),
        "version": Column("{a}.version"),
        "changedAt": Column("{a}.changed_at"),
    },
    rows={"staff": "true"},
)
TEMPLATE_RELEASE = ObjectType(
    "TemplateRelease",
    "template_release {a}",
    {
        "id": Column("{a}.id"),
        "version": One("TemplateVersion", "{a}.id = {p}.version_id"),
        "releasedAt": Column("{a}.released_at"),
        "automatic": Column("{a}.automatic"),
        "changeClasses": Column("{a}.change_classes"),
        "reason": Column("{a}.reason"),
    },
    rows={"staff": "true"},
)
LIFE_CYCLE_SUCCESSES = (
    success("DraftSuccess", "draft", "TemplateDraft"),
    success("ReviewSuccess", "round", "ReviewRound"),
    success("CommentSuccess", "comment", "ReviewComment"),
    success("VersionSuccess", "version", "TemplateVersion"),
    success("TemplateChangeSuccess", "template", "ProcessTemplate"),
    success("AgreementSuccess", "agreement", "CooperationAgreement"),
    ObjectType("LinkAccountsSuccess", "(SELECT 1) {a}", {"person": Column("{result}::uuid")}),
)
LIFE_CYCLE_TYPES = (
    DRAFT, DRAFT_REVISION, DRAFT_PROBLEM, REVIEW_ROUND, REVIEW_VOTE, REVIEW_COMMENT, PROPOSAL, SIGNATURE, ROLLOUT,
    ROLLOUT_RING, ROLLOUT_COUNTY, HISTORY_ENTRY, AGREEMENT, RELEASE_SETTINGS, TEMPLATE_RELEASE, *LIFE_CYCLE_SUCCESSES,
)  # fmt: skip

OPEN_DRAFTS = Many("TemplateDraft", "{a}.status NOT IN ('PUBLISHED', 'DISCARDED')", "{a}.updated_at DESC, {a}.id")
AGREEMENT_IN_FORCE = One("CooperationAgreement", "true", "{a}.signed_on DESC, {a}.id DESC")
TOPICS = Many("Topic", "true", "{a}.title, {a}.id")
