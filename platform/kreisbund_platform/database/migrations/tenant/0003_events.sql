-- The county's event log: one chain. Holds ids and codes, never a form value, a name or free text.
CREATE TABLE chain_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO chain_head (seq, hash) VALUES (0, sha256('kreisbund'));
CREATE TABLE event (
    seq bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    case_id uuid,
    case_version integer,
    at timestamptz NOT NULL,
    type text NOT NULL,
    actor text,
    task_id uuid,
    body json NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX event_case ON event (case_id, seq DESC);
CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION refuse_event_change();
-- What is hashed: every column, length-prefixed, over the hash before it.
CREATE FUNCTION event_digest(previous bytea, seq bigint, id uuid, case_id uuid, case_version integer, at timestamptz,
    type text, actor text, task_id uuid, body text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previous || convert_to((SELECT string_agg(coalesce(length(f)::text || ':' || f, '-'), ',' ORDER BY n)
        FROM unnest(ARRAY[seq::text, id::text, case_id::text, case_version::text,
            (extract(epoch FROM at) * 1000000)::bigint::text, type, actor, task_id::text, body]) WITH ORDINALITY x(f, n)), 'UTF8'))
$$;
-- Appends one event; the head row is the county's only lock and is taken last in a transaction.
CREATE FUNCTION append_event(p_id uuid, p_case_id uuid, p_case_version integer, p_at timestamptz, p_type text,
    p_actor text, p_task_id uuid, p_body text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE head chain_head; digest bytea;
BEGIN
    SELECT * INTO head FROM chain_head FOR UPDATE;
    digest := event_digest(head.hash, head.seq + 1, p_id, p_case_id, p_case_version, p_at, p_type, p_actor, p_task_id, p_body);
    INSERT INTO event (seq, id, case_id, case_version, at, type, actor, task_id, body, hash)
        VALUES (head.seq + 1, p_id, p_case_id, p_case_version, p_at, p_type, p_actor, p_task_id, p_body::json, digest);
    UPDATE chain_head SET seq = head.seq + 1, hash = digest;
    RETURN head.seq + 1;
END $$;
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- lets the collector stop before transactions that still run
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic text NOT NULL,
    payload json NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE period_figure (
    month date PRIMARY KEY,
    median_days numeric(6, 1),
    online_share numeric(4, 2),
    closed_at timestamptz NOT NULL
);
CREATE TABLE idempotency (
    subject text NOT NULL,
    mutation text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    document_hash bytea NOT NULL,
    result_type text,
    result_ids json,
    answer text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (subject, mutation, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
