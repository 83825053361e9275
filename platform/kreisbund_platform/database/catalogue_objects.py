"""What everybody may read: counties, units, public services, topics, templates and their versions."""

from uuid import UUID

from kreisbund_platform.database.object_types import Column, Connection, Key, Many, ObjectType, One, Plain

# The version on which an application received on {received_on} starts: the adopted one, unless its transition rule
# begins later; then the one before, if possible one that the county had released. Nothing where it is retired.
STARTS_ON = (
    "(SELECT v.id FROM template_adoption ad JOIN shared.template_version f ON f.id = ad.version_id"
    " JOIN shared.template_version v ON v.template_id = ad.template_id AND v.number <= f.number"
    " LEFT JOIN shared.version_publication pu ON pu.version_id = v.id AND pu.transition = 'RECEIVED_FROM'"
    " WHERE ad.template_id = %s AND ad.ended_at IS NULL AND coalesce(pu.transition_on <= %s, true)"
    " AND NOT EXISTS (SELECT 1 FROM shared.version_retirement re WHERE re.version_id = f.id)"
    " ORDER BY v.id = f.id DESC, EXISTS (SELECT 1 FROM template_release tr WHERE tr.version_id = v.id) DESC,"
    " v.number DESC LIMIT 1)"
)
TODAY = "({now}::timestamptz AT TIME ZONE 'Europe/Berlin')::date"
# New applications of this county start on the version it adopted; without an adoption, the newest stands for it.
NEWEST = "(SELECT v.id FROM shared.template_version v WHERE v.template_id = {p}.id ORDER BY v.number DESC LIMIT 1)"
ADOPTED = STARTS_ON % ("{p}.id", TODAY)
IN_FORCE = f"coalesce({ADOPTED}, {NEWEST})"
# As an application starts here: the form of the county's variant in force, where there is one.
LOCAL_START_FORM = (
    "(SELECT coalesce(va.forms, v.forms) -> v.start_form AS form FROM shared.template_version v"
    " LEFT JOIN template_variant va ON va.base_version_id = v.id AND va.status = 'IN_FORCE'"
    f" WHERE v.id = {IN_FORCE}) {{a}}"
)
START_FORM = "{a}.form_id = (SELECT v.start_form FROM shared.template_version v WHERE v.id = {a}.version_id)"
IN_LIFE = (
    "ad.ended_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM shared.version_retirement re WHERE re.version_id = ad.version_id)"
)
ADOPTED_HERE = f"EXISTS (SELECT 1 FROM template_adoption ad WHERE ad.template_id = {{a}}.id AND {IN_LIFE})"
EMPTY_LIST = Column("'[]'::json")
PUBLICATION = "(SELECT pu.%s FROM shared.version_publication pu WHERE pu.version_id = {a}.id)"
RETIREMENT = "(SELECT re.%s FROM shared.version_retirement re WHERE re.version_id = {a}.id)"
VERSION_STATUS = (
    f"CASE WHEN {RETIREMENT % 'retired_at'} IS NOT NULL THEN 'RETIRED' WHEN EXISTS (SELECT 1"
    " FROM shared.template_version nv WHERE nv.template_id = {a}.template_id AND nv.number > {a}.number"
    " AND NOT EXISTS (SELECT 1 FROM shared.version_retirement re WHERE re.version_id = nv.id))"
    " THEN 'SUPERSEDED' ELSE 'PUBLISHED' END"
)

