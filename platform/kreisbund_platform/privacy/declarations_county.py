"""A county's tables: what they hold of whom, how long, and how it is erased. Read by a person, kept by a test."""

from kreisbund_platform.privacy.retentions import (
    ANSWERS,
    CASE_FILE,
    CATALOGUE,
    EVENTS,
    FIGURES,
    LEDGER,
    OPERATION,
    READS,
    RIGHTS,
    TEMPLATE_WORK,
    UPLOADS,
)
from kreisbund_platform.privacy.terms import (
    Datum,
    Kind,
    Rule,
    Table,
    Whose,
    of_applicant,
    of_party,
    own_account,
    staff_account,
    staff_name,
    words,
)

ACCOUNTABLE = "Wer für Vorlage, Freigabe oder Umstellung verantwortlich ist, muss nachvollziehbar bleiben."

CASE_TABLES = (
    Table(
        "case_record", "Vorgänge", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="id",
        personal={"applicant_name": of_applicant(Kind.NAME), "data": of_applicant(Kind.FORM_DATA)},
        shown=words(
            "case_number file_reference status channel received_on opened_at due_at next_step next_step_by decided_at"
            " closed_at municipality_key"
        ),
        internal=words("id version template_id template_version_id variant_id unit_id state received_at"),
    ),
    Table(
        "application", "Anträge", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        account="applicant_subject",
        personal={
            "applicant_subject": own_account(),
            "status_secret_hash": of_applicant(Kind.SECRET),
            "withdrawal_reason": of_applicant(Kind.FREE_TEXT),
        },
        shown=words("submitted_at withdrawn_at"),
        internal=words("id case_id version status_tries status_locked_until"),
    ),
    Table(
        "party", "Beteiligte", CASE_FILE, Rule.WITH_CASE, legal_hold=True, party="id", account="subject",
        personal={
            "name": of_party(Kind.NAME),
            "subject": own_account(),
            "address": of_party(Kind.ADDRESS),
        },
        shown=words("role kind"),
        internal=words("id case_id represents position"),
    ),
    Table(
        "delivery", "Bekanntgaben", CASE_FILE, Rule.WITH_CASE, legal_hold=True, party="party_id",
        personal={
            "channel": of_party(Kind.ACT),
            "sent_at": of_party(Kind.ACT),
            "retrieved_at": of_party(Kind.ACT),
            "deemed_on": of_party(Kind.ACT),
        },
        internal=words("id decision_id party_id"),
    ),
    Table(
        "decision", "Bescheide", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        personal={
            "outcome": of_applicant(Kind.ACT),
            "fee_cents": of_applicant(Kind.ACT),
            "responsible_name": staff_name(),
        },
        shown=words("kind decided_at legal_basis remedy_kind remedy_addressee remedy_until"),
        internal=words("id case_id document_id"),
    ),
    Table(
        "document", "Dokumente", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        personal={"title": of_applicant(Kind.FILE), "created_by": staff_account()},
        shown=words("id kind media_type size_bytes created_at"),
        internal=words("case_id sha256 storage_key visible_to_applicant upload_id"),
    ),
    Table(
        "upload", "Hochgeladene Dateien", UPLOADS, Rule.WITH_ACCOUNT, legal_hold=True, case="claimed_by_case",
        account="subject",
        personal={"subject": own_account(), "file_name": of_applicant(Kind.FILE)},
        shown=words("media_type size_bytes scan_state created_at"),
        internal=words("id sha256 storage_key claimed_by_case scan_due_at scan_attempts"),
    ),
    Table(
        "message", "Nachrichten", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        personal={
            "author": staff_account(),
            "subject": of_applicant(Kind.FREE_TEXT),
            "text": of_applicant(Kind.FREE_TEXT),
        },
        shown=words("direction sent_at read_at"),
        internal=words("id case_id"),
    ),
    Table(
        "note", "Vermerke der Sachbearbeitung", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        personal={"author": staff_account(), "text": of_applicant(Kind.FREE_TEXT)},
        shown=words("written_at"),
        on_request=("text",),
        internal=words("id case_id event_id"),
    ),
    Table(
        "task", "Aufgaben", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        personal={"assignee": staff_account(), "completed_by": staff_account()},
        shown=words("name status role due_on created_at completed_at"),
        internal=words("id case_id token element_id version unit_id form_id due_at instance"),
    ),
    Table(
        "subscription", "Erwartete Nachrichten", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        personal={"correlation_key": of_applicant(Kind.FORM_DATA)},
        shown=words("name kind"),
        internal=words("case_id token element_id"),
    ),
    Table(
        "outbound_event", "Nachrichten an andere Vorgänge", CASE_FILE, Rule.WITH_CASE, legal_hold=True,
        case="from_case",
        personal={"correlation_key": of_applicant(Kind.FORM_DATA)},
        shown=words("name kind created_at"),
        internal=words("id from_case expires_at reached_case reached_token"),
    ),
    Table(
        "incident", "Störungen im Ablauf", CASE_FILE, Rule.WITH_CASE, legal_hold=True, case="case_id",
        personal={"resolved_by": staff_account()},
        shown=words("reason raised_at resolved_at"),
        internal=words("id case_id token element_id version"),
    ),
    Table(
        "case_upgrade_case", "Umstellungen auf eine neue Fassung", CASE_FILE, Rule.WITH_CASE, legal_hold=True,
        case="case_id",
        personal={"before": of_applicant(Kind.FORM_DATA)},
        shown=words("status changed_at"),
        internal=words(
            "upgrade_id case_id group_number planned_version reason explanation element_id path from_version_id"
            " from_variant_id version_after"
        ),
    ),
    Table(
        "legal_hold", "Löschsperren", CASE_FILE, Rule.WITH_CASE, case="case_id",
        personal={
            "reason": of_applicant(Kind.FREE_TEXT),
            "lifted_reason": of_applicant(Kind.FREE_TEXT),
            "set_by": staff_account(),
            "lifted_by": staff_account(),
        },
        shown=words("set_at lifted_at"),
        on_request=("reason", "lifted_reason"),
        internal=words("id version case_id"),
    ),
    Table("timer", "Wiedervorlagen des Ablaufs", CASE_FILE),
    Table("job", "Wiederholte Arbeitsschritte", CASE_FILE),
)  # fmt: skip

