-- A realm's rotation record: the key ids that its operators announced. NULL: none is kept, as for the demo issuer.
ALTER TABLE issuer ADD COLUMN announced_kids text[];
-- Keys that signed a valid token although nobody had announced them.
CREATE TABLE key_alarm (
    issuer text NOT NULL REFERENCES issuer ON DELETE CASCADE,
    kid text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, kid)
);