TENANT = ObjectType(
    "Tenant",
    "shared.tenant {a}",
    {
        "id": Column("{a}.id"),
        "slug": Plain("{a}.slug"),
        "name": Column("{a}.name"),
        "regionalKey": Column("{a}.regional_key"),
        "kind": Column("{a}.kind"),
        "status": Plain("{a}.status"),
        "profile": Column("{a}.profile"),
    },
)
UNIT = ObjectType(
    "Unit",
    "shared.unit {a}",
    {"id": Column("{a}.id"), "slug": Column("{a}.slug"), "name": Column("{a}.name")},
)
LIFE_SITUATION = ObjectType(
    "LifeSituation",
    "shared.life_situation {a}",
    {
        "name": Column("{a}.name"),
        "subject": Column("{a}.subject"),
        "serviceCount": Column(
            "(SELECT count(*) FROM shared.public_service s JOIN shared.ozg_service z ON z.ozg_key = s.ozg_key"
            " WHERE z.life_situation = {a}.name)"
        ),
    },
)
PUBLIC_SERVICE = ObjectType(
    "PublicService",
    "shared.public_service {a}",
    {
        "id": Column("{a}.id"),
        "leikaKey": Column("{a}.leika_key"),
        "name": Column("{a}.name"),
        "legalBasis": Column("{a}.legal_basis"),
        "responsible": Column("{a}.responsible"),
        "synonyms": Column("{a}.synonyms"),
        "lifeSituations": Column(
            "coalesce((SELECT array_agg(z.life_situation) FROM shared.ozg_service z WHERE z.ozg_key = {a}.ozg_key"
            " AND z.life_situation IS NOT NULL), ARRAY[]::text[])"
        ),
        "offered": Column(
            "EXISTS (SELECT 1 FROM shared.process_template t JOIN template_adoption ad ON ad.template_id = t.id"
            f" WHERE t.leika_key = {{a}}.leika_key AND {IN_LIFE})"
        ),
        "templates": Many("ProcessTemplate", f"{{a}}.leika_key = {{p}}.leika_key AND {ADOPTED_HERE}", "{a}.title"),
    },
    elsewhere={"templates": EMPTY_LIST, "offered": Column("false")},
)
TOPIC = ObjectType(
    "Topic",
    "shared.topic {a}",
    {
        "id": Column("{a}.id"),
        "slug": Column("{a}.slug"),
        "title": Column("{a}.title"),
        "leadCounty": One("Tenant", "{a}.id = {p}.lead_tenant_id"),
    },
)
FORM = ObjectType(
    "Form",
    "(SELECT v.id AS version_id, f.key AS form_id, f.value AS form"
    " FROM shared.template_version v, json_each(v.forms) f) {a}",
    {
        "schema": Column("({a}.form::jsonb - 'example')"),
        "example": Column("coalesce({a}.form -> 'example', '{}'::json)"),
    },
)
PROCESS_TEMPLATE = ObjectType(
    "ProcessTemplate",
    "shared.process_template {a}",
    {
        "id": Column("{a}.id"),
        "slug": Column("{a}.slug"),
        "title": Column("{a}.title"),
        "summary": Column("{a}.summary"),
        "leikaKey": Column("{a}.leika_key"),
        "topic": One("Topic", "{a}.id = {p}.topic_id"),
        "service": One("PublicService", "{a}.leika_key = {p}.leika_key"),
        "currentVersion": One("TemplateVersion", f"{{a}}.id = {IN_FORCE}"),
        "startForm": One("Form", "{a}.form IS NOT NULL", source=LOCAL_START_FORM),
        "adoptedHere": Column(ADOPTED_HERE),
        "versions": Many("TemplateVersion", "{a}.template_id = {p}.id", "{a}.number DESC"),
        "adoptions": EMPTY_LIST,
        "adoptedVersion": One(
            "TemplateVersion",
            "{a}.id = (SELECT ad.version_id FROM template_adoption ad WHERE ad.template_id = {p}.id"
            " AND ad.ended_at IS NULL)",
        ),
        "releaseSettings": One("ReleaseSettings", "{a}.template_id = {p}.id"),
        "releases": Many("TemplateRelease", "{a}.template_id = {p}.id", "{a}.released_at DESC, {a}.id DESC", most=50),
        "drafts": EMPTY_LIST,
        "history": EMPTY_LIST,
    },
    elsewhere={
        "adoptedVersion": Column("NULL::text"),
        "releaseSettings": Column("NULL::text"),
        "releases": EMPTY_LIST,
        "drafts": Many("TemplateDraft", "{a}.template_slug = {p}.slug", "{a}.created_at DESC, {a}.id DESC"),
        "history": Many("TemplateHistoryEntry", "{a}.template_slug = {p}.slug", "{a}.at DESC, {a}.id DESC", most=200),
        "currentVersion": One("TemplateVersion", f"{{a}}.id = {NEWEST}"),
        "startForm": One("Form", f"{{a}}.version_id = {NEWEST} AND {START_FORM}"),
        "adoptedHere": Column("false"),
        "adoptions": Many("Adoption", "{a}.template_id = {p}.id", "{a}.adopted_at, {a}.tenant_id"),
    },
)
ADOPTION = ObjectType(
    "Adoption",
    "shared.adoption_overview {a}",
    {
        "county": One("Tenant", "{a}.id = {p}.tenant_id"),
        "version": One("TemplateVersion", "{a}.id = {p}.version_id"),
        "adoptedAt": Column("{a}.adopted_at"),
        "endedAt": Column("{a}.ended_at"),
    },
)
TEMPLATE_VERSION = ObjectType(
    "TemplateVersion",
    "shared.template_version {a}",
    {
        "id": Column("{a}.id"),
        "number": Column("{a}.number"),
        "contentHash": Column("{a}.content_hash"),
        "publishedAt": Column("{a}.published_at"),
        "bpmnXml": Column("{a}.bpmn_xml"),
        "manifest": Column("{a}.manifest"),
        "forms": Column("{a}.forms"),
        "decisions": Column("{a}.decisions"),
        "letters": Column("{a}.letters"),
        "template": One("ProcessTemplate", "{a}.id = {p}.template_id"),
        "status": Column(VERSION_STATUS),
        "transition": Column(f"coalesce({PUBLICATION % 'transition'}, 'ALL')"),
        "transitionOn": Column(PUBLICATION % "transition_on"),
        "retiredAt": Column(RETIREMENT % "retired_at"),
        "retiredReason": Column(RETIREMENT % "reason"),
        "signatures": Many(
            "VersionSignature",
            "{a}.target_id = coalesce((SELECT pu.signed_target_id FROM shared.version_publication pu"
            " WHERE pu.version_id = {p}.id), {p}.id)",
            "{a}.signed_at, {a}.key_id",
        ),
        "rollout": One("Rollout", "{a}.version_id = {p}.id"),
    },
)

