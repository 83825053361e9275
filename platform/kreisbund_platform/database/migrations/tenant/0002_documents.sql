CREATE TABLE document (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    kind text NOT NULL,                         -- notice, letter, upload
    title text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    storage_key text NOT NULL,
    visible_to_applicant boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX document_case ON document (case_id, created_at DESC, id DESC);
CREATE TABLE upload (
    id uuid PRIMARY KEY,
    subject text NOT NULL,
    file_name text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    storage_key text NOT NULL,
    scan_state text NOT NULL DEFAULT 'NOT_SCANNED',
    created_at timestamptz NOT NULL,
    claimed_by_case uuid REFERENCES case_record ON DELETE CASCADE
);
CREATE INDEX upload_unclaimed ON upload (created_at) WHERE claimed_by_case IS NULL;
CREATE TABLE decision (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    kind text NOT NULL,                         -- MAIN, FEE, INTERIM
    outcome text NOT NULL,                      -- GRANTED, PARTLY_GRANTED, REFUSED, ...
    decided_at timestamptz NOT NULL,
    document_id uuid NOT NULL REFERENCES document,
    legal_basis text NOT NULL,
    responsible_name text NOT NULL,
    fee_cents bigint NOT NULL DEFAULT 0,
    remedy_kind text,                           -- OBJECTION, COURT_ACTION
    remedy_addressee text,
    remedy_until date
);
CREATE INDEX decision_case ON decision (case_id, decided_at DESC, id DESC);
CREATE TABLE delivery (
    id uuid PRIMARY KEY,
    decision_id uuid NOT NULL REFERENCES decision ON DELETE CASCADE,
    party_id uuid REFERENCES party,
    channel text NOT NULL,                      -- PORTAL, LETTER
    sent_at timestamptz,
    retrieved_at timestamptz,
    deemed_on date
);
CREATE INDEX delivery_decision ON delivery (decision_id);
