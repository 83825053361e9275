-- Which versions the county released, how, and which classes of change it lets through without asking again.
CREATE TABLE template_release (
    id uuid PRIMARY KEY,
    template_id uuid NOT NULL,
    version_id uuid NOT NULL,
    released_at timestamptz NOT NULL,
    released_by text NOT NULL,
    automatic boolean NOT NULL,
    -- classes of change against the version before
    change_classes text[] NOT NULL,
    reason text
);
CREATE INDEX template_release_template ON template_release (template_id, released_at DESC);
CREATE TABLE release_setting (
    template_id uuid PRIMARY KEY,
    automatic_classes text[] NOT NULL
        CHECK (NOT automatic_classes && ARRAY['FEE', 'LEGAL_BASIS', 'DECISION']),
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
-- the health last told to the collector
CREATE TABLE version_health (
    version_id uuid PRIMARY KEY,
    cases integer NOT NULL,
    incidents integer NOT NULL,
    overdue integer NOT NULL,
    measured_at timestamptz NOT NULL
);
CREATE INDEX case_record_template_version ON case_record (template_version_id, status);