TENANTS = Connection("Tenant", "true", (Key("{a}.created_at", "timestamptz"), Key("{a}.id", "uuid")))
HAS_VERSION = "EXISTS (SELECT 1 FROM shared.template_version v WHERE v.template_id = {a}.id)"
TEMPLATE_SEARCH = "(lower({a}.title) LIKE {contains}::text OR {a}.slug LIKE {contains}::text)"
OF_LIFE_SITUATION = (
    "EXISTS (SELECT 1 FROM shared.ozg_service z WHERE z.ozg_key = {a}.ozg_key AND"
    " z.life_situation = {life_situation}::text)"
)
RANKED_SERVICES = (
    "(SELECT s.*, r.n AS kb_rank FROM unnest({ranked}::uuid[]) WITH ORDINALITY r(id, n)"
    " JOIN shared.public_service s ON s.id = r.id) {a}"
)


def like_escaped(text: str) -> str:
    """The text with LIKE's own signs taken literally, in lower case."""
    return text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def templates(search: str | None) -> tuple[Connection, dict[str, object]]:
    """Published templates by title, all or those whose title or slug contains a text; and its bound values."""
    by_title = (Key("{a}.title", "text"), Key("{a}.id", "uuid"))
    condition = f"{HAS_VERSION} AND {TEMPLATE_SEARCH}" if search else HAS_VERSION
    values = {"contains": f"%{like_escaped(search)}%"} if search else {}
    return Connection("ProcessTemplate", condition, by_title, descending=False), dict(values)


def services(ranked: list[UUID] | None, life_situation: str | None) -> tuple[Connection, dict[str, object]]:
    """Public services by name, or in the order of `ranked` ids; narrowed to a life situation; and bound values."""
    condition = OF_LIFE_SITUATION if life_situation else "true"
    values: dict[str, object] = {"life_situation": life_situation} if life_situation else {}
    if ranked is None:
        by_name = (Key("{a}.name", "text"), Key("{a}.id", "uuid"))
        return Connection("PublicService", condition, by_name, descending=False), values
    values["ranked"] = ranked
    by_rank = (Key("{a}.kb_rank", "bigint"),)
    return Connection("PublicService", condition, by_rank, descending=False, source=RANKED_SERVICES), values


CATALOGUE_TYPES = (
    TENANT,
    UNIT,
    LIFE_SITUATION,
    PUBLIC_SERVICE,
    TOPIC,
    FORM,
    PROCESS_TEMPLATE,
    ADOPTION,
    TEMPLATE_VERSION,
)
