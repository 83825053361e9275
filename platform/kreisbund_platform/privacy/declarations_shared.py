"""The tables of `shared`: sessions are the county's, the workshop of templates is the service team's."""

from kreisbund_platform.privacy.retentions import (
    ANSWERS,
    CATALOGUE,
    FIGURES,
    OPERATION,
    SESSION,
    TEMPLATE_WORK,
)
from kreisbund_platform.privacy.terms import (
    Datum,
    Keeper,
    Kind,
    Rule,
    Table,
    Whose,
    own_account,
    staff_account,
    staff_name,
    words,
)

ACCOUNTABLE = "Wer an einer Vorlage mitgewirkt hat, muss nachvollziehbar bleiben; Fassungen ändern sich nie."
SHORT = "Endet von selbst; wer sich abmeldet, beendet sie sofort."

COUNTY_SHARE = (
    Table(
        "web_session", "Anmeldungen", SESSION, Rule.KEEP, why=SHORT, account="subject", realm="issuer",
        workspace="registry",
        personal={"subject": own_account(), "wrapped": Datum(Kind.SECRET, Whose.ACCOUNT)},
        shown=words("created_at last_seen_at"),
        internal=words("id_hash issuer sid"),
    ),
    Table(
        "kept_form", "Eingaben, die auf eine neue Anmeldung warten", SESSION, Rule.KEEP,
        why="Verschlüsselt, nach einer Viertelstunde gelöscht.", account="subject", realm="issuer",
        workspace="registry",
        personal={"subject": own_account(), "wrapped": Datum(Kind.SECRET, Whose.ACCOUNT)},
        shown=words("kept_at"),
        internal=words("id issuer"),
    ),
    Table(
        "natural_person_account", "Konten derselben Person", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        account="subject", realm="realm",
        personal={"subject": own_account(), "registered_by": staff_account()},
        shown=words("registered_at"),
        internal=words("realm person_id"),
    ),
    Table(
        "signing_key", "Schlüssel zum Unterschreiben", TEMPLATE_WORK, Rule.KEEP, why=ACCOUNTABLE,
        account="subject", realm="realm",
        personal={"subject": own_account(), "name": Datum(Kind.NAME, Whose.ACCOUNT)},
        shown=words("created_at"),
        internal=words("id realm public_key certificate"),
    ),
)  # fmt: skip


def _workshop(name: str, title: str, personal: dict[str, Datum], others: str) -> Table:
    return Table(
        name,
        title,
        TEMPLATE_WORK,
        Rule.KEEP,
        why=ACCOUNTABLE,
        keeper=Keeper.SERVICE_TEAM,
        personal=personal,
        internal=words(others),
    )


WORKSHOP = (
    _workshop(
        "template_version", "Veröffentlichte Fassungen", {"published_by": staff_account()},
        "id template_id number content_hash manifest bpmn_xml decisions forms letters cases start_form published_at",
    ),
    _workshop(
        "template_draft", "Entwürfe", {"created_by": staff_account(), "updated_by": staff_account()},
        "id template_slug topic_id title base_version_id status version revision created_at updated_at",
    ),
    _workshop(
        "draft_revision", "Stände eines Entwurfs", {"saved_by": staff_account(), "saved_by_name": staff_name()},
        "id draft_id number saved_at files content_hash problems restored_from",
    ),
    _workshop(
        "review_round", "Abstimmungen", {"opened_by_name": staff_name(), "closed_by_name": staff_name()},
        "id draft_id number revision_id content_hash agreement_id rule lead_tenant_id members status opened_at"
        " open_until closed_at version",
    ),
    _workshop(
        "review_comment", "Anmerkungen zu Entwürfen",
        {
            "author": staff_account(),
            "author_name": staff_name(),
            "text": Datum(Kind.FREE_TEXT, Whose.STAFF),
            "resolved_by_name": staff_name(),
        },
        "id round_id parent_id file element_id written_at author_tenant_id resolved_at",
    ),
    _workshop(
        "review_vote", "Stimmen",
        {"cast_by": staff_account(), "cast_by_name": staff_name(), "reason": Datum(Kind.FREE_TEXT, Whose.STAFF)},
        "round_id tenant_id choice cast_at",
    ),
    _workshop(
        "template_history", "Verlauf einer Vorlage", {"actor": staff_account(), "actor_name": staff_name()},
        "id template_slug at type tenant_id draft_id version_id content_hash body",
    ),
    _workshop(
        "version_signature", "Unterschriften", {"person": staff_account(), "name": staff_name()},
        "target_id key_id statement signature signed_at",
    ),
    _workshop("version_retirement", "Außer Kraft gesetzte Fassungen", {"retired_by_name": staff_name()},
              "version_id retired_at reason"),
    _workshop(
        "rollout", "Einführungen", {"started_by_name": staff_name(), "changed_by_name": staff_name()},
        "version_id status current_ring ring_opened_at started_at reason changed_at version",
    ),
    Table(
        "idempotency", "Beantwortete Eingaben (verschlüsselt)", ANSWERS, Rule.KEEP, why="Nach sieben Tagen gelöscht.",
        keeper=Keeper.SERVICE_TEAM,
        personal={"subject": staff_account(), "sealed": Datum(Kind.FORM_DATA, Whose.STAFF)},
        internal=words(
            "mutation key request_hash document_hash result_type result_ids answer created_at holders"
        ),
    ),
)  # fmt: skip


def _impersonal(retention_name: str) -> tuple[Table, ...]:
    retention, names = _NOBODYS[retention_name]
    return tuple(Table(name, title, retention) for name, title in names.items())


_NOBODYS = {
    "operation": (
        OPERATION,
        {
            "tenant": "Mandanten",
            "tenant_secret": "Zugangsdaten der Mandanten",
            "workspace_secret": "Zugangsdaten der Arbeitsbereiche",
            "issuer": "Anmeldedienste",
            "county_hint": "Hinweise an den Hintergrunddienst, in welchem Mandanten etwas ansteht",
            "key_alarm": "Alarme über unangekündigte Schlüssel der Anmeldedienste",
            "unit": "Organisationseinheiten",
            "municipality": "Gemeinden",
            "cooperation_agreement": "Zweckvereinbarungen",
            "agreement_member": "Mitglieder der Zweckvereinbarungen",
            "signing_key_secret": "Geheime Teile der Unterschriftsschlüssel",
            "support_invitation": "Welcher Landkreis das Serviceteam eingeladen hat",
            "collector_position": "Stand der Zählung",
            "schema_migration": "Stand des Schemas",
        },
    ),
    "catalogue": (
        CATALOGUE,
        {
            "life_situation": "Lebenslagen",
            "ozg_service": "OZG-Leistungen",
            "public_service": "Leistungen",
            "public_service_term": "Suchwörter der Leistungen",
            "topic": "Themenkomplexe",
            "process_template": "Prozessvorlagen",
            "publication_proposal": "Vorschläge zur Veröffentlichung",
            "version_publication": "Veröffentlichungen",
            "rollout_ring": "Einführungsstufen",
            "rollout_county": "Landkreise je Einführungsstufe",
        },
    ),
    "figures": (
        FIGURES,
        {
            "dashboard_month": "Monatszahlen der Landkreise",
            "adoption_overview": "Übernahmen der Landkreise",
            "rollout_health": "Störungen je Fassung und Landkreis",
        },
    ),
}

SHARED_TABLES = COUNTY_SHARE + WORKSHOP + _impersonal("operation") + _impersonal("catalogue") + _impersonal("figures")
