-- What the counties' triggers call, once for all of them, as 0019_code.sql has what their statements call. They run as
-- who writes. Those that touch another table name the schema of the table that fired them: who writes may be the owner,
-- with any search_path.
CREATE FUNCTION code.keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$;
-- What stood in force never changes; a draft does until it is put in force.
CREATE FUNCTION code.keep_variant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'DRAFT' THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' OR NEW.status = 'DRAFT' OR (NEW.operations::text, NEW.content_hash, NEW.manifest::text,
        NEW.bpmn_xml, NEW.decisions::text, NEW.forms::text, NEW.letters::text, NEW.base_version_id, NEW.number)
        IS DISTINCT FROM (OLD.operations::text, OLD.content_hash, OLD.manifest::text, OLD.bpmn_xml,
        OLD.decisions::text, OLD.forms::text, OLD.letters::text, OLD.base_version_id, OLD.number) THEN
        RAISE EXCEPTION 'a variant that was in force never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- An adoption names the variant in force of its version.
CREATE FUNCTION code.find_variant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT id FROM %I.template_variant WHERE base_version_id = $1 AND status = ''IN_FORCE''',
        TG_TABLE_SCHEMA) INTO NEW.variant_id USING NEW.version_id;
    RETURN NEW;
END $$;
-- Writing the adoption of a variant's version lets it find its variant anew.
CREATE FUNCTION code.renew_adoption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %I.template_adoption SET variant_id = NULL WHERE version_id = $1', TG_TABLE_SCHEMA)
        USING NEW.base_version_id;
    RETURN NEW;
END $$;
-- What was proposed stays what it was, and what was confirmed stays confirmed.
CREATE FUNCTION code.keep_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.operation, NEW.content_hash, NEW.proposed_by, NEW.proposing_persons, NEW.until)
            IS DISTINCT FROM (OLD.id, OLD.operation, OLD.content_hash, OLD.proposed_by, OLD.proposing_persons, OLD.until)
        OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by, NEW.confirming_persons)
            IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by, OLD.confirming_persons))
        OR (OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at) THEN
        RAISE EXCEPTION 'an approval does not change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- What was asked stays what it was, what was confirmed stays confirmed, what was ended stays ended.
CREATE FUNCTION code.keep_emergency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.case_id, NEW.reason, NEW.requested_at, NEW.requested_by, NEW.requesting_person, NEW.confirmer)
            IS DISTINCT FROM (OLD.id, OLD.case_id, OLD.reason, OLD.requested_at, OLD.requested_by,
                OLD.requesting_person, OLD.confirmer)
        OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by, NEW.confirming_person)
            IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by, OLD.confirming_person))
        OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.ended_by, NEW.confirmed_at)
            IS DISTINCT FROM (OLD.ended_at, OLD.ended_by, OLD.confirmed_at)) THEN
        RAISE EXCEPTION 'an emergency access does not change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
