-- Moving running cases to another version or variant of their template: what was previewed and done, and what undoing it needs.
CREATE TABLE case_upgrade (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN
        ('PREVIEWED', 'CHECKING', 'RUNNING', 'STOPPED', 'DONE', 'UNDOING', 'UNDO_STOPPED', 'UNDONE')),
    template_id uuid NOT NULL,
    to_version_id uuid NOT NULL,
    to_variant_id uuid,
    -- which cases: source versions, statuses, dates
    criteria json NOT NULL,
    -- element ids old -> new, where they differ
    mapping json NOT NULL,
    -- {"rename": {old: new}, "drop": [old], "add": {new: value}}
    fields json NOT NULL,
    deadlines text NOT NULL CHECK (deadlines IN ('KEEP', 'RECOMPUTE')),
    effective_on date NOT NULL,
    legal_basis text NOT NULL,
    tells_applicants boolean NOT NULL,
    -- what a person should look at: [{"path", "message"}]
    warnings json NOT NULL,
    -- the last case that the pass in work has served; cases are served in the order of their ids
    position uuid,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    previewed_at timestamptz NOT NULL,
    checked_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    undone_at timestamptz
);
CREATE INDEX case_upgrade_newest ON case_upgrade (created_at DESC, id DESC);
-- one row per marking and source: judged once for all its cases
CREATE TABLE case_upgrade_group (
    upgrade_id uuid NOT NULL REFERENCES case_upgrade ON DELETE CASCADE,
    number integer NOT NULL,
    from_version_id uuid NOT NULL,
    from_variant_id uuid,
    signature text NOT NULL,
    cases integer NOT NULL,
    possible boolean NOT NULL,
    chosen boolean NOT NULL,
    element_id text,
    reason text,
    path text[] NOT NULL,
    -- elements at which its tokens rest
    waiting text[] NOT NULL,
    -- tasks, timers and messages that open, close or change: {"opens": [...], "closes": [...], "changes": [...]}
    changes json NOT NULL,
    PRIMARY KEY (upgrade_id, number)
);
CREATE TABLE case_upgrade_case (
    upgrade_id uuid NOT NULL REFERENCES case_upgrade ON DELETE CASCADE,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    group_number integer NOT NULL,
    planned_version integer NOT NULL,
    status text NOT NULL CHECK (status IN
        ('LEFT_OUT', 'PLANNED', 'CHECKED', 'UPGRADED', 'REFUSED', 'UNDONE', 'KEPT')),
    -- why it was refused or kept: a code, the element and the path that show it
    reason text,
    explanation text,
    element_id text,
    path text[],
    from_version_id uuid,
    from_variant_id uuid,
    version_after integer,
    changed_at timestamptz,
    -- what undoing restores; goes with the case
    before json,
    PRIMARY KEY (upgrade_id, case_id)
) WITH (fillfactor = 60);
CREATE INDEX case_upgrade_case_case ON case_upgrade_case (case_id);
-- Appends one event per case, of one type and at one moment; the arrays run side by side, p_which says which of the
-- bodies a case's is (from 1). What is hashed is
-- event_digest's text, made for all at once; only the chaining itself goes event by event.
CREATE FUNCTION append_events(p_ids uuid[], p_case_ids uuid[], p_case_versions integer[], p_at timestamptz, p_type text,
    p_actor text, p_bodies text[], p_which integer[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE head chain_head; digests bytea[] := '{}'; digest bytea; hashed bytea;
    moment text := (extract(epoch FROM p_at) * 1000000)::bigint::text;
BEGIN
    SELECT * INTO head FROM chain_head FOR UPDATE;
    digest := head.hash;
    FOR hashed IN
        SELECT convert_to((SELECT string_agg(coalesce(length(f)::text || ':' || f, '-'), ',' ORDER BY i)
            FROM unnest(ARRAY[(head.seq + x.n)::text, x.id::text, x.case_id::text, x.case_version::text,
                moment, p_type, p_actor, NULL, p_bodies[x.which]]) WITH ORDINALITY t(f, i)), 'UTF8')
        FROM unnest(p_ids, p_case_ids, p_case_versions, p_which) WITH ORDINALITY x(id, case_id, case_version, which, n)
        ORDER BY x.n
    LOOP
        digest := sha256(digest || hashed);
        digests := digests || digest;
    END LOOP;
    INSERT INTO event (seq, id, case_id, case_version, at, type, actor, task_id, body, hash)
        SELECT head.seq + x.n, x.id, x.case_id, x.case_version, p_at, p_type, p_actor, NULL, p_bodies[x.which]::json, x.hash
        FROM unnest(p_ids, p_case_ids, p_case_versions, p_which, digests)
            WITH ORDINALITY x(id, case_id, case_version, which, hash, n);
    UPDATE chain_head SET seq = head.seq + cardinality(p_ids), hash = digest;
    RETURN head.seq + cardinality(p_ids);
END $$;
-- A case's data told in another version's names: renamed, dropped and added keys of the top level.
CREATE FUNCTION mapped_data(data json, old_names text[], new_names text[], dropped text[], added jsonb) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((added || (data::jsonb - old_names - dropped)) || coalesce((SELECT jsonb_object_agg(n.new_name, data::jsonb -> n.old_name)
        FROM unnest(old_names, new_names) n(old_name, new_name) WHERE data::jsonb ? n.old_name), '{}'))::json
$$;
-- The values of some keys, for the way back.
CREATE FUNCTION picked_data(data json, names text[]) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce((SELECT json_object_agg(n, data -> n) FROM unnest(names) n WHERE data::jsonb ? n), '{}')
$$;
