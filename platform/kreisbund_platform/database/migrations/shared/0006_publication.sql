-- Signatures, transition rules, rollouts, retirement: what happens to a version beside its immutable content.
-- Accounts that belong to one natural person; an account that is not named is a person of its own.
CREATE TABLE natural_person_account (
    realm text NOT NULL,
    subject text NOT NULL,
    person_id uuid NOT NULL,
    registered_at timestamptz NOT NULL,
    registered_by text NOT NULL,
    PRIMARY KEY (realm, subject)
);
-- Public keys of those who sign, each certified by the platform's root key, which no database holds.
CREATE TABLE signing_key (
    id uuid PRIMARY KEY,
    realm text NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    public_key bytea NOT NULL,
    certificate bytea NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (realm, subject)
);
CREATE TABLE signing_key_secret (
    key_id uuid PRIMARY KEY REFERENCES signing_key,
    wrapped bytea NOT NULL
);
CREATE TABLE publication_proposal (
    id uuid PRIMARY KEY,
    draft_id uuid NOT NULL REFERENCES template_draft,
    round_id uuid NOT NULL REFERENCES review_round,
    content_hash text NOT NULL,
    number integer NOT NULL,
    transition text NOT NULL CHECK (transition IN ('ALL', 'RECEIVED_FROM', 'DECISIONS_FROM')),
    transition_on date,
    status text NOT NULL CHECK (status IN ('OPEN', 'PUBLISHED', 'WITHDRAWN')),
    proposed_at timestamptz NOT NULL,
    version_id uuid REFERENCES template_version,
    CHECK ((transition = 'ALL') = (transition_on IS NULL))
);
CREATE UNIQUE INDEX publication_proposal_open ON publication_proposal (draft_id) WHERE status = 'OPEN';
-- `target_id` is the proposal, or the version where a folder was published and is signed afterwards.
CREATE TABLE version_signature (
    target_id uuid NOT NULL,
    key_id uuid NOT NULL REFERENCES signing_key,
    -- the natural person: a registered one, else realm:subject
    person text NOT NULL,
    name text NOT NULL,
    -- the text that is signed
    statement text NOT NULL,
    signature bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (target_id, key_id),
    UNIQUE (target_id, person)
);
CREATE TRIGGER version_signature_immutable BEFORE UPDATE OR DELETE ON version_signature
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- A version's transition rule and where its signatures lie; a version without a row holds for all cases.
CREATE TABLE version_publication (
    version_id uuid PRIMARY KEY REFERENCES template_version,
    template_id uuid NOT NULL REFERENCES process_template,
    signed_target_id uuid NOT NULL,
    round_id uuid REFERENCES review_round,
    transition text NOT NULL CHECK (transition IN ('ALL', 'RECEIVED_FROM', 'DECISIONS_FROM')),
    transition_on date,
    CHECK ((transition = 'ALL') = (transition_on IS NULL))
);
CREATE INDEX version_publication_template ON version_publication (template_id);
CREATE TRIGGER version_publication_immutable BEFORE UPDATE OR DELETE ON version_publication
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- No new adoptions and applications; running cases go on.
CREATE TABLE version_retirement (
    version_id uuid PRIMARY KEY REFERENCES template_version,
    retired_at timestamptz NOT NULL,
    retired_by_name text NOT NULL,
    reason text NOT NULL
);
CREATE TABLE rollout (
    version_id uuid PRIMARY KEY REFERENCES template_version,
    status text NOT NULL CHECK (status IN ('RUNNING', 'HALTED', 'COMPLETED')),
    current_ring integer NOT NULL,
    ring_opened_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    started_by_name text NOT NULL,
    -- why it stands as it does, and who said so
    reason text,
    changed_at timestamptz NOT NULL,
    changed_by_name text NOT NULL,
    version integer NOT NULL
);
CREATE TABLE rollout_ring (
    version_id uuid NOT NULL REFERENCES rollout,
    number integer NOT NULL,
    waiting_hours integer NOT NULL CHECK (waiting_hours >= 0),
    PRIMARY KEY (version_id, number)
);
CREATE TABLE rollout_county (
    version_id uuid NOT NULL REFERENCES rollout,
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    ring integer NOT NULL,
    PRIMARY KEY (version_id, tenant_id),
    FOREIGN KEY (version_id, ring) REFERENCES rollout_ring
);
-- What each county says of the cases that run on a version; counts only.
CREATE TABLE rollout_health (
    version_id uuid NOT NULL REFERENCES template_version,
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    cases integer NOT NULL,
    incidents integer NOT NULL,
    overdue integer NOT NULL,
    measured_at timestamptz NOT NULL,
    PRIMARY KEY (version_id, tenant_id)
);
