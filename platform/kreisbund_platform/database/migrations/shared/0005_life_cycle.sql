-- From draft to review: what the counties agreed, drafts with every revision, review rounds. Service team only.
CREATE TABLE cooperation_agreement (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    signed_on date NOT NULL,
    -- how a review round is decided, and how many days it stays open at least
    rule text NOT NULL CHECK (rule IN ('MAJORITY', 'UNANIMITY', 'LEAD_DECIDES')),
    minimum_review_days integer NOT NULL CHECK (minimum_review_days >= 0),
    -- a rollout halts above these shares, once so many cases run on the version
    most_incident_share real NOT NULL CHECK (most_incident_share BETWEEN 0 AND 1),
    most_overdue_share real NOT NULL CHECK (most_overdue_share BETWEEN 0 AND 1),
    fewest_cases integer NOT NULL CHECK (fewest_cases >= 1),
    version integer NOT NULL
);
CREATE TABLE agreement_member (
    agreement_id uuid NOT NULL REFERENCES cooperation_agreement,
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    PRIMARY KEY (agreement_id, tenant_id)
);
CREATE TABLE template_draft (
    id uuid PRIMARY KEY,
    template_slug text NOT NULL,
    topic_id uuid NOT NULL REFERENCES topic,
    title text NOT NULL,
    -- the published version it goes out from; null for a new template
    base_version_id uuid REFERENCES template_version,
    status text NOT NULL CHECK (status IN ('OPEN', 'IN_REVIEW', 'ACCEPTED', 'PUBLISHED', 'DISCARDED')),
    -- rises with every change of the draft; `revision` is the number of its newest content
    version integer NOT NULL,
    revision integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);
CREATE INDEX template_draft_slug ON template_draft (template_slug, created_at);
CREATE TABLE draft_revision (
    id uuid PRIMARY KEY,
    draft_id uuid NOT NULL REFERENCES template_draft,
    number integer NOT NULL,
    saved_at timestamptz NOT NULL,
    -- account as realm:subject, and the name it had then
    saved_by text NOT NULL,
    saved_by_name text NOT NULL,
    -- file name -> text, as the author left it, readable or not
    files json NOT NULL,
    content_hash text NOT NULL,
    -- [{path, code, message}]: what spoke against publishing when it was saved
    problems json NOT NULL,
    restored_from integer,
    UNIQUE (draft_id, number)
);
CREATE TRIGGER draft_revision_immutable BEFORE UPDATE OR DELETE ON draft_revision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- Rule, members and period are those of the day it was opened.
CREATE TABLE review_round (
    id uuid PRIMARY KEY,
    draft_id uuid NOT NULL REFERENCES template_draft,
    number integer NOT NULL,
    revision_id uuid NOT NULL REFERENCES draft_revision,
    content_hash text NOT NULL,
    agreement_id uuid NOT NULL REFERENCES cooperation_agreement,
    rule text NOT NULL,
    lead_tenant_id uuid NOT NULL REFERENCES tenant,
    members uuid[] NOT NULL,
    status text NOT NULL CHECK (status IN ('OPEN', 'ACCEPTED', 'REJECTED', 'OVERTAKEN')),
    opened_at timestamptz NOT NULL,
    opened_by_name text NOT NULL,
    open_until timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by_name text,
    version integer NOT NULL,
    UNIQUE (draft_id, number)
);
CREATE UNIQUE INDEX review_round_open ON review_round (draft_id) WHERE status = 'OPEN';
CREATE TABLE review_comment (
    id uuid PRIMARY KEY,
    round_id uuid NOT NULL REFERENCES review_round,
    -- the comment this answers
    parent_id uuid REFERENCES review_comment,
    -- file of the draft and, inside it, the id of an element, field, decision or paragraph
    file text NOT NULL,
    element_id text,
    text text NOT NULL,
    written_at timestamptz NOT NULL,
    author text NOT NULL,
    author_name text NOT NULL,
    author_tenant_id uuid REFERENCES tenant,
    resolved_at timestamptz,
    resolved_by_name text
);
CREATE INDEX review_comment_round ON review_comment (round_id, written_at);
CREATE TABLE review_vote (
    round_id uuid NOT NULL REFERENCES review_round,
    tenant_id uuid NOT NULL REFERENCES tenant,
    choice text NOT NULL CHECK (choice IN ('APPROVE', 'REJECT', 'ABSTAIN')),
    reason text NOT NULL,
    cast_at timestamptz NOT NULL,
    cast_by text NOT NULL,
    cast_by_name text NOT NULL,
    PRIMARY KEY (round_id, tenant_id)
);
-- Who, when, what, on which content; nothing in it ever changes.
CREATE TABLE template_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    template_slug text NOT NULL,
    at timestamptz NOT NULL,
    type text NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    tenant_id uuid REFERENCES tenant,
    draft_id uuid,
    version_id uuid,
    content_hash text,
    body json NOT NULL
);
CREATE INDEX template_history_slug ON template_history (template_slug, id DESC);
CREATE TRIGGER template_history_immutable BEFORE UPDATE OR DELETE ON template_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
