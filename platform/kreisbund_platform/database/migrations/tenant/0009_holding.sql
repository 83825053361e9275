-- A case for a step: locked until the transaction ends, with all that moving it needs, as one value. By its own id or
-- that of one of its tasks, which then is among its tasks whatever its status. NULL where there is no such case.
-- The tasks are read after the lock is there: they change under it only.
CREATE FUNCTION hold_case(p_case uuid, p_task uuid) RETURNS json LANGUAGE plpgsql AS $$
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
CREATE FUNCTION complete_task(p_task uuid, p_actor text, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_case uuid; v_token integer;
BEGIN
    UPDATE task SET status = 'COMPLETED', version = version + 1, assignee = coalesce(assignee, p_actor),
        completed_at = p_now, completed_by = p_actor WHERE id = p_task RETURNING case_id, token INTO v_case, v_token;
    DELETE FROM timer WHERE case_id = v_case AND token = v_token;
    DELETE FROM subscription WHERE case_id = v_case AND token = v_token;
END $$;
