"""A report finds what lies in any table of one person, and nothing of anybody else's."""

import itertools
import json
from contextlib import nullcontext
from uuid import uuid4

import pytest
from psycopg import sql

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.privacy import persons, report
from kreisbund_platform.privacy.declarations import COUNTY_SHARE, OF_PERSONS
from kreisbund_platform.privacy.terms import Kind as Datum
from kreisbund_platform.privacy.terms import Whose
from tests.support.fixtures import START, principal_of

TYPES = """SELECT a.attname, format_type(a.atttypid, NULL), a.attidentity <> '', pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"""


class Planting:
    """One row for a person in every table, whatever its columns."""

    def __init__(self, owner, work, name):
        self.owner, self.work, self.name = owner, work, name
        self.account = f"account-{name}"
        self.case, self.party = new_id(Kind.CASE_RECORD, START), new_id(Kind.PARTY, START)
        self.texts: dict[str, set[str]] = {}
        self.numbers = itertools.count(1_000_000 if name == "erna" else 2_000_000)

    def everywhere(self):
        for table in OF_PERSONS:
            self.row(table)

    def row(self, table, **more):
        schema = "shared" if table in COUNTY_SHARE else self.work.tenant.schema_name
        place = sql.Identifier(schema, table.name)
        columns = self.owner.execute(TYPES, (f'"{schema}"."{table.name}"',)).fetchall()
        values = {
            name: self.value(table, name, kind) for name, kind, identity, _default in columns if not identity
        } | more
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            place,
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        )
        self.owner.execute(statement, list(values.values()))

    def value(self, table, column, kind):
        if column == table.case:
            return self.case
        if column == table.party:
            return self.party
        if column == table.account:
            return self.account
        if column == table.target:
            return f"case/{self.case}" if column == "holder" else str(self.case)
        if column == table.realm:
            tenant = self.work.tenant.slug
            return self.work.settings.issuer_of(tenant) if column == "issuer" else tenant
        if column in table.personal and table.personal[column].kind is Datum.ACCOUNT:
            return self.account
        return self.filling(table, column, kind)

    def filling(self, table, column, kind):
        text = f"{self.name}:{table.name}.{column}"
        if kind == "text":
            if column in table.personal and table.personal[column].whose is not Whose.STAFF:
                self.texts.setdefault(table.name, set()).add(text)
            return FIXED.get((table.name, column), text)
        if kind == "json":
            if column in table.personal:
                self.texts.setdefault(table.name, set()).add(text)
            return json.dumps({"reason": text})
        number = next(self.numbers)
        plain = {
            "uuid": uuid4(),
            "integer": number,
            "bigint": number,
            "boolean": True,
            "bytea": text.encode(),
            "date": START.date(),
            "timestamp with time zone": START,
            "text[]": [],
            "uuid[]": [],
            "character": "160620000000",
        }
        return plain[kind]


FIXED = {
    ("case_record", "status"): "CLOSED", ("task", "status"): "COMPLETED", ("message", "direction"): "TO_APPLICANT",
    ("subscription", "kind"): "message", ("outbound_event", "kind"): "message", ("erasure", "kind"): "CASE",
    ("erasure", "ground"): "REQUEST", ("template_variant", "status"): "REPLACED",
    ("variant_rebase", "status"): "UNDONE",
    ("case_upgrade", "status"): "DONE", ("case_upgrade_case", "status"): "UPGRADED",
    ("case_upgrade", "deadlines"): "KEEP",
}  # fmt: skip


@pytest.fixture
def planted(deployment, county):
    """Two people's rows in every table, without foreign keys and checks, in a transaction that is taken back."""
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        keys = owner.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype IN ('f', 'c') AND conrelid <> 0"
        ).fetchall()
        for table, name in keys:
            owner.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        owner.execute(f"SET LOCAL search_path = {county.schema_name}, pg_catalog")
        officer = principal_of(county, "data_protection_officer")
        work = WorkContext(owner, county, officer, ManualClock(START), deployment.settings)
        found = [Planting(owner, work, name) for name in ("erna", "otto")]
        for each in found:
            each.everywhere()
        yield work, *found


