-- A role may change its own password and settings, so an injected statement can lock its county out. The registry,
-- which reads every secret anyway, may set the role back to what lies wrapped, and do nothing else with it; so no
-- running process needs the owner's login for that. False: the secret was rotated meanwhile, read it again.
CREATE FUNCTION restore_login(p_role text, p_epoch integer, p_verifier text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own_schema text;
BEGIN
    IF p_verifier !~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' THEN
        RAISE EXCEPTION 'not a verifier' USING ERRCODE = 'invalid_password';
    END IF;
    SELECT t.schema_name INTO own_schema FROM shared.tenant_secret s JOIN shared.tenant t ON t.id = s.tenant_id
        WHERE t.login_role = p_role AND t.status <> 'DELETED' AND s.epoch = p_epoch FOR UPDATE OF s;
    IF own_schema IS NULL THEN
        SELECT 'shared' INTO own_schema FROM shared.workspace_secret s
            WHERE s.login_role = p_role AND s.epoch = p_epoch FOR UPDATE;
    END IF;
    IF own_schema IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER ROLE %I RESET ALL', p_role);
    EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', p_role, current_database());
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = %I, pg_catalog', p_role, current_database(), own_schema);
    EXECUTE format('ALTER ROLE %I PASSWORD %L', p_role, p_verifier);
    RETURN true;
END
$$;