PROOFS = (
    Table(
        "event", "Ereignisprotokoll", EVENTS, Rule.KEEP, case="case_id",
        why="Die Kette bliebe nicht prüfbar; sie enthält Kennungen und Schlüsselwörter, keine Angaben.",
        personal={"actor": staff_account()},
        shown=words("at type"),
        internal=words("seq id case_id case_version task_id body hash"),
    ),
    Table(
        "case_read", "Wer die Daten gesehen hat", READS, Rule.KEEP, case="case_id",
        why="Nachweis gegenüber der betroffenen Person, auch nach der Löschung des Vorgangs.",
        personal={"subject": staff_account(), "name": staff_name()},
        shown=words("at roles kinds listed basis"),
        internal=words("id case_id unit_id operation"),
    ),
    Table(
        "idempotency", "Beantwortete Eingaben (verschlüsselt)", ANSWERS, Rule.KEY, account="subject",
        personal={"subject": own_account(), "sealed": of_applicant(Kind.FORM_DATA)},
        shown=words("mutation created_at"),
        internal=words("key request_hash document_hash result_type result_ids answer holders"),
    ),
    Table(
        "subject_key", "Schlüssel von Personen und Vorgängen", ANSWERS, Rule.KEY, target="holder",
        personal={"holder": of_applicant(Kind.ACCOUNT), "wrapped": of_applicant(Kind.SECRET)},
        shown=words("created_at"),
    ),
    Table(
        "erasure", "Löschnachweis", LEDGER, Rule.KEEP, target="target",
        why="Eine Wiederherstellung wiederholt die Löschungen; ohne Kennungen kann sie das nicht.",
        personal={"target": of_applicant(Kind.ACCOUNT), "ordered_by": staff_account()},
        shown=words("at kind ground"),
        internal=words("number id"),
    ),
    Table("erasure_run", "Verlauf der Löschläufe", LEDGER),
    Table("erased_file", "Dateien, die entfernt werden", UPLOADS),
    Table("county_key", "Schlüssel des Landkreises", OPERATION),
    Table("chain_head", "Ende des Ereignisprotokolls", EVENTS),
    Table("audit_watch", "Prüfstand des Ereignisprotokolls", EVENTS),
)  # fmt: skip

TEMPLATES = (
    Table(
        "template_adoption", "Übernommene Vorlagen", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        personal={"adopted_by": staff_account()},
        shown=words("adopted_at ended_at"),
        internal=words("template_id version_id variant_id"),
    ),
    Table(
        "template_variant", "Örtliche Varianten", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        personal={"created_by": staff_account(), "in_force_by": staff_account()},
        shown=words("number status created_at in_force_at replaced_at"),
        internal=words(
            "id template_id base_version_id version operations content_hash manifest bpmn_xml decisions forms letters"
        ),
    ),
    Table(
        "variant_rebase", "Überführte Varianten", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        personal={"started_by": staff_account(), "finished_by": staff_account(), "undone_by": staff_account()},
        shown=words("status started_at finished_at undone_at"),
        internal=words(
            "id template_id from_version_id to_version_id from_variant_id version steps to_variant_id automatic"
            " undone_reason"
        ),
    ),
    Table(
        "template_release", "Freigegebene Fassungen", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        personal={"released_by": staff_account()},
        shown=words("released_at automatic"),
        internal=words("id template_id version_id change_classes reason"),
    ),
    Table(
        "release_setting", "Automatische Freigabe", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        personal={"changed_by": staff_account()},
        shown=words("changed_at"),
        internal=words("template_id automatic_classes version"),
    ),
    Table(
        "case_upgrade", "Umstellungen von Vorgängen", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        personal={"created_by": staff_account()},
        shown=words("status created_at finished_at"),
        internal=words(
            "id version template_id to_version_id to_variant_id criteria mapping fields deadlines effective_on"
            " legal_basis tells_applicants warnings position previewed_at checked_at started_at undone_at"
        ),
    ),
    Table("case_upgrade_group", "Gruppen einer Umstellung", TEMPLATE_WORK),
    Table("version_health", "Störungen je Fassung", FIGURES),
    Table("period_figure", "Monatszahlen", FIGURES),
    Table("outbox", "Zählwerte für die Statistik", FIGURES),
    Table("case_number_counter", "Laufende Nummern", OPERATION),
    Table("schema_migration", "Stand des Schemas", CATALOGUE),
)  # fmt: skip

