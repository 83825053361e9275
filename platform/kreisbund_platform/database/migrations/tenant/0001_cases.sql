-- One county's cases. The county's login role may read and write rows here; it owns nothing.
CREATE TABLE case_number_counter (
    year integer PRIMARY KEY,
    last_number integer NOT NULL
);
CREATE TABLE template_adoption (
    template_id uuid PRIMARY KEY,
    version_id uuid NOT NULL,
    adopted_at timestamptz NOT NULL,
    adopted_by text NOT NULL,
    ended_at timestamptz
);
CREATE TABLE case_record (
    id uuid PRIMARY KEY,
    case_number text NOT NULL UNIQUE,
    file_reference text,
    status text NOT NULL CHECK (status IN ('SUBMITTED', 'IN_PROGRESS', 'WAITING', 'DECIDED', 'WITHDRAWN', 'CLOSED')),
    version integer NOT NULL,
    channel text NOT NULL,
    template_id uuid,
    template_version_id uuid,
    unit_id uuid,
    applicant_name text,
    -- the form's data and what tasks and decisions added: clear data, deleted by erasure
    data json,
    -- the engine's tokens; see engine/advance.py
    state json NOT NULL,
    received_at timestamptz NOT NULL,
    received_on date NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz,
    -- what the applicant is told: the next step and its date
    next_step text,
    next_step_by date,
    decided_at timestamptz,
    closed_at timestamptz,
    -- regional key of the municipality whose calendar counts
    municipality_key char(12)
) WITH (fillfactor = 70);
CREATE INDEX case_record_newest ON case_record (opened_at DESC, id DESC);
CREATE INDEX case_record_status ON case_record (status, opened_at DESC, id DESC);
CREATE INDEX case_record_due ON case_record (due_at) WHERE status IN ('SUBMITTED', 'IN_PROGRESS', 'WAITING');
CREATE TABLE application (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL UNIQUE REFERENCES case_record ON DELETE CASCADE,
    version integer NOT NULL,
    submitted_at timestamptz NOT NULL,
    -- null for a guest and for paper
    applicant_subject text,
    -- guests: sha256 of the secret that shows the status
    status_secret_hash bytea,
    status_tries integer NOT NULL DEFAULT 0,
    status_locked_until timestamptz,
    withdrawn_at timestamptz,
    withdrawal_reason text
);
CREATE INDEX application_applicant ON application (applicant_subject, submitted_at DESC, id DESC);
CREATE TABLE party (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    role text NOT NULL,          -- applicant, beneficiary, representative, opponent, consulted_body, neighbour
    kind text NOT NULL,          -- person, organisation
    name text,
    subject text,
    address json,
    represents uuid[] NOT NULL DEFAULT '{}',
    position integer NOT NULL
);
CREATE INDEX party_case ON party (case_id, position);
CREATE INDEX party_name ON party (lower(name) text_pattern_ops);
CREATE TABLE task (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLAIMED', 'COMPLETED', 'CANCELLED')),
    version integer NOT NULL,
    role text NOT NULL,
    unit_id uuid,
    assignee text,
    form_id text,
    due_at timestamptz,
    due_on date,
    created_at timestamptz NOT NULL,
    completed_at timestamptz,
    completed_by text,
    CHECK ((status = 'CLAIMED') <= (assignee IS NOT NULL))
);
CREATE INDEX task_case ON task (case_id, created_at DESC, id DESC);
CREATE INDEX task_inbox ON task (role, status, created_at DESC, id DESC);
CREATE UNIQUE INDEX task_token ON task (case_id, token) WHERE status IN ('OPEN', 'CLAIMED');
CREATE TABLE timer (
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (case_id, token, element_id)
);
CREATE INDEX timer_due ON timer (due_at);
CREATE TABLE subscription (
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (case_id, token, element_id)
);
CREATE TABLE note (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    event_id uuid NOT NULL,
    author text NOT NULL,
    text text NOT NULL,
    written_at timestamptz NOT NULL
);
CREATE INDEX note_case ON note (case_id, written_at);
CREATE TABLE message (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    direction text NOT NULL CHECK (direction IN ('TO_APPLICANT', 'FROM_APPLICANT')),
    author text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    sent_at timestamptz NOT NULL,
    read_at timestamptz
);
CREATE INDEX message_case ON message (case_id, sent_at);
