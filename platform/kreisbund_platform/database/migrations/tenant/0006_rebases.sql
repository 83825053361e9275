-- Carrying a county's operations over to a newer base: each step's outcome and what a person decided, resumable.
CREATE TABLE variant_rebase (
    id uuid PRIMARY KEY,
    template_id uuid NOT NULL,
    from_version_id uuid NOT NULL,
    to_version_id uuid NOT NULL,
    from_variant_id uuid NOT NULL REFERENCES template_variant,
    status text NOT NULL CHECK (status IN ('OPEN', 'FINISHED', 'UNDONE', 'ABANDONED')),
    version integer NOT NULL DEFAULT 1,
    -- [{operation, outcome, reason, base_before, base_now, decision: {choice, value, point, by, at} | null}]
    steps json NOT NULL,
    to_variant_id uuid REFERENCES template_variant,
    automatic boolean NOT NULL,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    finished_at timestamptz,
    finished_by text,
    undone_at timestamptz,
    undone_by text,
    undone_reason text
);
CREATE UNIQUE INDEX variant_rebase_open ON variant_rebase (template_id) WHERE status = 'OPEN';
CREATE INDEX variant_rebase_template ON variant_rebase (template_id, started_at DESC);
