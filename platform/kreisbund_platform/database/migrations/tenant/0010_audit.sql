-- How far the county's event log is sealed by checkpoints outside of the database, and how far the worker's own
-- check of it has come. Says nothing that the checkpoints do not prove: it only makes one that is missing noticed.
CREATE TABLE audit_watch (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    -- the newest checkpoint's number and the last event under it; 0 for none
    number bigint NOT NULL,
    seq bigint NOT NULL,
    sealed_at timestamptz,
    -- the checkpoint whose events were checked last; the check goes round and round
    checked_number bigint NOT NULL,
    checked_at timestamptz,
    -- what is wrong: a kind of change and the event's number
    finding text
);
INSERT INTO audit_watch (number, seq, checked_number) VALUES (0, 0, 0);
-- Who of the county's staff was shown what kind of a citizen's data, per case: never a value. Nothing is changed here;
-- removed is what is older than its time. Retention: three years after the end of the year, as claims about data
-- protection lapse (§§ 195, 199 BGB); outlives the case's data.
CREATE TABLE case_read (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id uuid NOT NULL,
    at timestamptz NOT NULL,
    subject text NOT NULL,
    name text,
    roles text[] NOT NULL,
    unit_id uuid,
    kinds text[] NOT NULL,
    -- shown among other cases
    listed boolean NOT NULL,
    -- a page's document or the fields that were asked for
    operation text NOT NULL
);
CREATE INDEX case_read_case ON case_read (case_id, at DESC, id DESC);
CREATE INDEX case_read_age ON case_read USING brin (at);
