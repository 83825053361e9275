-- Baseline of the files up to 0022
-- What these files give one after the other, at once, for a county that is made now: no column is added to a table of
-- a moment before, no check replaced, no function made and dropped. Its ledger names the files as if they had run, and
-- later ones run after it. Columns stand in the order in which the files added them.
-- tests/database/test_baseline.py makes a county each way and compares all that the catalogues say of them. It fails for
-- a file that comes below the number and is not told of here, and for this file changed alone. The files themselves
-- stay as they are: older counties have run them, and an older export is restored through them.

-- One county's cases. The county's login role may read and write rows here; it owns nothing.
CREATE TABLE case_number_counter (
    year integer PRIMARY KEY,
    last_number integer NOT NULL
);
CREATE TABLE template_adoption (
    template_id uuid PRIMARY KEY,
    version_id uuid NOT NULL,
    adopted_at timestamptz NOT NULL,
    adopted_by text NOT NULL,
    ended_at timestamptz,
    -- kept by triggers: the variant in force of the adopted version
    variant_id uuid
);
CREATE TABLE case_record (
    id uuid PRIMARY KEY,
    case_number text NOT NULL UNIQUE,
    file_reference text,
    status text NOT NULL CHECK (status IN
        ('SUBMITTED', 'IN_PROGRESS', 'WAITING', 'DECIDED', 'WITHDRAWN', 'CLOSED', 'TRANSFERRED')),
    version integer NOT NULL,
    channel text NOT NULL,
    template_id uuid,
    template_version_id uuid,
    unit_id uuid,
    applicant_name text,
    -- the form's data and what tasks and decisions added: clear data, deleted by erasure
    data json,
    -- the engine's tokens; see engine/advance.py
    state json NOT NULL,
    received_at timestamptz NOT NULL,
    received_on date NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz,
    -- what the applicant is told: the next step and its date
    next_step text,
    next_step_by date,
    decided_at timestamptz,
    closed_at timestamptz,
    -- regional key of the municipality whose calendar counts
    municipality_key char(12),
    variant_id uuid
) WITH (fillfactor = 70);
CREATE INDEX case_record_newest ON case_record (opened_at DESC, id DESC);
CREATE INDEX case_record_status ON case_record (status, opened_at DESC, id DESC);
CREATE INDEX case_record_due ON case_record (due_at) WHERE status IN ('SUBMITTED', 'IN_PROGRESS', 'WAITING');
CREATE INDEX case_record_template_version ON case_record (template_version_id, status);
CREATE INDEX case_record_closed ON case_record (closed_at) WHERE closed_at IS NOT NULL;
CREATE TABLE application (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL UNIQUE REFERENCES case_record ON DELETE CASCADE,
    version integer NOT NULL,
    submitted_at timestamptz NOT NULL,
    -- null for a guest and for paper
    applicant_subject text,
    -- guests: sha256 of the secret that shows the status
    status_secret_hash bytea,
    status_tries integer NOT NULL DEFAULT 0,
    status_locked_until timestamptz,
    withdrawn_at timestamptz,
    withdrawal_reason text
);
CREATE INDEX application_applicant ON application (applicant_subject, submitted_at DESC, id DESC);
CREATE TABLE party (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    role text NOT NULL,          -- applicant, beneficiary, representative, opponent, consulted_body, neighbour
    kind text NOT NULL,          -- person, organisation
    name text,
    subject text,
    address json,
    represents uuid[] NOT NULL DEFAULT '{}',
    position integer NOT NULL
);
CREATE INDEX party_case ON party (case_id, position);
CREATE INDEX party_name ON party (lower(name) text_pattern_ops);
CREATE INDEX party_subject ON party (subject) WHERE subject IS NOT NULL;
CREATE TABLE task (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLAIMED', 'COMPLETED', 'CANCELLED')),
    version integer NOT NULL,
    role text NOT NULL,
    unit_id uuid,
    assignee text,
    form_id text,
    due_at timestamptz,
    due_on date,
    created_at timestamptz NOT NULL,
    completed_at timestamptz,
    completed_by text,
    instance integer,
    CHECK ((status = 'CLAIMED') <= (assignee IS NOT NULL))
);
CREATE INDEX task_case ON task (case_id, created_at DESC, id DESC);
CREATE INDEX task_newest ON task (created_at DESC, id DESC);
CREATE INDEX task_inbox ON task (role, status, created_at DESC, id DESC);
CREATE UNIQUE INDEX task_token ON task (case_id, token) WHERE status IN ('OPEN', 'CLAIMED');
CREATE TABLE timer (
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (case_id, token, element_id)
);
CREATE INDEX timer_due ON timer (due_at);
CREATE TABLE subscription (
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL DEFAULT 'message' CHECK (kind IN ('message', 'signal')),
    correlation_key text,
    PRIMARY KEY (case_id, token, element_id)
);
CREATE INDEX subscription_name ON subscription (name, correlation_key);
CREATE TABLE note (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    event_id uuid NOT NULL,
    author text NOT NULL,
    text text NOT NULL,
    written_at timestamptz NOT NULL
);
CREATE INDEX note_case ON note (case_id, written_at);
CREATE TABLE message (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    direction text NOT NULL CHECK (direction IN ('TO_APPLICANT', 'FROM_APPLICANT')),
    author text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    sent_at timestamptz NOT NULL,
    read_at timestamptz
);
CREATE INDEX message_case ON message (case_id, sent_at);
CREATE TABLE upload (
    id uuid PRIMARY KEY,
    subject text NOT NULL,
    file_name text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    storage_key text NOT NULL,
    scan_state text NOT NULL DEFAULT 'NOT_SCANNED',
    created_at timestamptz NOT NULL,
    claimed_by_case uuid REFERENCES case_record ON DELETE CASCADE,
    -- what no scanner has looked at yet waits
    scan_due_at timestamptz,
    scan_attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX upload_unclaimed ON upload (created_at) WHERE claimed_by_case IS NULL;
CREATE INDEX upload_scan_due ON upload (scan_due_at) WHERE scan_due_at IS NOT NULL;
CREATE INDEX upload_content ON upload (storage_key);
CREATE INDEX upload_subject ON upload (subject);
CREATE INDEX upload_case ON upload (claimed_by_case) WHERE claimed_by_case IS NOT NULL;
CREATE TABLE document (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    kind text NOT NULL,                         -- notice, letter, upload
    title text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    storage_key text NOT NULL,
    visible_to_applicant boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    -- what somebody sent shows the state of its upload; what the county made itself has none
    upload_id uuid REFERENCES upload ON DELETE CASCADE
);
CREATE INDEX document_case ON document (case_id, created_at DESC, id DESC);
CREATE INDEX document_upload ON document (upload_id) WHERE upload_id IS NOT NULL;
CREATE TABLE decision (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    kind text NOT NULL,                         -- MAIN, FEE, INTERIM
    outcome text NOT NULL,                      -- GRANTED, PARTLY_GRANTED, REFUSED, ...
    decided_at timestamptz NOT NULL,
    document_id uuid NOT NULL REFERENCES document,
    legal_basis text NOT NULL,
    responsible_name text NOT NULL,
    fee_cents bigint NOT NULL DEFAULT 0,
    remedy_kind text,                           -- OBJECTION, COURT_ACTION
    remedy_addressee text,
    remedy_until date
);
CREATE INDEX decision_case ON decision (case_id, decided_at DESC, id DESC);
CREATE INDEX decision_document ON decision (document_id);
CREATE TABLE delivery (
    id uuid PRIMARY KEY,
    decision_id uuid NOT NULL REFERENCES decision ON DELETE CASCADE,
    party_id uuid REFERENCES party,
    channel text NOT NULL,                      -- PORTAL, LETTER
    sent_at timestamptz,
    retrieved_at timestamptz,
    deemed_on date
);
CREATE INDEX delivery_decision ON delivery (decision_id);
CREATE INDEX delivery_party ON delivery (party_id);
-- The county's event log: one chain. Holds ids and codes, never a form value, a name or free text.
CREATE TABLE chain_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO chain_head (seq, hash) VALUES (0, sha256('kreisbund'));
CREATE TABLE event (
    seq bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    case_id uuid,
    case_version integer,
    at timestamptz NOT NULL,
    type text NOT NULL,
    actor text,
    task_id uuid,
    body json NOT NULL,
    hash bytea NOT NULL
) WITH (autovacuum_analyze_threshold = 20000);
CREATE INDEX event_case ON event (case_id, seq DESC);
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION code.keep_event();
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- lets the collector stop before transactions that still run
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic text NOT NULL,
    payload json NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE period_figure (
    month date PRIMARY KEY,
    median_days numeric(6, 1),
    online_share numeric(4, 2),
    closed_at timestamptz NOT NULL
);
CREATE TABLE idempotency (
    subject text NOT NULL,
    mutation text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    document_hash bytea NOT NULL,
    result_type text,
    result_ids json,
    answer text,
    created_at timestamptz NOT NULL,
    -- the answer under the keys of `holders`, all of them
    sealed bytea,
    holders text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (subject, mutation, key)
) WITH (autovacuum_analyze_threshold = 20000);
CREATE INDEX idempotency_age ON idempotency (created_at);
-- What a case may wait for beside tasks and timers.
-- a service task whose work failed and is tried again
CREATE TABLE job (
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, token)
);
CREATE INDEX job_due ON job (due_at);
-- a token that cannot go on until an authorised person retries or repairs it; reason is a code
CREATE TABLE incident (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    token integer NOT NULL,
    element_id text NOT NULL,
    reason text NOT NULL,
    version integer NOT NULL,
    raised_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by text
);
CREATE INDEX incident_case ON incident (case_id, raised_at DESC, id DESC);
CREATE UNIQUE INDEX incident_open ON incident (case_id, token) WHERE resolved_at IS NULL;
-- messages and signals on their way from one case to others of this county; the worker delivers them
CREATE TABLE outbound_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('message', 'signal')),
    name text NOT NULL,
    correlation_key text,
    from_case uuid REFERENCES case_record ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- how far a signal has come among those who wait for it
    reached_case uuid,
    reached_token integer
);
CREATE INDEX outbound_event_case ON outbound_event (from_case);
-- A county's variation of a template. What stands in force never changes; a draft does until it is put in force.
-- forms to letters: the whole template as it runs here, so that a case never depends on how operations are applied.
CREATE TABLE template_variant (
    id uuid PRIMARY KEY,
    template_id uuid NOT NULL,
    base_version_id uuid NOT NULL,
    number integer NOT NULL,
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL CHECK (status IN ('DRAFT', 'IN_FORCE', 'REPLACED')),
    -- [{point, kind, value, reason, citation, citation_date, fingerprint, base_value}]
    operations json NOT NULL,
    content_hash text NOT NULL,
    manifest json NOT NULL,
    bpmn_xml text NOT NULL,
    decisions json NOT NULL,
    forms json NOT NULL,
    letters json NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    in_force_at timestamptz,
    in_force_by text,
    replaced_at timestamptz,
    UNIQUE (template_id, number)
);
-- New applications of a base version start on the one in force; there is one draft at a time.
CREATE UNIQUE INDEX template_variant_in_force ON template_variant (base_version_id) WHERE status = 'IN_FORCE';
CREATE UNIQUE INDEX template_variant_draft ON template_variant (template_id) WHERE status = 'DRAFT';
CREATE TRIGGER template_variant_immutable BEFORE UPDATE OR DELETE ON template_variant
    FOR EACH ROW EXECUTE FUNCTION code.keep_variant();
