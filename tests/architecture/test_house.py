"""Rules of the house that no linter keeps."""

import importlib
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Column
from sqlmodel import SQLModel

import kreisbund_platform

CHECKOUT = Path(__file__).parents[2]
FOLDERS = {
    "platform": "kreisbund_platform",
    "tenants": "kreisbund_tenants",
    "api": "kreisbund_api",
    "infra": "kreisbund_infra",
}
LONGEST_FILE = 400
TYPES = {
    "UUID": "uuid", "TEXT": "text", "VARCHAR": "text", "INTEGER": "integer", "BIG_INTEGER": "bigint",
    "BIGINT": "bigint", "BOOLEAN": "boolean",
    "DATE": "date", "DATETIME": "timestamp with time zone", "JSON": "json", "BLOB": "bytea", "REAL": "real",
    "CHAR(12)": "character", "ARRAY": "ARRAY", "NUMERIC": "numeric",
}  # fmt: skip


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [CHECKOUT / line for line in listed.stdout.splitlines() if (CHECKOUT / line).is_file()]


@pytest.mark.parametrize(("folder", "package"), FOLDERS.items())
def test_a_folder_holds_exactly_one_package_and_is_none(folder, package):
    assert not (CHECKOUT / folder / "__init__.py").exists(), f"{folder}/__init__.py would shadow a module"
    packages = [path.parent.name for path in (CHECKOUT / folder).glob("*/__init__.py")]
    assert packages == [package]


def test_every_file_is_one_room():
    long = {
        str(path.relative_to(CHECKOUT)): lines
        for path in tracked("*.py")
        if "tests" not in path.parts and (lines := path.read_text("utf-8").count("\n")) > LONGEST_FILE
    }
    assert not long


def test_no_lock_file_names_a_host():
    pinned = tracked("*.lock", "requirements*.in", "package*.json", ".npmrc")
    assert len(pinned) > 8
    assert not [path.name for path in pinned if re.search(r"https?://|index-url", path.read_text("utf-8"))]


def models() -> dict[tuple[str, str], type[SQLModel]]:
    for module in pkgutil.walk_packages(kreisbund_platform.__path__, "kreisbund_platform."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    return {(table.schema or "county", table.name): table for table in SQLModel.metadata.sorted_tables}


def declared(column: Column) -> tuple[str, bool]:
    kind = str(column.type.compile()).upper() if column.type.__class__.__name__ == "CHAR" else ""
    name = kind or column.type.__visit_name__.upper().replace("STRING", "TEXT").replace("LARGE_BINARY", "BLOB")
    return TYPES[name], bool(column.nullable)


def test_models_equal_the_migrated_tables(database, deployment, county):
    tables = models()
    assert len(tables) > 15
    with database.owner() as connection:
        rows = connection.execute(
            "SELECT table_schema, table_name, column_name, data_type, is_nullable = 'YES'"
            " FROM information_schema.columns WHERE table_schema IN ('shared', %s)",
            (county.schema_name,),
        ).fetchall()
    migrated: dict[tuple[str, str], dict[str, tuple[str, bool]]] = {}
    for schema, table, column, kind, nullable in rows:
        key = ("county" if schema == county.schema_name else schema, table)
        migrated.setdefault(key, {})[column] = (kind, nullable)
    for key, table in tables.items():
        assert {column.name: declared(column) for column in table.columns} == migrated[key], key
