-- What is offered: public services by LeiKa key, topics, templates and their published versions. Every county reads it.
CREATE TABLE life_situation (
    name text PRIMARY KEY,
    subject text
);
CREATE TABLE ozg_service (
    ozg_key text PRIMARY KEY,
    name text NOT NULL,
    life_situation text REFERENCES life_situation ON UPDATE CASCADE
);
CREATE TABLE public_service (
    id uuid PRIMARY KEY,
    leika_key text NOT NULL UNIQUE CHECK (leika_key ~ '^[0-9]{14}$'),
    name text NOT NULL,
    leika_type text,
    legal_basis text,
    ozg_key text REFERENCES ozg_service,
    -- COUNTY, MUNICIPALITY, LAND, FEDERATION: who is responsible in Thüringen, null where not known
    responsible text CHECK (responsible IN ('COUNTY', 'MUNICIPALITY', 'LAND', 'FEDERATION')),
    -- what citizens call it
    synonyms text[] NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL
);
-- one row per search term (stem, compound part) of a service; weight says where it came from
CREATE TABLE public_service_term (
    term text NOT NULL,
    service_id uuid NOT NULL REFERENCES public_service ON DELETE CASCADE,
    weight real NOT NULL,
    PRIMARY KEY (term, service_id)
);
CREATE INDEX public_service_term_prefix ON public_service_term (term text_pattern_ops);
CREATE TABLE topic (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    title text NOT NULL,
    lead_tenant_id uuid NOT NULL REFERENCES tenant
);
CREATE TABLE process_template (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    title text NOT NULL,
    topic_id uuid NOT NULL REFERENCES topic,
    leika_key text NOT NULL,
    summary text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
CREATE INDEX process_template_leika ON process_template (leika_key);
CREATE TABLE template_version (
    id uuid PRIMARY KEY,
    template_id uuid NOT NULL REFERENCES process_template,
    number integer NOT NULL,
    content_hash text NOT NULL,
    -- template.toml as JSON: legal basis, regime, sphere, assurance, fees, variable points
    manifest json NOT NULL,
    bpmn_xml text NOT NULL,
    -- file name -> DMN XML
    decisions json NOT NULL,
    -- form id -> form-js schema (with its example)
    forms json NOT NULL,
    -- letter id -> {title, outcome, paragraphs}
    letters json NOT NULL,
    -- the folder's own test cases
    cases json NOT NULL,
    start_form text NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    UNIQUE (template_id, number),
    UNIQUE (template_id, content_hash)
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a published version never changes' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER template_version_immutable BEFORE UPDATE OR DELETE ON template_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