CREATE TRIGGER template_adoption_variant BEFORE INSERT OR UPDATE ON template_adoption
    FOR EACH ROW EXECUTE FUNCTION code.find_variant();
CREATE TRIGGER template_variant_adoption AFTER INSERT OR UPDATE OF status ON template_variant
    FOR EACH ROW EXECUTE FUNCTION code.renew_adoption();
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
-- Moving running cases to another version or variant of their template: what was previewed and done, and what undoing it needs.
CREATE TABLE case_upgrade (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL CHECK (status IN
        ('PREVIEWED', 'CHECKING', 'RUNNING', 'STOPPED', 'DONE', 'UNDOING', 'UNDO_STOPPED', 'UNDONE')),
    template_id uuid NOT NULL,
    to_version_id uuid NOT NULL,
    to_variant_id uuid,
    -- which cases: source versions, statuses, dates
    criteria json NOT NULL,
    -- element ids old -> new, where they differ
    mapping json NOT NULL,
    -- {"rename": {old: new}, "drop": [old], "add": {new: value}}
    fields json NOT NULL,
    deadlines text NOT NULL CHECK (deadlines IN ('KEEP', 'RECOMPUTE')),
    effective_on date NOT NULL,
    legal_basis text NOT NULL,
    tells_applicants boolean NOT NULL,
    -- what a person should look at: [{"path", "message"}]
    warnings json NOT NULL,
    -- the last case that the pass in work has served; cases are served in the order of their ids
    position uuid,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    previewed_at timestamptz NOT NULL,
    checked_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    undone_at timestamptz
);
CREATE INDEX case_upgrade_newest ON case_upgrade (created_at DESC, id DESC);
-- one row per marking and source: judged once for all its cases
CREATE TABLE case_upgrade_group (
    upgrade_id uuid NOT NULL REFERENCES case_upgrade ON DELETE CASCADE,
    number integer NOT NULL,
    from_version_id uuid NOT NULL,
    from_variant_id uuid,
    signature text NOT NULL,
    cases integer NOT NULL,
    possible boolean NOT NULL,
    chosen boolean NOT NULL,
    element_id text,
    reason text,
    path text[] NOT NULL,
    -- elements at which its tokens rest
    waiting text[] NOT NULL,
    -- tasks, timers and messages that open, close or change: {"opens": [...], "closes": [...], "changes": [...]}
    changes json NOT NULL,
    PRIMARY KEY (upgrade_id, number)
);
CREATE TABLE case_upgrade_case (
    upgrade_id uuid NOT NULL REFERENCES case_upgrade ON DELETE CASCADE,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    group_number integer NOT NULL,
    planned_version integer NOT NULL,
    status text NOT NULL CHECK (status IN
        ('LEFT_OUT', 'PLANNED', 'CHECKED', 'UPGRADED', 'REFUSED', 'UNDONE', 'KEPT')),
    -- why it was refused or kept: a code, the element and the path that show it
    reason text,
    explanation text,
    element_id text,
    path text[],
    from_version_id uuid,
    from_variant_id uuid,
    version_after integer,
    changed_at timestamptz,
    -- what undoing restores; goes with the case
    before json,
    PRIMARY KEY (upgrade_id, case_id)
) WITH (fillfactor = 20);
CREATE INDEX case_upgrade_case_case ON case_upgrade_case (case_id);
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
    operation text NOT NULL,
    -- on what ground: as the county's office, or from outside
    basis text NOT NULL DEFAULT 'OFFICE'
) WITH (autovacuum_analyze_threshold = 20000);
ALTER TABLE case_read ADD CONSTRAINT case_read_basis_check
    CHECK (basis IN ('OFFICE', 'INVITATION', 'EMERGENCY')) NOT VALID;
