-- A county's variation of a template. What stands in force never changes; a draft does until it is put in force.
-- forms to letters: the whole template as it runs here, so that a case never depends on how operations are applied.
CREATE TABLE template_variant (
    id uuid PRIMARY KEY,
    template_id uuid NOT NULL,
    base_version_id uuid NOT NULL,
    number integer NOT NULL,
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL CHECK (status IN ('DRAFT', 'IN_FORCE', 'REPLACED')),
    -- [{point, kind, value, reason, citation, citation_date, fingerprint, base_value}]
    operations json NOT NULL,
    content_hash text NOT NULL,
    manifest json NOT NULL,
    bpmn_xml text NOT NULL,
    decisions json NOT NULL,
    forms json NOT NULL,
    letters json NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    in_force_at timestamptz,
    in_force_by text,
    replaced_at timestamptz,
    UNIQUE (template_id, number)
);
-- New applications of a base version start on the one in force; there is one draft at a time.
CREATE UNIQUE INDEX template_variant_in_force ON template_variant (base_version_id) WHERE status = 'IN_FORCE';
CREATE UNIQUE INDEX template_variant_draft ON template_variant (template_id) WHERE status = 'DRAFT';
ALTER TABLE case_record ADD COLUMN variant_id uuid;
-- kept by the triggers below: the variant in force of the adopted version
ALTER TABLE template_adoption ADD COLUMN variant_id uuid;
CREATE FUNCTION refuse_variant_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER template_variant_immutable BEFORE UPDATE OR DELETE ON template_variant
    FOR EACH ROW EXECUTE FUNCTION refuse_variant_change();
CREATE FUNCTION name_variant_of_adoption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.variant_id := (SELECT id FROM template_variant WHERE base_version_id = NEW.version_id AND status = 'IN_FORCE');
    RETURN NEW;
END $$;
CREATE TRIGGER template_adoption_variant BEFORE INSERT OR UPDATE ON template_adoption
    FOR EACH ROW EXECUTE FUNCTION name_variant_of_adoption();
CREATE FUNCTION tell_adoption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE template_adoption SET variant_id = NULL WHERE version_id = NEW.base_version_id;
    RETURN NEW;
END $$;
CREATE TRIGGER template_variant_adoption AFTER INSERT OR UPDATE OF status ON template_variant
    FOR EACH ROW EXECUTE FUNCTION tell_adoption();
