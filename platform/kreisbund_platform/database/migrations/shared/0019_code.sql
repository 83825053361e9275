-- Functions that counties call, once for all of them: PostgreSQL finds a function by its name among those of all
-- schemas, so that with hundreds of counties a session read and kept a copy of each county's. They run as who calls
-- them, on the tables that the caller's search_path names; there is nothing in them that a county may not do itself.
-- Their names differ from those of the counties' own former functions, which nobody calls any more.
CREATE SCHEMA code;
-- What is hashed: every column, length-prefixed, over the hash before it.
CREATE FUNCTION code.digest_of_event(previous bytea, seq bigint, id uuid, case_id uuid, case_version integer,
    at timestamptz, type text, actor text, task_id uuid, body text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previous || convert_to((SELECT string_agg(coalesce(length(f)::text || ':' || f, '-'), ',' ORDER BY n)
        FROM unnest(ARRAY[seq::text, id::text, case_id::text, case_version::text,
            (extract(epoch FROM at) * 1000000)::bigint::text, type, actor, task_id::text, body]) WITH ORDINALITY x(f, n)), 'UTF8'))
$$;
-- Appends one event; the head row is the county's only lock and is taken last in a transaction.
CREATE FUNCTION code.chain_event(p_id uuid, p_case_id uuid, p_case_version integer, p_at timestamptz, p_type text,
    p_actor text, p_task_id uuid, p_body text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_seq bigint; v_hash bytea;
BEGIN
    SELECT h.seq + 1, h.hash INTO v_seq, v_hash FROM chain_head h FOR UPDATE;
    v_hash := code.digest_of_event(v_hash, v_seq, p_id, p_case_id, p_case_version, p_at, p_type, p_actor, p_task_id, p_body);
    INSERT INTO event (seq, id, case_id, case_version, at, type, actor, task_id, body, hash)
        VALUES (v_seq, p_id, p_case_id, p_case_version, p_at, p_type, p_actor, p_task_id, p_body::json, v_hash);
    UPDATE chain_head SET seq = v_seq, hash = v_hash;
    RETURN v_seq;
END $$;
-- Appends one event per case, of one type and at one moment; the arrays run side by side, p_which says which of the
-- bodies a case's is (from 1). What is hashed is the text of digest_of_event, made for all at once; only the chaining
-- itself goes event by event.
CREATE FUNCTION code.chain_events(p_ids uuid[], p_case_ids uuid[], p_case_versions integer[], p_at timestamptz,
    p_type text, p_actor text, p_bodies text[], p_which integer[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_seq bigint; digests bytea[] := '{}'; digest bytea; hashed bytea;
    moment text := (extract(epoch FROM p_at) * 1000000)::bigint::text;
BEGIN
    SELECT h.seq, h.hash INTO v_seq, digest FROM chain_head h FOR UPDATE;
    FOR hashed IN
        SELECT convert_to((SELECT string_agg(coalesce(length(f)::text || ':' || f, '-'), ',' ORDER BY i)
            FROM unnest(ARRAY[(v_seq + x.n)::text, x.id::text, x.case_id::text, x.case_version::text,
                moment, p_type, p_actor, NULL, p_bodies[x.which]]) WITH ORDINALITY t(f, i)), 'UTF8')
        FROM unnest(p_ids, p_case_ids, p_case_versions, p_which) WITH ORDINALITY x(id, case_id, case_version, which, n)
        ORDER BY x.n
    LOOP
        digest := sha256(digest || hashed);
        digests := digests || digest;
    END LOOP;
    INSERT INTO event (seq, id, case_id, case_version, at, type, actor, task_id, body, hash)
        SELECT v_seq + x.n, x.id, x.case_id, x.case_version, p_at, p_type, p_actor, NULL, p_bodies[x.which]::json, x.hash
        FROM unnest(p_ids, p_case_ids, p_case_versions, p_which, digests)
            WITH ORDINALITY x(id, case_id, case_version, which, hash, n);
    UPDATE chain_head SET seq = v_seq + cardinality(p_ids), hash = digest;
    RETURN v_seq + cardinality(p_ids);
END $$;
-- Everything that one step changes, the chained event last. Keys of p_changes that are absent change nothing.
CREATE FUNCTION code.write_step(p_case uuid, p_version integer, p_status text, p_state json, p_data json,
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
        PERFORM code.write_step_changes(p_case, p_changes, p_now, p_actor);
    END IF;
    PERFORM code.chain_event(p_event, p_case, p_version, p_now, p_type, p_actor, p_task, p_body);
END $$;
CREATE FUNCTION code.write_step_changes(p_case uuid, p_changes jsonb, p_now timestamptz, p_actor text)
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
-- A case for a step: locked until the transaction ends, with all that moving it needs, as one value. By its own id or
-- that of one of its tasks, which then is among its tasks whatever its status. NULL where there is no such case.
-- The tasks are read after the lock is there: they change under it only.
CREATE FUNCTION code.take_case(p_case uuid, p_task uuid) RETURNS json LANGUAGE plpgsql AS $$
DECLARE v_case json; v_subject text; v_feasts text[];
BEGIN
    IF p_case IS NULL THEN
        SELECT case_id INTO p_case FROM task WHERE id = p_task;
    END IF;
    SELECT json_build_object('id', c.id, 'case_number', c.case_number, 'file_reference', c.file_reference,
            'status', c.status, 'version', c.version, 'template_version_id', c.template_version_id,
            'variant_id', c.variant_id, 'unit_id', c.unit_id, 'applicant_name', c.applicant_name, 'data', c.data,
            'state', c.state, 'received_on', c.received_on, 'due_at', c.due_at, 'next_step', c.next_step,
            'next_step_by', c.next_step_by, 'decided_at', c.decided_at, 'closed_at', c.closed_at,
            'municipality_key', c.municipality_key), a.applicant_subject, m.local_holidays
        INTO v_case, v_subject, v_feasts
        FROM case_record c LEFT JOIN application a ON a.case_id = c.id
            LEFT JOIN shared.municipality m ON m.regional_key = c.municipality_key
        WHERE c.id = p_case FOR UPDATE OF c;
    IF v_case IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object('case', v_case, 'applicant_subject', v_subject, 'local_feasts', v_feasts, 'tasks',
        (SELECT json_agg(json_build_object('id', t.id, 'token', t.token, 'element_id', t.element_id, 'name', t.name,
                'status', t.status, 'version', t.version, 'role', t.role, 'unit_id', t.unit_id,
                'assignee', t.assignee, 'form_id', t.form_id, 'due_at', t.due_at, 'due_on', t.due_on)
                ORDER BY t.created_at, t.token)
            FROM task t WHERE t.case_id = p_case AND (t.status IN ('OPEN', 'CLAIMED') OR t.id = p_task)));
END $$;
-- A held task is done, and with it all that its token waited for beside.
CREATE FUNCTION code.finish_task(p_task uuid, p_actor text, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_case uuid; v_token integer;
BEGIN
    UPDATE task SET status = 'COMPLETED', version = version + 1, assignee = coalesce(assignee, p_actor),
        completed_at = p_now, completed_by = p_actor WHERE id = p_task RETURNING case_id, token INTO v_case, v_token;
    DELETE FROM timer WHERE case_id = v_case AND token = v_token;
    DELETE FROM subscription WHERE case_id = v_case AND token = v_token;
END $$;
-- The case that an id of a case, application, task, message, event, incident or document belongs to.
CREATE FUNCTION code.case_behind(p_id uuid) RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN coalesce((SELECT id FROM case_record WHERE id = p_id), (SELECT case_id FROM application WHERE id = p_id),
        (SELECT case_id FROM task WHERE id = p_id), (SELECT case_id FROM message WHERE id = p_id),
        (SELECT case_id FROM event WHERE id = p_id), (SELECT case_id FROM incident WHERE id = p_id),
        (SELECT case_id FROM document WHERE id = p_id));
END $$;
-- A case's data told in another version's names: renamed, dropped and added keys of the top level.
CREATE FUNCTION code.renamed_data(data json, old_names text[], new_names text[], dropped text[], added jsonb) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((added || (data::jsonb - old_names - dropped)) || coalesce((SELECT jsonb_object_agg(n.new_name, data::jsonb -> n.old_name)
        FROM unnest(old_names, new_names) n(old_name, new_name) WHERE data::jsonb ? n.old_name), '{}'))::json
$$;
-- The values of some keys, for the way back.
CREATE FUNCTION code.kept_data(data json, names text[]) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT json_object_agg(n, data -> n) FROM unnest(names) n WHERE data::jsonb ? n), '{}')
$$;
