-- Keys by which what is kept for a time becomes unreadable at once, holds against erasure, and what was erased.
-- The county's own key, wrapped by the deployment's; it wraps the keys of persons and cases.
CREATE TABLE county_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    wrapped bytea NOT NULL
);
-- holder: account/<subject> or case/<id>. A key is made or destroyed, never changed.
CREATE TABLE subject_key (
    holder text PRIMARY KEY,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL
);
-- Stored answers are sealed under the keys of `holders`, all of them; those from before stood in clear and go.
ALTER TABLE idempotency ADD COLUMN sealed bytea;
ALTER TABLE idempotency ADD COLUMN holders text[] NOT NULL DEFAULT '{}';
UPDATE idempotency SET result_type = NULL, result_ids = NULL, answer = NULL;
-- What may not be erased while a dispute, an audit or an investigation lasts (Art. 17 Abs. 3 DSGVO).
CREATE TABLE legal_hold (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    reason text NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    lifted_reason text
);
CREATE UNIQUE INDEX legal_hold_open ON legal_hold (case_id) WHERE lifted_at IS NULL;
-- The ledger of erasures: pseudonymous ids, nothing of what was erased. A restore replays it before it opens.
-- Numbers are gapless: whoever enters holds the head of the event log.
CREATE TABLE erasure (
    number bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('CASE', 'ACCOUNT')),
    -- the case's id, or the account's subject
    target text NOT NULL,
    ground text NOT NULL CHECK (ground IN ('RETENTION', 'REQUEST')),
    -- the officer's account; null: the worker, when the time had come
    ordered_by text
);
-- One day's automatic erasure.
CREATE TABLE erasure_run (
    id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    due integer NOT NULL,
    erased integer NOT NULL,
    -- past their time but under a legal hold
    held integer NOT NULL
);
CREATE UNIQUE INDEX erasure_run_open ON erasure_run ((true)) WHERE finished_at IS NULL;
-- Files whose rows are gone and that the worker removes from the store.
CREATE TABLE erased_file (
    storage_key text PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
CREATE INDEX case_record_closed ON case_record (closed_at) WHERE closed_at IS NOT NULL;
-- what a report looks along
CREATE INDEX party_subject ON party (subject) WHERE subject IS NOT NULL;
CREATE INDEX upload_subject ON upload (subject);
CREATE INDEX erasure_target ON erasure (target);
-- what deleting a case looks along
CREATE INDEX upload_case ON upload (claimed_by_case) WHERE claimed_by_case IS NOT NULL;
CREATE INDEX decision_document ON decision (document_id);
CREATE INDEX delivery_party ON delivery (party_id);
CREATE INDEX outbound_event_case ON outbound_event (from_case);
-- The case that an id of a case, application, task, message, event, incident or document belongs to.
CREATE FUNCTION case_of(p_id uuid) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT id FROM case_record WHERE id = p_id), (SELECT case_id FROM application WHERE id = p_id),
        (SELECT case_id FROM task WHERE id = p_id), (SELECT case_id FROM message WHERE id = p_id),
        (SELECT case_id FROM event WHERE id = p_id), (SELECT case_id FROM incident WHERE id = p_id),
        (SELECT case_id FROM document WHERE id = p_id))
$$;
