"""Migrations only add: for as long as a version replaces another, the old program works on the new schema."""

import re

import pytest

from tests.architecture.test_house import tracked

FORBIDDEN = {
    "takes something away": r"\bDROP\s+(TABLE|COLUMN|FUNCTION|VIEW|TYPE|SCHEMA|TRIGGER)\b",
    "renames": r"\bRENAME\b",
    "changes a type": r"\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b",
    "forbids null where the old program writes it": r"\bSET\s+NOT\s+NULL\b",
    "wants a value that the old program does not write": r"\bADD\s+COLUMN\s+(?![^,;]*\bDEFAULT\b)[^,;]*\bNOT\s+NULL\b",
    "takes a default that the old program relies on": r"\bDROP\s+DEFAULT\b",
}

# what no program that may still run asks for
DROPPED = {
    "0021_code.sql": [
        "takes something away"
    ],  # functions that nobody calls since shared/0019_code.sql, a release before
}


def findings(text: str) -> list[str]:
    plain = re.sub(r"--.*", "", text)
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, plain, re.IGNORECASE)]


def test_migrations_only_add():
    files = tracked("platform/kreisbund_platform/database/migrations/*/*.sql")
    assert len(files) > 20
    assert {path.name: found for path in files if (found := findings(path.read_text("utf-8")))} == DROPPED


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("ALTER TABLE task DROP COLUMN name", 1),
        ("ALTER TABLE task RENAME TO work", 1),
        ("ALTER TABLE task ALTER COLUMN name TYPE varchar", 1),
        ("ALTER TABLE task ADD COLUMN due date NOT NULL", 1),
        ("ALTER TABLE task ADD COLUMN a date NOT NULL DEFAULT now(), ADD COLUMN b date NOT NULL", 1),
        ("ALTER TABLE task ADD COLUMN due date, ADD COLUMN kind text NOT NULL DEFAULT 'x'", 0),
        ("CREATE TABLE more (id uuid NOT NULL)", 0),
        ("ALTER TABLE task DROP CONSTRAINT task_check, ADD CONSTRAINT task_check CHECK (true)", 0),
    ],
)
def test_the_check_tells_them_apart(text, count):
    assert len(findings(text)) == count
