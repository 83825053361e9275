-- What the state sees. Fed by the collector from each county's outbox; holds no case and no person.
CREATE TABLE collector_position (
    tenant_id uuid PRIMARY KEY REFERENCES tenant ON DELETE CASCADE,
    last_outbox_id bigint NOT NULL
);
CREATE TABLE dashboard_month (
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    applications integer NOT NULL DEFAULT 0,
    decisions integer NOT NULL DEFAULT 0,
    -- written once when the county closes the month; null below n = 10
    median_days numeric(6, 1),
    online_share numeric(4, 2),
    closed_at timestamptz,
    PRIMARY KEY (tenant_id, month)
);
-- which county has adopted what, as the service team sees it
CREATE TABLE adoption_overview (
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    template_id uuid NOT NULL REFERENCES process_template,
    version_id uuid NOT NULL REFERENCES template_version,
    adopted_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, template_id)
);
