-- What one person proposes and a second one confirms, bound to the content's hash. Persons are natural ones; whose
-- lent rights somebody used counts as that person, too. Retention: 30 days after `until`.
CREATE TABLE approval (
    id uuid PRIMARY KEY,
    operation text NOT NULL,
    content_hash text NOT NULL,
    -- the operation's input as it was given
    content json NOT NULL,
    -- of a task; goes with its case
    case_id uuid REFERENCES case_record ON DELETE CASCADE,
    -- who may confirm: one of these roles
    roles text[] NOT NULL,
    proposed_at timestamptz NOT NULL,
    proposed_by text NOT NULL,
    proposing_persons text[] NOT NULL,
    until timestamptz NOT NULL,
    confirmed_at timestamptz,
    confirmed_by text,
    confirming_persons text[],
    used_at timestamptz,
    withdrawn_at timestamptz,
    version integer NOT NULL,
    CHECK (cardinality(proposing_persons) > 0),
    CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
    CHECK ((confirmed_at IS NULL) = (confirming_persons IS NULL)),
    CHECK (cardinality(confirming_persons) > 0),
    CHECK (NOT proposing_persons && confirming_persons),
    CHECK (used_at IS NULL OR confirmed_at IS NOT NULL),
    CHECK (used_at IS NULL OR withdrawn_at IS NULL)
);
CREATE INDEX approval_case ON approval (case_id) WHERE case_id IS NOT NULL;
CREATE UNIQUE INDEX approval_open ON approval (operation, content_hash, proposed_by)
    WHERE used_at IS NULL AND withdrawn_at IS NULL;
-- What was proposed stays what it was, and what was confirmed stays confirmed.
CREATE FUNCTION keep_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.operation, NEW.content_hash, NEW.proposed_by, NEW.proposing_persons, NEW.until)
            IS DISTINCT FROM (OLD.id, OLD.operation, OLD.content_hash, OLD.proposed_by, OLD.proposing_persons, OLD.until)
        OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by, NEW.confirming_persons)
            IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by, OLD.confirming_persons))
        OR (OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at) THEN
        RAISE EXCEPTION 'an approval does not change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_kept BEFORE UPDATE ON approval FOR EACH ROW EXECUTE FUNCTION keep_approval();
