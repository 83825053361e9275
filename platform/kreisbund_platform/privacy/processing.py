"""The record of processing activities (Art. 30 DSGVO): follows from the declared tables and the adopted templates.

Nothing here is written by hand for a county, so that the record cannot lag behind what is done.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from psycopg import Connection

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.privacy import queries
from kreisbund_platform.privacy.declarations import COUNTY, SHARED
from kreisbund_platform.privacy.retentions import CASE_FILE
from kreisbund_platform.privacy.terms import Keeper, Rule, Table
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.texts import _

Record = dict[str, Any]
ERASURE_WORDS: Mapping[Rule, str] = {
    Rule.WITH_CASE: "mit dem Vorgang gelöscht",
    Rule.WITH_ACCOUNT: "mit dem Konto gelöscht",
    Rule.KEY: "durch Vernichten des Schlüssels unlesbar, danach gelöscht",
    Rule.KEEP: "bleibt",
}
SECURITY = (
    "je Landkreis ein eigenes Datenbankschema mit eigenem Login; Rechte werden erzeugt und verglichen",
    "Anmeldung über den eigenen Realm des Landkreises; Rechte je Feld, ohne Eintrag verweigert",
    "verketteter, außerhalb der Datenbank besiegelter Ereignisnachweis; Leseprotokoll je Vorgang",
    "aufbewahrte Antworten unter Schlüsseln je Person und Vorgang (AES-256-GCM)",
    "keine Angaben in Protokollen, Messwerten und Ablaufspuren",
)


def record_of(connection: Connection[Any], tenant: TenantContext, now: datetime) -> Record:
    """The county's record: `activities` by template, `tables` by declaration; German texts, plain JSON values."""
    return {
        "controller": {"name": tenant.name, **dict(tenant.profile.get("letterhead", {}))},
        "day": now.astimezone(BERLIN).date().isoformat(),
        "security": list(SECURITY),
        "transfers": "keine Übermittlung in Drittländer",
        "activities": [_activity(row) for row in queries.adopted_versions(connection)],
        "tables": [_table(table) for table in (*COUNTY.values(), *SHARED.values()) if table.personal],
    }


def _activity(version: Mapping[str, Any]) -> Record:
    manifest = version["manifest"]
    fields = list(_fields(version["forms"].values()))
    return {
        "title": manifest["title"],
        "version": version["number"],
        "purpose": manifest["summary"],
        "leika_key": manifest["leika_key"],
        "legal_basis": list(manifest["legal_basis"]),
        "people": sorted({field["whose"] for field in fields}),
        "data": fields,
        "retention": CASE_FILE.period,
    }


def _fields(forms: Iterable[Mapping[str, Any]]) -> Iterator[Record]:
    """Every field that people fill in, with whose datum it is and how sensitive."""
    seen = set()
    for form in forms:
        for component in _inputs(form.get("components", ())):
            properties = component.get("properties", {})
            label = component.get("label") or component["key"]
            whose = properties.get("datum_of") or "applicant"
            if (label, whose) not in seen:
                seen.add((label, whose))
                yield {"label": label, "whose": whose, "sensitivity": properties.get("sensitivity", "normal")}


def _inputs(components: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for component in components:
        yield from _inputs(component.get("components", ()))
        if "key" in component:
            yield component


def _table(table: Table) -> Record:
    return {
        "name": table.name,
        "title": table.title,
        "keeper": table.keeper.value,
        "people": sorted({datum.whose.value for datum in table.personal.values()}),
        "data": sorted({datum.kind.value for datum in table.personal.values()}),
        "retention": table.retention.period,
        "legal_basis": table.retention.basis,
        "erasure": " – ".join(filter(None, (ERASURE_WORDS[table.rule], table.why))),
        "legal_hold": table.legal_hold,
    }


def markdown(record: Record) -> str:
    """The record as a document."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Record) -> Iterator[str]:
    own = [table for table in record["tables"] if table["keeper"] == Keeper.COUNTY.value]
    common = [table for table in record["tables"] if table["keeper"] != Keeper.COUNTY.value]
    yield from (f"# {_('Verzeichnis von Verarbeitungstätigkeiten')} ({_('Art. 30 DSGVO')})", "")
    yield f"{_('Verantwortlicher')}: {', '.join(str(value) for value in record['controller'].values())}  "
    yield from (f"{_('Stand')}: {record['day']}  ", f"{_('Drittländer')}: {record['transfers']}", "")
    yield from (f"## {_('Verarbeitungen')}", "")
    for activity in record["activities"]:
        yield from _activity_lines(activity)
    yield from (f"## {_('Was wo liegt, wie lange und wie es gelöscht wird')}", "")
    yield from _table_lines(own)
    yield from ("", f"## {_('Beim gemeinsamen Serviceteam')}", "")
    yield from _table_lines(common)
    yield from ("", f"## {_('Technische und organisatorische Maßnahmen')}", "")
    yield from (f"- {measure}" for measure in record["security"])


def _activity_lines(activity: Record) -> Iterator[str]:
    yield from (f"### {_cell(activity['title'])}", "", _cell(activity["purpose"]), "")
    yield f"- {_('LeiKa')}: {activity['leika_key']}, {_('Fassung')} {activity['version']}"
    yield f"- {_('Rechtsgrundlage')}: {_cell('; '.join(activity['legal_basis']))}"
    yield f"- {_('Löschfrist')}: {activity['retention']}"
    for whose in activity["people"]:
        labels = [_cell(field["label"]) for field in activity["data"] if field["whose"] == whose]
        yield f"- {_('Angaben')} ({_cell(whose)}): {', '.join(labels)}"
    yield ""


def _table_lines(tables: list[Record]) -> Iterator[str]:
    heads = (_("Daten"), _("Personen"), _("Arten"), _("Aufbewahrung"), _("Rechtsgrundlage"), _("Löschung"))
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for table in tables:
        kinds, people = "; ".join(table["data"]), "; ".join(table["people"])
        cells = (table["title"], people, kinds, table["retention"], table["legal_basis"], table["erasure"])
        yield f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """A template's own words as plain text within a line of Markdown."""
    return "".join(f"\\{c}" if c in "\\|<>[]*_`#" else c for c in " ".join(text.split()))