CREATE INDEX case_read_case ON case_read (case_id, at DESC, id DESC);
CREATE INDEX case_read_age ON case_read USING brin (at);
-- Keys by which what is kept for a time becomes unreadable at once, holds against erasure, and what was erased.
-- The county's own key, wrapped by the deployment's; it wraps the keys of persons and cases.
CREATE TABLE county_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    wrapped bytea NOT NULL
);
-- holder: account/<subject> or case/<id>. A key is made or destroyed, never changed.
CREATE TABLE subject_key (
    holder text PRIMARY KEY,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL
);
-- What may not be erased while a dispute, an audit or an investigation lasts (Art. 17 Abs. 3 DSGVO).
CREATE TABLE legal_hold (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    reason text NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    lifted_reason text
);
CREATE UNIQUE INDEX legal_hold_open ON legal_hold (case_id) WHERE lifted_at IS NULL;
-- The ledger of erasures: pseudonymous ids, nothing of what was erased. A restore replays it before it opens.
-- Numbers are gapless: whoever enters holds the head of the event log.
CREATE TABLE erasure (
    number bigint PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('CASE', 'ACCOUNT')),
    -- the case's id, or the account's subject
    target text NOT NULL,
    ground text NOT NULL CHECK (ground IN ('RETENTION', 'REQUEST')),
    -- the officer's account; null: the worker, when the time had come
    ordered_by text
);
CREATE INDEX erasure_target ON erasure (target);
-- One day's automatic erasure.
CREATE TABLE erasure_run (
    id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    due integer NOT NULL,
    erased integer NOT NULL,
    -- past their time but under a legal hold
    held integer NOT NULL
);
CREATE UNIQUE INDEX erasure_run_open ON erasure_run ((true)) WHERE finished_at IS NULL;
-- Files whose rows are gone and that the worker removes from the store.
CREATE TABLE erased_file (
    storage_key text PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
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
CREATE TRIGGER approval_kept BEFORE UPDATE ON approval FOR EACH ROW EXECUTE FUNCTION code.keep_approved();
-- A case that moved to another county, and one that came from there. Both sides know the package by one id.
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
-- Two operators look at one case in an emergency, read-only, for an hour, without anybody of the county having invited
-- them. Persons are natural ones. Nothing of it can be prolonged: the moments follow from each other.
-- Retention: as the read log, three years after the year.
CREATE TABLE emergency_access (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES case_record ON DELETE CASCADE,
    reason text NOT NULL CHECK (length(reason) >= 20),
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    requested_by_name text NOT NULL,
    requesting_person text NOT NULL,
    -- the user name of who alone may confirm; NULL: any other operator
    confirmer text,
    confirm_until timestamptz NOT NULL,
    confirmed_at timestamptz,
    confirmed_by text,
    confirmed_by_name text,
    confirming_person text,
    until timestamptz,
    ended_at timestamptz,
    ended_by text,
    version integer NOT NULL,
    CHECK (confirm_until = requested_at + interval '60 minutes'),
    CHECK (confirmed_at >= requested_at AND confirmed_at < confirm_until),
    CHECK (until = confirmed_at + interval '60 minutes'),
    CHECK (num_nulls(confirmed_at, confirmed_by, confirmed_by_name, confirming_person, until) IN (0, 5)),
    CHECK (requested_by <> confirmed_by),
    CHECK (requesting_person <> confirming_person),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX emergency_access_case ON emergency_access (case_id, requested_at DESC);
CREATE INDEX emergency_access_requested ON emergency_access (requested_at DESC);
CREATE TRIGGER emergency_access_kept BEFORE UPDATE ON emergency_access
    FOR EACH ROW EXECUTE FUNCTION code.keep_emergency();