WHO_MAY = "Nachweis, wer wann für wen handeln durfte und wer nicht."

PEOPLE_AT_WORK = (
    Table(
        "staff_account", "Beschäftigte, die hier arbeiten", RIGHTS, Rule.KEEP, why=WHO_MAY, account="subject",
        personal={
            "subject": own_account(),
            "name": Datum(Kind.NAME, Whose.ACCOUNT),
            "username": Datum(Kind.NAME, Whose.ACCOUNT),
        },
        shown=words("roles seen_at"),
        internal=words("units"),
    ),
    Table(
        "account_block", "Gesperrte Konten", RIGHTS, Rule.KEEP, why=WHO_MAY, account="subject",
        personal={
            "subject": own_account(),
            "reason": Datum(Kind.FREE_TEXT, Whose.ACCOUNT),
            "blocked_by": staff_account(),
            "ended_by": staff_account(),
        },
        shown=words("blocked_at ended_at"),
        internal=words("id version"),
    ),
    Table(
        "substitution", "Vertretungen", RIGHTS, Rule.KEEP, why=WHO_MAY,
        personal={
            "absent": staff_account(),
            "substitute": staff_account(),
            "created_by": staff_account(),
            "ended_by": staff_account(),
        },
        shown=words("first_day last_day created_at ended_at"),
        internal=words("id version"),
    ),
    Table(
        "delegation", "Übertragene Rechte", RIGHTS, Rule.KEEP, why=WHO_MAY,
        personal={"delegator": staff_account(), "delegate": staff_account(), "ended_by": staff_account()},
        shown=words("role first_day last_day created_at ended_at"),
        internal=words("id version"),
    ),
    Table(
        "support_invitation", "Einladungen des Serviceteams", CASE_FILE, Rule.WITH_CASE, legal_hold=True,
        case="case_id",
        personal={
            "reason": of_applicant(Kind.FREE_TEXT),
            "invited_by": staff_account(),
            "revoked_by": staff_account(),
        },
        shown=words("invited_at until revoked_at"),
        internal=words("id case_id version"),
    ),
    Table(
        "emergency_access", "Notzugriffe des Betriebs", CASE_FILE, Rule.WITH_CASE, legal_hold=True,
        case="case_id",
        personal={
            "reason": of_applicant(Kind.FREE_TEXT),
            "requested_by": staff_account(),
            "requested_by_name": staff_name(),
            "confirmed_by": staff_account(),
            "confirmed_by_name": staff_name(),
            "confirmer": staff_name(),
            "ended_by": staff_account(),
        },
        shown=words("requested_at confirmed_at until ended_at"),
        internal=words("id case_id requesting_person confirming_person confirm_until version"),
    ),
    Table(
        "case_transfer", "Abgaben an andere und von anderen Landkreisen", CASE_FILE, Rule.WITH_CASE, legal_hold=True,
        case="case_id",
        personal={
            "reason": of_applicant(Kind.FREE_TEXT),
            "started_by": staff_account(),
            "package": of_applicant(Kind.SECRET),
        },
        shown=words("direction status other_case_number receipt_number started_at settled_at"),
        internal=words("id version case_id other_county package_sha256 history receipt"),
    ),
    Table(
        "approval", "Vier Augen: Vorschläge und Bestätigungen", RIGHTS, Rule.WITH_CASE, legal_hold=True,
        case="case_id",
        personal={
            "content": of_applicant(Kind.FORM_DATA),
            "proposed_by": staff_account(),
            "confirmed_by": staff_account(),
        },
        shown=words("operation proposed_at until confirmed_at used_at withdrawn_at"),
        internal=words("id case_id content_hash roles proposing_persons confirming_persons version"),
    ),
)  # fmt: skip

COUNTY_TABLES = CASE_TABLES + PROOFS + TEMPLATES + PEOPLE_AT_WORK
