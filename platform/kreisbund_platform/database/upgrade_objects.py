"""Case upgrades as a county's staff see them, and what a case's history says of one to everybody it concerns."""

from collections.abc import Mapping
from uuid import UUID

from kreisbund_platform.database.case_objects import own
from kreisbund_platform.database.object_types import (
    Column,
    Connection,
    Key,
    Many,
    ObjectType,
    One,
    newest_first,
)

STAFF = {"staff": "true"}
COUNTS = ("planned", "checked", "upgraded", "refused", "undone", "kept", "left_out")
COUNTED = ", ".join(f"count(*) FILTER (WHERE k.status = '{name.upper()}')::int AS {name}" for name in COUNTS)
SOURCE = (
    f"(SELECT u.*, n.* FROM case_upgrade u LEFT JOIN LATERAL (SELECT count(*)::int AS cases, {COUNTED}"
    " FROM case_upgrade_case k WHERE k.upgrade_id = u.id) n ON true) {a}"
)
OF_UPGRADE = "{a}.upgrade_id = {p}.id"
BY_CASE = (Key("{a}.case_id", "uuid"),)

CASE_UPGRADE = ObjectType(
    "CaseUpgrade",
    SOURCE,
    {
        "id": Column("{a}.id"),
        "version": Column("{a}.version"),
        "status": Column("{a}.status"),
        "template": One("ProcessTemplate", "{a}.id = {p}.template_id"),
        "toVersion": One("TemplateVersion", "{a}.id = {p}.to_version_id"),
        "toVariant": Column("{a}.to_variant_id"),
        "toBpmnXml": Column(
            "coalesce((SELECT v.bpmn_xml FROM template_variant v WHERE v.id = {a}.to_variant_id),"
            " (SELECT v.bpmn_xml FROM shared.template_version v WHERE v.id = {a}.to_version_id))"
        ),
        "criteria": Column("{a}.criteria"),
        "mapping": Column("{a}.mapping"),
        "fields": Column("{a}.fields"),
        "deadlines": Column("{a}.deadlines"),
        "effectiveOn": Column("{a}.effective_on"),
        "legalBasis": Column("{a}.legal_basis"),
        "tellsApplicants": Column("{a}.tells_applicants"),
        "warnings": Column("{a}.warnings"),
        "createdAt": Column("{a}.created_at"),
        "previewedAt": Column("{a}.previewed_at"),
        "checkedAt": Column("{a}.checked_at"),
        "startedAt": Column("{a}.started_at"),
        "finishedAt": Column("{a}.finished_at"),
        "undoneAt": Column("{a}.undone_at"),
        "cases": Column("{a}.cases"),
        **{name.replace("left_out", "leftOut"): Column(f"{{a}}.{name}") for name in COUNTS},
        "groups": Many("CaseUpgradeGroup", OF_UPGRADE, "{a}.possible, {a}.cases DESC, {a}.number"),
        "outcomes": Connection("CaseUpgradeOutcome", f"{OF_UPGRADE} AND {{a}}.reason IS NOT NULL", BY_CASE),
    },
    rows=STAFF,
)
CASE_UPGRADE_GROUP = ObjectType(
    "CaseUpgradeGroup",
    "case_upgrade_group {a}",
    {
        "number": Column("{a}.number"),
        "fromVersion": One("TemplateVersion", "{a}.id = {p}.from_version_id"),
        "fromVariant": Column("{a}.from_variant_id"),
        "fromBpmnXml": Column(
            "coalesce((SELECT v.bpmn_xml FROM template_variant v WHERE v.id = {a}.from_variant_id),"
            " (SELECT v.bpmn_xml FROM shared.template_version v WHERE v.id = {a}.from_version_id))"
        ),
        "signature": Column("{a}.signature"),
        "cases": Column("{a}.cases"),
        "possible": Column("{a}.possible"),
        "chosen": Column("{a}.chosen"),
        "elementId": Column("{a}.element_id"),
        "reason": Column("{a}.reason"),
        "path": Column("{a}.path"),
        "waiting": Column("{a}.waiting"),
        "changes": Column("{a}.changes"),
    },
    rows=STAFF,
)
CASE_UPGRADE_OUTCOME = ObjectType(
    "CaseUpgradeOutcome",
    "case_upgrade_case {a}",
    {
        "case": One("CaseRecord", "{a}.id = {p}.case_id"),
        "status": Column("{a}.status"),
        "reason": Column("{a}.reason"),
        "explanation": Column("{a}.explanation"),
        "elementId": Column("{a}.element_id"),
        "path": Column("coalesce({a}.path, ARRAY[]::text[])"),
    },
    rows=STAFF,
)
SUGGESTION = ObjectType(
    "CaseUpgradeSuggestion",
    "(SELECT d.template_id, d.version_id AS to_version_id, c.template_version_id AS from_version_id,"
    " count(*)::int AS cases FROM template_adoption d JOIN case_record c ON c.template_id = d.template_id"
    " AND (c.template_version_id <> d.version_id OR c.variant_id IS DISTINCT FROM d.variant_id)"
    " AND c.status IN ('SUBMITTED', 'IN_PROGRESS', 'WAITING', 'DECIDED')"
    " WHERE d.ended_at IS NULL GROUP BY 1, 2, 3) {a}",
    {
        "template": One("ProcessTemplate", "{a}.id = {p}.template_id"),
        "fromVersion": One("TemplateVersion", "{a}.id = {p}.from_version_id"),
        "toVersion": One("TemplateVersion", "{a}.id = {p}.to_version_id"),
        "cases": Column("{a}.cases"),
        "decisionsFrom": Column(
            "(SELECT min(p.transition_on) FROM shared.version_publication p"
            " JOIN shared.template_version n ON n.id = p.version_id AND n.template_id = {a}.template_id"
            " WHERE p.transition = 'DECISIONS_FROM' AND n.number >"
            " (SELECT o.number FROM shared.template_version o WHERE o.id = {a}.from_version_id) AND n.number <="
            " (SELECT f.number FROM shared.template_version f WHERE f.id = {a}.to_version_id))"
        ),
    },
    rows=STAFF,
)
UPGRADE_NOTICE = ObjectType(
    "UpgradeNotice",
    "(SELECT e.id AS event_id, e.case_id, (e.body ->> 'from_number')::int AS from_number,"
    " (e.body ->> 'to_number')::int AS to_number, u.effective_on, u.legal_basis FROM event e"
    " JOIN case_upgrade u ON u.id = (e.body ->> 'upgrade')::uuid"
    " WHERE e.type IN ('CASE_UPGRADED', 'CASE_UPGRADE_UNDONE')) {a}",
    {
        "fromNumber": Column("{a}.from_number"),
        "toNumber": Column("{a}.to_number"),
        "effectiveOn": Column("{a}.effective_on"),
        "legalBasis": Column("{a}.legal_basis"),
    },
    rows={**STAFF, "citizen": own("{a}.case_id")},
)
SUGGESTIONS = Many("CaseUpgradeSuggestion", "true", "{a}.cases DESC, {a}.template_id, {a}.from_version_id")
SUCCESS = ObjectType(
    "CaseUpgradeSuccess",
    "(SELECT 1) {a}",
    {"upgrade": One("CaseUpgrade", "{a}.id = {result}::uuid")},
)
UPGRADE_TYPES = (
    CASE_UPGRADE,
    CASE_UPGRADE_GROUP,
    CASE_UPGRADE_OUTCOME,
    SUGGESTION,
    UPGRADE_NOTICE,
    SUCCESS,
)


def upgrades(template_id: UUID | None) -> tuple[Connection, Mapping[str, object]]:
    """A county's upgrades, newest first, of one template or all; and the bound values."""
    condition = "{a}.template_id = {template_id}::uuid" if template_id else "true"
    values = {"template_id": template_id} if template_id else {}
    return Connection("CaseUpgrade", condition, newest_first("created_at")), values
