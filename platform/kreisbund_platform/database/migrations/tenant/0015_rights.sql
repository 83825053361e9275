-- What counts at once beside the token: who is blocked, who stands in for whom, who lends a role, who is invited.
-- Staff as their tokens last described them: whom one can name, and the most that a delegation can give.
-- Retention: a year after they were last here.
CREATE TABLE staff_account (
    subject text PRIMARY KEY,
    name text,
    username text,
    roles text[] NOT NULL,
    units uuid[] NOT NULL,
    seen_at timestamptz NOT NULL
);
-- Any account of the county's realm, citizens' too. Retention: three years after its end.
CREATE TABLE account_block (
    id uuid PRIMARY KEY,
    subject text NOT NULL,
    reason text NOT NULL,
    blocked_at timestamptz NOT NULL,
    blocked_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    version integer NOT NULL,
    CHECK (subject <> blocked_by),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX account_block_standing ON account_block (subject) WHERE ended_at IS NULL;
-- Somebody does another person's assigned tasks, both days included. Retention: three years after the last day.
CREATE TABLE substitution (
    id uuid PRIMARY KEY,
    absent text NOT NULL REFERENCES staff_account,
    substitute text NOT NULL REFERENCES staff_account,
    first_day date NOT NULL,
    last_day date NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    version integer NOT NULL,
    CHECK (absent <> substitute),
    CHECK (first_day <= last_day),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX substitution_substitute ON substitution (substitute) WHERE ended_at IS NULL;
-- Somebody lends a role of their own, both days included. Retention: three years after the last day.
CREATE TABLE delegation (
    id uuid PRIMARY KEY,
    role text NOT NULL,
    delegator text NOT NULL REFERENCES staff_account,
    delegate text NOT NULL REFERENCES staff_account,
    first_day date NOT NULL,
    last_day date NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    version integer NOT NULL,
    CHECK (delegator <> delegate),
    CHECK (first_day <= last_day),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX delegation_delegate ON delegation (delegate) WHERE ended_at IS NULL;
-- The service team may look at one case, read-only. Retention: as the read log, three years after the year.
CREATE TABLE support_invitation (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    reason text NOT NULL,
    invited_at timestamptz NOT NULL,
    invited_by text NOT NULL,
    until timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    version integer NOT NULL,
    CHECK (until > invited_at AND until <= invited_at + interval '14 days'),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX support_invitation_case ON support_invitation (case_id, invited_at DESC);
-- On what ground somebody looked: as the county's office, or from outside by invitation.
ALTER TABLE case_read ADD COLUMN basis text NOT NULL DEFAULT 'OFFICE'
    CHECK (basis IN ('OFFICE', 'INVITATION'));