def reported(work, person, worked=True, complete=True):
    extent = report.Extent(worked, complete)
    return report.report_of(work, person, lambda workspace: nullcontext(work.connection), extent)


def test_every_table_with_personal_data_is_in_it_and_nothing_of_others(planted):
    work, erna, otto = planted
    found = reported(work, persons.of_account(work, erna.account))
    assert {section["table"] for section in found["sections"]} == {table.name for table in OF_PERSONS}
    text = json.dumps(found, ensure_ascii=False)
    for table, texts in erna.texts.items():
        for each in texts:
            assert each in text, table
    assert "otto" not in text
    assert str(otto.case) not in text
    assert all(len(section["rows"]) == 1 for section in found["sections"]), "one row was planted in each"


def test_a_citizen_finds_all_that_is_theirs_without_a_search_for_what_they_worked_on(planted):
    work, erna, _otto = planted
    person = persons.of_account(work, erna.account)
    by_work_alone = {
        table.name for table in OF_PERSONS if not (table.case or table.party or table.account or table.target)
    }
    found = {section["table"] for section in reported(work, person, worked=False)["sections"]}
    assert found == {table.name for table in OF_PERSONS} - by_work_alone
    assert {"template_release", "case_upgrade"} <= by_work_alone


def test_by_a_party_without_an_account_it_is_the_same_but_for_what_hangs_on_the_account(planted):
    work, erna, _otto = planted
    work.connection.execute("UPDATE party SET subject = NULL, role = 'applicant', case_id = %s WHERE id = %s",
                            (erna.case, erna.party))  # fmt: skip
    found = reported(work, persons.of_party(work, str(erna.party)))
    tables = {section["table"] for section in found["sections"]}
    assert tables == {table.name for table in OF_PERSONS if table.case or table.party or table.target}
    assert "otto" not in json.dumps(found)


def test_another_party_of_the_case_finds_its_own_rows_and_not_the_applicants(planted):
    work, erna, otto = planted
    work.connection.execute("UPDATE party SET subject = NULL, role = 'neighbour', case_id = %s WHERE id = %s",
                            (erna.case, otto.party))  # fmt: skip
    found = reported(work, persons.of_party(work, str(otto.party)))
    assert {section["table"] for section in found["sections"]} == {"party", "delivery"}
    assert "erna" not in json.dumps(found)
    assert "otto" not in json.dumps(reported(work, persons.of_account(work, erna.account)))


def test_officials_are_not_named_to_the_citizen_and_find_their_own_work_without_the_citizen(planted):
    work, erna, _otto = planted
    work.connection.execute("UPDATE note SET author = 'worker' WHERE case_id = %s", (erna.case,))
    work.connection.execute("UPDATE case_read SET subject = 'worker' WHERE case_id = %s", (erna.case,))
    citizens = json.dumps(reported(work, persons.of_account(work, erna.account)), ensure_ascii=False)
    assert "worker" not in citizens
    assert "erna:note.text" in citizens
    assert "erna:case_read.name" not in citizens
    workers = json.dumps(reported(work, persons.of_account(work, "worker")), ensure_ascii=False)
    assert "worker" in workers
    assert "erna:case_read.name" in workers, "the name beside the own account"
    assert "erna:note.text" not in workers
    assert "otto" not in workers


def test_an_id_that_is_no_partys_finds_nobody(planted):
    work, erna, _otto = planted
    for text in ("", "x", str(erna.case), str(new_id(Kind.PARTY, START))):
        assert persons.of_party(work, text) is None


def test_what_the_officer_hands_out_is_told_of_in_the_portal_and_not_shown(planted):
    work, erna, _otto = planted
    person = persons.of_account(work, erna.account)
    found = reported(work, person, complete=False)
    text = json.dumps(found, ensure_ascii=False)
    for column in ("note.text", "legal_hold.reason", "legal_hold.lifted_reason"):
        assert f"erna:{column}" not in text
    (notes,) = [section for section in found["sections"] if section["table"] == "note"]
    assert {"column": "text", "label": "Text", "value": report.ON_REQUEST} in notes["rows"][0]
    assert "erna:message.text" in text
