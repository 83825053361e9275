-- The durable step in one statement, and what a case may wait for beside tasks and timers.
ALTER TABLE task ADD COLUMN instance integer;
ALTER TABLE subscription ADD COLUMN kind text NOT NULL DEFAULT 'message' CHECK (kind IN ('message', 'signal'));
ALTER TABLE subscription ADD COLUMN correlation_key text;
CREATE INDEX subscription_name ON subscription (name, correlation_key);
-- a service task whose work failed and is tried again
CREATE TABLE job (
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, token)
);
CREATE INDEX job_due ON job (due_at);
-- a token that cannot go on until an authorised person retries or repairs it; reason is a code
CREATE TABLE incident (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    reason text NOT NULL,
    version integer NOT NULL,
    raised_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by text
);
CREATE INDEX incident_case ON incident (case_id, raised_at DESC, id DESC);
CREATE UNIQUE INDEX incident_open ON incident (case_id, token) WHERE resolved_at IS NULL;
-- messages and signals on their way from one case to others of this county; the worker delivers them
CREATE TABLE outbound_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('message', 'signal')),
    name text NOT NULL,
    correlation_key text,
    from_case uuid REFERENCES case_record ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- how far a signal has come among those who wait for it
    reached_case uuid,
    reached_token integer
);
-- Everything that one step changes, the chained event last. Keys of p_changes that are absent change nothing.
CREATE FUNCTION record_step(p_case uuid, p_version integer, p_status text, p_state json, p_data json,
    p_due_at timestamptz, p_next_step text, p_next_step_by date, p_decided_at timestamptz, p_closed_at timestamptz,
    p_completed uuid, p_changes jsonb, p_now timestamptz, p_event uuid, p_type text, p_actor text, p_task uuid,
    p_body text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE case_record SET version = p_version, status = p_status, state = p_state, data = coalesce(p_data, data),
        due_at = p_due_at, next_step = p_next_step, next_step_by = p_next_step_by, decided_at = p_decided_at,
        closed_at = p_closed_at WHERE id = p_case;
    IF p_completed IS NOT NULL THEN
        UPDATE task SET status = 'COMPLETED', version = version + 1, assignee = coalesce(assignee, p_actor),
            completed_at = p_now, completed_by = p_actor WHERE id = p_completed;
    END IF;
    IF p_changes IS NOT NULL THEN
        PERFORM record_step_changes(p_case, p_changes, p_now, p_actor);
    END IF;
    PERFORM append_event(p_event, p_case, p_version, p_now, p_type, p_actor, p_task, p_body);
END $$;
CREATE FUNCTION record_step_changes(p_case uuid, p_changes jsonb, p_now timestamptz, p_actor text)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_changes ? 'cancelled' THEN
        UPDATE task SET status = 'CANCELLED', version = version + 1, assignee = NULL, completed_at = p_now
            WHERE case_id = p_case AND status IN ('OPEN', 'CLAIMED')
            AND token IN (SELECT t::integer FROM jsonb_array_elements_text(p_changes->'cancelled') t);
    END IF;
    IF p_changes ? 'tasks' THEN
        INSERT INTO task (id, case_id, token, element_id, name, status, version, role, unit_id, form_id, due_at,
                due_on, created_at, instance)
            SELECT id, p_case, token, element_id, name, 'OPEN', 1, role, unit_id, form_id, due_at, due_on, p_now, instance
            FROM jsonb_to_recordset(p_changes->'tasks') AS t(id uuid, token integer, element_id text, name text,
                role text, unit_id uuid, form_id text, due_at timestamptz, due_on date, instance integer);
    END IF;
    IF p_changes ? 'timers_cleared' THEN
        DELETE FROM timer t USING jsonb_to_recordset(p_changes->'timers_cleared') AS c(token integer, element_id text)
            WHERE t.case_id = p_case AND t.token = c.token AND t.element_id = coalesce(c.element_id, t.element_id);
    END IF;
    IF p_changes ? 'timers' THEN
        INSERT INTO timer (case_id, token, element_id, due_at)
            SELECT p_case, token, element_id, due_at FROM jsonb_to_recordset(p_changes->'timers')
                AS t(token integer, element_id text, due_at timestamptz)
            ON CONFLICT (case_id, token, element_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0;
    END IF;
    IF p_changes ? 'subscriptions_closed' THEN
        DELETE FROM subscription WHERE case_id = p_case
            AND token IN (SELECT t::integer FROM jsonb_array_elements_text(p_changes->'subscriptions_closed') t);
    END IF;
    IF p_changes ? 'subscriptions' THEN
        INSERT INTO subscription (case_id, token, element_id, name, kind, correlation_key)
            SELECT p_case, token, element_id, name, kind, correlation_key
            FROM jsonb_to_recordset(p_changes->'subscriptions')
                AS s(token integer, element_id text, name text, kind text, correlation_key text);
    END IF;
    IF p_changes ? 'jobs_closed' THEN
        DELETE FROM job WHERE case_id = p_case
            AND token IN (SELECT t::integer FROM jsonb_array_elements_text(p_changes->'jobs_closed') t);
    END IF;
    IF p_changes ? 'jobs' THEN
        INSERT INTO job (case_id, token, element_id, attempts, due_at)
            SELECT p_case, token, element_id, attempts, due_at FROM jsonb_to_recordset(p_changes->'jobs')
                AS j(token integer, element_id text, attempts integer, due_at timestamptz)
            ON CONFLICT (case_id, token) DO UPDATE SET attempts = excluded.attempts, due_at = excluded.due_at;
    END IF;
    IF p_changes ? 'incidents_closed' THEN
        UPDATE incident SET resolved_at = p_now, resolved_by = p_actor, version = version + 1
            WHERE case_id = p_case AND resolved_at IS NULL
            AND token IN (SELECT t::integer FROM jsonb_array_elements_text(p_changes->'incidents_closed') t);
    END IF;
    IF p_changes ? 'incidents' THEN
        INSERT INTO incident (id, case_id, token, element_id, reason, version, raised_at)
            SELECT id, p_case, token, element_id, reason, 1, p_now FROM jsonb_to_recordset(p_changes->'incidents')
                AS i(id uuid, token integer, element_id text, reason text);
    END IF;
    IF p_changes ? 'sent' THEN
        INSERT INTO outbound_event (kind, name, correlation_key, from_case, created_at, expires_at)
            SELECT kind, name, correlation_key, p_case, p_now, p_now + interval '7 days'
            FROM jsonb_to_recordset(p_changes->'sent') AS s(kind text, name text, correlation_key text);
    END IF;
    IF p_changes ? 'outbox' THEN
        INSERT INTO outbox (topic, payload, created_at)
            SELECT topic, payload, p_now FROM jsonb_to_recordset(p_changes->'outbox') AS o(topic text, payload json);
    END IF;
END $$;
