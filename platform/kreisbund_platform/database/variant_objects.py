"""A county's variants and rebases as its staff see them, and what services compute about them.

Computed lists come in as one bound JSON value each: `{points}`, `{differences}`, `{problems}`, `{targets}`.
"""

from kreisbund_platform.database.object_types import Column, Embedded, Many, ObjectType, One

NO_TABLE = "(SELECT 1) {a}"
STAFF = {"staff": "true"}
OF_TEMPLATE = "{a}.template_id = (SELECT t.id FROM shared.process_template t WHERE t.slug = {slug}::text)"


def _given(value: str, columns: str) -> str:
    return f"json_to_recordset({{{value}}}::json) AS {{a}}({columns})"


def _each(column: str) -> str:
    return (
        f"(SELECT (n - 1)::int AS position, o FROM json_array_elements({{p}}.{column}) WITH ORDINALITY x(o, n)) {{a}}"
    )


def _own(*names: str) -> dict[str, Column]:
    """Fields whose column is the name in snake case."""
    return {name: Column("{a}." + "".join(f"_{c.lower()}" if c.isupper() else c for c in name)) for name in names}


TEMPLATE_VARIANT = ObjectType(
    "TemplateVariant",
    "template_variant {a}",
    {
        **_own("id", "number", "version", "status", "contentHash", "bpmnXml", "forms", "letters", "createdAt"),
        **_own("createdBy", "inForceAt", "inForceBy", "replacedAt"),
        "base": One("TemplateVersion", "{a}.id = {p}.base_version_id"),
        "template": One("ProcessTemplate", "{a}.id = {p}.template_id"),
        "operations": Many("VariantOperation", "true", "{a}.position"),
    },
    rows=STAFF,
)
VARIANT_OPERATION = ObjectType(
    "VariantOperation",
    _each("operations"),
    {
        "point": Column("{a}.o ->> 'point'"),
        "kind": Column("{a}.o ->> 'kind'"),
        "value": Column("{a}.o -> 'value'"),
        "reason": Column("{a}.o ->> 'reason'"),
        "citation": Column("{a}.o ->> 'citation'"),
        "citationDate": Column("{a}.o ->> 'citation_date'"),
        "baseValue": Column("{a}.o ->> 'base_value'"),
        "fingerprint": Column("{a}.o ->> 'fingerprint'"),
    },
)
VARIABLE_POINT = ObjectType(
    "VariablePoint",
    _given(
        "points",
        "position int, id text, kind text, title text, element text, element_name text, norm text, citation text,"
        " binds text, unit text, base_value text, raw_value json, fingerprint text, locked text",
    ),
    {
        **_own("id", "kind", "title", "element", "elementName", "norm", "citation", "binds", "unit", "baseValue"),
        **_own("rawValue", "fingerprint", "locked"),
    },
)
VERSION_DIFFERENCE = ObjectType(
    "VersionDifference",
    _given(
        "differences",
        "position int, kind text, part text, place text, name text, before text, after text, sentence text,"
        " change_class text",
    ),
    _own("kind", "part", "place", "name", "before", "after", "sentence", "changeClass"),
)
VERSION_COMPARISON = ObjectType(
    "VersionComparison",
    NO_TABLE,
    {
        "differences": Many("VersionDifference", "true", "{a}.position", most=5000),
        "oldDrawing": Column("{old_drawing}::text"),
        "newDrawing": Column("{new_drawing}::text"),
    },
)
VARIANT_REBASE = ObjectType(
    "VariantRebase",
    "variant_rebase {a}",
    {
        **_own("id", "version", "status", "automatic", "startedAt", "startedBy", "finishedAt", "finishedBy"),
        **_own("undoneAt", "undoneBy", "undoneReason"),
        "template": One("ProcessTemplate", "{a}.id = {p}.template_id"),
        "fromVersion": One("TemplateVersion", "{a}.id = {p}.from_version_id"),
        "toVersion": One("TemplateVersion", "{a}.id = {p}.to_version_id"),
        "fromVariant": One("TemplateVariant", "{a}.id = {p}.from_variant_id"),
        "toVariant": One("TemplateVariant", "{a}.id = {p}.to_variant_id"),
        "steps": Many("RebaseStep", "true", "{a}.position"),
    },
    rows=STAFF,
)
REBASE_STEP = ObjectType(
    "RebaseStep",
    _each("steps"),
    {
        "position": Column("{a}.position"),
        "point": Column("{a}.o -> 'operation' ->> 'point'"),
        "kind": Column("{a}.o -> 'operation' ->> 'kind'"),
        "value": Column("{a}.o -> 'operation' -> 'value'"),
        "title": Column("{a}.o ->> 'title'"),
        "outcome": Column("{a}.o ->> 'outcome'"),
        "reason": Column("{a}.o ->> 'reason'"),
        "baseBefore": Column("{a}.o ->> 'base_before'"),
        "baseNow": Column("{a}.o ->> 'base_now'"),
        "mine": Column("{a}.o ->> 'mine'"),
        "decision": Embedded("RebaseDecision", "{a}.o ->> 'decision' IS NOT NULL"),
    },
)
REBASE_DECISION = ObjectType(
    "RebaseDecision",
    NO_TABLE,
    {
        "choice": Column("{a}.o -> 'decision' ->> 'choice'"),
        "value": Column("{a}.o -> 'decision' -> 'value'"),
        "point": Column("{a}.o -> 'decision' ->> 'point'"),
        "reason": Column("{a}.o -> 'decision' ->> 'reason'"),
        "by": Column("{a}.o -> 'decision' ->> 'by'"),
        "at": Column("{a}.o -> 'decision' ->> 'at'"),
    },
)
REBASE_PREVIEW = ObjectType(
    "RebasePreview",
    NO_TABLE,
    {
        "sound": Column("{sound}::boolean"),
        "hints": Column("{hints}::text[]"),
        "problems": Many("VariantProblem", "true", "{a}.position"),
        "targets": Many("RebaseTarget", "true", "{a}.position, {a}.id"),
        "comparison": One("VersionComparison", "true"),
    },
)
VARIANT_PROBLEM = ObjectType(
    "VariantProblem",
    _given("problems", "position int, path text, code text, message text"),
    _own("path", "code", "message"),
)
REBASE_TARGET = ObjectType(
    "RebaseTarget",
    _given("targets", "position int, id text, title text, base_value text"),
    _own("position", "id", "title", "baseValue"),
)
VARIANT_TYPES = (
    TEMPLATE_VARIANT,
    VARIANT_OPERATION,
    VARIABLE_POINT,
    VERSION_DIFFERENCE,
    VERSION_COMPARISON,
    VARIANT_REBASE,
    REBASE_STEP,
    REBASE_DECISION,
    REBASE_PREVIEW,
    VARIANT_PROBLEM,
    REBASE_TARGET,
)
