"""No statement reaches across schemas outside of `shared` (docs/citus.md): a county's tables are named bare, by its own
login's search_path, and whoever names a schema by a value names one at a time.
"""

import ast
import re

import pytest

from tests.architecture.test_house import CHECKOUT, tracked

# what a table's name may follow
TABLE = r"(?:ALTER|DROP|CREATE)\s+TABLE(?:\s+IF\s+(?:NOT\s+)?EXISTS)?"
PLACE = rf"\b(?:FROM|JOIN|INTO|UPDATE|USING|REFERENCES|ONLY|LOCK\s+TABLE|TRUNCATE|{TABLE})"
NAMED = re.compile(PLACE + r"\s+\"?([A-Za-z_]\w*|\{\w*\})\"?\s*\.\s*\"?([A-Za-z_]\w*|\{\w*\})")
IS_SQL = re.compile(
    r"^\s*(?:\(?\s*SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|LOCK|TRUNCATE|MERGE|GRANT|REVOKE)\b|\b(?:FROM|JOIN|INTO)\s+[a-z_]+\b",
    re.MULTILINE,
)
EVERYWHERE = {"shared", "pg_catalog", "information_schema"}
ROW = {"old", "new", "excluded"}  # what triggers and ON CONFLICT call their rows; aliases have one letter


def statements():
    """Every text of the product that is SQL: (file, text); what an f-string puts in is `{}`."""
    for path in tracked("platform/*.py", "tenants/*.py", "api/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = _text(node)
            if text and IS_SQL.search(text):
                yield path.relative_to(CHECKOUT).as_posix(), text
    for path in tracked("platform/*.sql"):
        yield path.relative_to(CHECKOUT).as_posix(), re.sub(r"--.*", "", path.read_text("utf-8"))


def _text(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def schemas_of(text):
    text = re.sub(r"\bDISTINCT\s+FROM\b", "<>", text)
    named = {schema.lower() for schema, _table in NAMED.findall(text)}
    return {schema for schema in named if len(schema) > 1} - ROW


def test_no_statement_names_a_schema_but_shared():
    texts = list(statements())
    assert len(texts) > 400
    assert sum("shared" in schemas_of(text) for _path, text in texts) > 100, "the pattern no longer finds names"
    strangers = {(path, schema) for path, text in texts for schema in schemas_of(text) - EVERYWHERE}
    assert not strangers


def test_a_statement_with_a_schema_given_by_value_is_given_one():
    """Two of them would be a way across; beside `shared` one may stand."""
    found = {}
    for path in tracked("platform/*.py", "tenants/*.py", "api/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_format = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
            )
            if is_format and (schemas := _by_value(node)):
                found[f"{path.relative_to(CHECKOUT).as_posix()}:{node.lineno}"] = schemas
    assert len(found) > 10, "the pattern no longer finds any"
    assert [place for place, schemas in found.items() if len(schemas - {"'shared'"}) > 1] == []


def _by_value(statement):
    """What stands for the schema where a statement is put together from names."""
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    qualified = [call for call in calls if ast.unparse(call.func) == "sql.Identifier" and len(call.args) > 1]
    return {ast.unparse(call.args[0]) for call in qualified}


@pytest.mark.parametrize("tree", ["tenant", "shared"])
def test_migrations_stay_in_their_schema(tree):
    """A county's files name their own tables bare; `shared` never names a county's."""
    files = tracked(f"platform/kreisbund_platform/database/migrations/{tree}/*.sql")
    assert len(files) > 8
    for path in files:
        text = re.sub(r"--.*", "", path.read_text("utf-8"))
        assert schemas_of(text) <= {"shared", "pg_catalog"}, path.name
        assert not re.search(r"\bcounty_[a-z]\w*\.", text), path.name
        if tree == "tenant":
            assert not re.search(r"REFERENCES\s+shared\.", text), f"{path.name}: a foreign key out of the schema"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT 1 FROM county_a.task t JOIN county_b.task u USING (id)", {"county_a", "county_b"}),
        ("INSERT INTO other.outbox VALUES (1)", {"other"}),
        ('UPDATE "county_a"."task" SET x = 1', {"county_a"}),
        ("DELETE FROM shared.tenant", {"shared"}),
        ("SELECT t.id FROM task t", set()),
        ("SELECT * FROM {}.task", {"{}"}),
        ("SELECT extract(year FROM c.due_on) FROM case_record c WHERE c.x IS DISTINCT FROM old.x", set()),
    ],
)
def test_the_check_sees_names(text, found):
    assert schemas_of(text) == found
