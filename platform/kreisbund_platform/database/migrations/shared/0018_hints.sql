-- In which counties the worker has something to do, and when: told by processes that changed a county, after their
-- commit. Only a hint: what is lost in a crash (the table is not logged) is found when the county's turn comes.
CREATE UNLOGGED TABLE county_hint (
    tenant_id uuid PRIMARY KEY REFERENCES tenant ON DELETE CASCADE,
    due_at timestamptz NOT NULL
);
