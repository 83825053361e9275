-- A case that moved to another county, and one that came from there. Both sides know the package by one id.
ALTER TABLE case_record DROP CONSTRAINT case_record_status_check;
ALTER TABLE case_record ADD CONSTRAINT case_record_status_check CHECK (status IN
    ('SUBMITTED', 'IN_PROGRESS', 'WAITING', 'DECIDED', 'WITHDRAWN', 'CLOSED', 'TRANSFERRED'));
CREATE TABLE case_transfer (
    id uuid PRIMARY KEY,
    direction text NOT NULL CHECK (direction IN ('OUT', 'IN')),
    -- OUT: PACKED, SENT, RECEIVED (the receipt is here); IN: ARRIVED, ACCEPTED, RECEIPTED (the receipt is sent)
    status text NOT NULL CHECK (status IN ('PACKED', 'SENT', 'RECEIVED', 'ARRIVED', 'ACCEPTED', 'RECEIPTED')),
    version integer NOT NULL,
    -- IN: null until somebody accepts it
    case_id uuid REFERENCES case_record ON DELETE CASCADE,
    other_county uuid NOT NULL,
    other_case_number text,
    reason text NOT NULL,
    -- sealed for the receiver; gone once it is receipted or accepted
    package bytea,
    package_sha256 bytea NOT NULL,
    -- the case's events with the hashes that chain them, as the sender had them
    history json,
    -- the receiver's signed statement, sealed for the sender
    receipt bytea,
    receipt_number text,
    started_at timestamptz NOT NULL,
    started_by text,
    settled_at timestamptz
);
CREATE INDEX case_transfer_newest ON case_transfer (started_at DESC, id DESC);
CREATE INDEX case_transfer_case ON case_transfer (case_id);
CREATE INDEX case_transfer_outgoing ON case_transfer (id) WHERE status IN ('PACKED', 'ACCEPTED');
