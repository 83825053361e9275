-- An id of ours from its beginning, the first 19 characters of its text (ids.beginning): moment and kind. What is random
-- and the variant before it are those of a random UUID.
CREATE FUNCTION code.id_with(p_beginning text) RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT (p_beginning || substr(gen_random_uuid()::text, 20))::uuid
$$;
-- Appends one event per case, of one type and at one moment; the arrays run side by side, p_which says which of the
-- bodies a case's is (from 1). What is hashed is the text of digest_of_event. All of it that does not depend on the
-- events before is made before the head is locked: its length-prefixed fields from the second on.
CREATE FUNCTION code.append_chained(p_beginning text, p_case_ids uuid[], p_case_versions integer[], p_which integer[],
    p_at timestamptz, p_type text, p_actor text, p_bodies text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_seq bigint; v_hash bytea; v_number text; v_ids uuid[]; v_fields bytea[]; v_one bytea; v_hashes bytea[] := '{}';
    v_endings text[];
BEGIN
    SELECT array_agg(',' || (SELECT string_agg(coalesce(length(f)::text || ':' || f, '-'), ',' ORDER BY i)
            FROM unnest(ARRAY[(extract(epoch FROM p_at) * 1000000)::bigint::text, p_type, p_actor, NULL, b.body])
                WITH ORDINALITY x(f, i)) ORDER BY b.n)
        INTO v_endings FROM unnest(p_bodies) WITH ORDINALITY b(body, n);
    SELECT array_agg(x.id ORDER BY x.n), array_agg(convert_to(',36:' || x.id || ',36:' || x.case_id || ','
            || length(x.case_version::text) || ':' || x.case_version || v_endings[x.which], 'UTF8') ORDER BY x.n)
        INTO v_ids, v_fields
        FROM (SELECT code.id_with(p_beginning) AS id, e.*
            FROM unnest(p_case_ids, p_case_versions, p_which) WITH ORDINALITY e(case_id, case_version, which, n)
            OFFSET 0) x;
    IF v_ids IS NULL THEN
        RETURN;
    END IF;
    SELECT h.seq, h.hash INTO v_seq, v_hash FROM chain_head h FOR UPDATE;
    FOREACH v_one IN ARRAY v_fields LOOP
        v_number := v_seq + cardinality(v_hashes) + 1;
        v_hash := sha256(v_hash || convert_to(length(v_number) || ':' || v_number, 'UTF8') || v_one);
        v_hashes := v_hashes || v_hash;
    END LOOP;
    INSERT INTO event (seq, id, case_id, case_version, at, type, actor, task_id, body, hash)
        SELECT v_seq + x.n, x.id, x.case_id, x.case_version, p_at, p_type, p_actor, NULL, p_bodies[x.which]::json, x.hash
        FROM unnest(v_ids, p_case_ids, p_case_versions, p_which, v_hashes)
            WITH ORDINALITY x(id, case_id, case_version, which, hash, n);
    UPDATE chain_head SET seq = v_seq + cardinality(v_hashes), hash = v_hash;
END $$;
