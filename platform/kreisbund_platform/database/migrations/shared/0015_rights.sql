-- Which county has invited the service team, until when; which case and why stays in the county. The county's own row
-- decides at each look: this only says where to ask. Removed with the next one told after its end.
CREATE TABLE support_invitation (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenant ON DELETE CASCADE,
    until timestamptz NOT NULL
);
-- What somebody sent and was first asked to log in again for; wrapped, theirs alone, gone after a quarter of an hour.
CREATE TABLE kept_form (
    id uuid PRIMARY KEY,
    issuer text NOT NULL,
    subject text NOT NULL,
    wrapped bytea NOT NULL,
    kept_at timestamptz NOT NULL
);
-- What needs a second person in a county ([four_eyes] of county.toml).
ALTER TABLE tenant ADD COLUMN four_eyes jsonb NOT NULL DEFAULT '{}';
