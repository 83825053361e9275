"""The access report (Art. 15 DSGVO): everything a county holds about one person, table by table.

It walks the declarations, so that a table with personal data cannot be forgotten; of a row it shows what the
declaration says is this person's. Names and accounts of others, officials too, are left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import dict_row

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.privacy import queries
from kreisbund_platform.privacy.declarations import OF_PERSONS
from kreisbund_platform.privacy.declarations_shared import COUNTY_SHARE
from kreisbund_platform.privacy.labels import label_of, labels_in
from kreisbund_platform.privacy.persons import Person
from kreisbund_platform.privacy.processing import ERASURE_WORDS
from kreisbund_platform.privacy.terms import Kind, Table, Whose

# opens a workspace's connection; what counties share is read through it
Workspace = Callable[[str], AbstractContextManager[Connection[Any]]]
Row = Mapping[str, Any]
Line = dict[str, Any]
MARK = "is_own"
ON_REQUEST = "auf Anfrage beim Datenschutz des Landkreises"
RIGHTS = (
    "Berichtigung (Art. 16), Löschung (Art. 17), Einschränkung (Art. 18) und Widerspruch (Art. 21 DSGVO): wenden Sie"
    " sich an den Landkreis. Beschwerde: Thüringer Landesbeauftragter für den Datenschutz und die"
    " Informationsfreiheit."
)


@dataclass(frozen=True)
class Extent:
    """How far a report goes. `worked`: also what the account wrote or worked on in others' cases, which no index finds
    and officials only do. `complete`: also what the officer alone hands out.
    """

    worked: bool
    complete: bool


def report_of(work: WorkContext, person: Person, workspace: Workspace, extent: Extent) -> dict[str, Any]:
    """Sections by table, each with its rows: [{column, label, value}]; values are plain JSON, moments ISO 8601."""
    labels = labels_in(queries.labels_of(work.connection, person.cases))
    sections = [_section(work, table, person, workspace, labels, extent) for table in OF_PERSONS]
    return {
        "county": work.tenant.name,
        "day": work.clock.now().astimezone(BERLIN).date().isoformat(),
        "account": person.account,
        "source": "von Ihnen selbst, aus der Bearbeitung Ihrer Vorgänge und aus Ihrer Anmeldung",
        "recipients": "die zuständigen Stellen des Landkreises; Auftragsverarbeiter für den Betrieb der Plattform",
        "transfers": "keine Übermittlung in Drittländer, keine Profile",
        "rights": RIGHTS,
        "sections": [section for section in sections if section["rows"]],
    }


def _section(
    work: WorkContext,
    table: Table,
    person: Person,
    workspace: Workspace,
    labels: Mapping[str, str],
    extent: Extent,
) -> dict[str, Any]:
    rows = _rows(work, table, person, workspace, extent.worked)
    held_back = () if extent.complete else table.on_request
    return {
        "table": table.name,
        "title": table.title,
        "retention": table.retention.period,
        "legal_basis": table.retention.basis,
        "erasure": " – ".join(filter(None, (ERASURE_WORDS[table.rule], table.why))),
        "rows": [list(_lines(table, _without(row, held_back), person, labels)) for row in rows],
    }


def _rows(work: WorkContext, table: Table, person: Person, workspace: Workspace, worked: bool) -> list[Row]:
    """The rows of a table that tell of the person; `is_own`: not only as who wrote or worked on it."""
    schema = "shared" if table in COUNTY_SHARE else work.tenant.schema_name
    statement = _statement(table, schema, worked)
    values = {
        "cases": list(person.cases),
        "parties": list(person.parties),
        "account": person.account,
        "targets": person.targets,
        "realms": [work.tenant.slug, work.settings.issuer_of(work.tenant.slug)],
    }
    if table.workspace is None:
        return _fetch(work.connection, statement, values)
    with workspace(table.workspace) as connection:
        return _fetch(connection, statement, values)


def _fetch(connection: Connection[Any], statement: sql.Composed, values: Mapping[str, Any]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(statement, values).fetchall())


def _statement(table: Table, schema: str, worked: bool) -> sql.Composed:
    columns = [column for column in (*table.shown, *table.personal) if column not in _secrets(table)]
    return sql.SQL("SELECT {columns}, coalesce({own}, false) AS {mark} FROM {table} WHERE {any}").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        own=_either(_own_links(table)),
        mark=sql.Identifier(MARK),
        table=sql.Identifier(schema, table.name),
        any=_either([*_own_links(table), *(_account_links(table) if worked else ())]),
    )


def _secrets(table: Table) -> Sequence[str]:
    return [column for column, datum in table.personal.items() if datum.kind is Kind.SECRET or column == "sealed"]


def _own_links(table: Table) -> list[sql.Composed]:
    """Conditions under which a row is about the person."""
    links = (
        (table.case, "{} = ANY(%(cases)s::uuid[])"),
        (table.party, "{} = ANY(%(parties)s::uuid[])"),
        (table.target, "{} = ANY(%(targets)s::text[])"),
    )
    found = [sql.SQL(condition).format(sql.Identifier(column)) for column, condition in links if column]
    if table.account:
        found.append(_in_realm(table, sql.SQL("{} = %(account)s").format(sql.Identifier(table.account))))
    return found


def _account_links(table: Table) -> list[sql.Composed]:
    """Conditions under which the person wrote or worked on a row."""
    columns = [column for column in table.accounts() if column not in (table.account, table.target)]
    if table in COUNTY_SHARE:
        return []
    return [sql.SQL("{} = %(account)s").format(sql.Identifier(column)) for column in columns]


def _in_realm(table: Table, condition: sql.Composed) -> sql.Composed:
    if table.realm is None:
        return condition
    realm = sql.SQL("{} = ANY(%(realms)s::text[])").format(sql.Identifier(table.realm))
    return sql.SQL("({} AND {})").format(condition, realm)


def _either(conditions: Iterable[sql.Composed]) -> sql.Composed:
    found = list(conditions)
    return sql.SQL("({})").format(sql.SQL(" OR ").join(found)) if found else sql.Composed([sql.SQL("false")])


def _without(row: Row, held_back: Sequence[str]) -> Row:
    """The row with a word in place of what is not handed out here."""
    return {column: ON_REQUEST if value and column in held_back else value for column, value in row.items()}


def _lines(table: Table, row: Row, person: Person, labels: Mapping[str, str]) -> Iterator[Line]:
    for column, value in row.items():
        if column == MARK or value in (None, "", [], {}) or not _is_told(table, row, column, person):
            continue
        if isinstance(value, dict):
            yield from _answers(column, value, labels)
        else:
            yield {"column": column, "label": label_of(column), "value": _plain(value)}


def _is_told(table: Table, row: Row, column: str, person: Person) -> bool:
    """Whether a column of this row is this person's to see."""
    datum = table.personal.get(column)
    if datum is None:
        return True
    if datum.kind is Kind.ACCOUNT and column != table.target:
        return bool(row[column] == person.account)
    if datum.whose is Whose.STAFF:
        return any(row.get(account) == person.account for account in table.accounts())
    return bool(row[MARK])


def _answers(column: str, value: Any, labels: Mapping[str, str], before: str = "") -> Iterator[Line]:
    """A form's answers one by one, under the form's own labels; lists are numbered."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value, start=1)
        for key, each in inner:
            label = labels.get(str(key), label_of(str(key)))
            yield from _answers(column, each, labels, f"{before} – {label}" if before else label)
    elif value not in (None, ""):
        yield {"column": column, "label": before, "value": _plain(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value


def cases_shown(work: WorkContext, person: Person) -> Sequence[UUID]:
    """The cases that a report on the person tells of, those of which they are only a party too."""
    return tuple(dict.fromkeys((*person.cases, *queries.cases_of_parties(work.connection, person.parties))))


def kinds_shown(report: Mapping[str, Any]) -> frozenset[str]:
    """What a report shows of a citizen, in the words of the read log."""
    kinds = {
        "case_record": "DATA", "application": "DATA", "party": "PARTIES", "document": "DOCUMENTS",
        "message": "MESSAGES", "note": "NOTES", "decision": "DECISIONS", "delivery": "DECISIONS",
    }  # fmt: skip
    return frozenset(kinds[each["table"]] for each in report["sections"] if each["table"] in kinds) | {"NAME"}
