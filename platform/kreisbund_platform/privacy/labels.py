"""German names of columns and of form fields, for reports to people."""

from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS: Mapping[str, str] = {
    "address": "Anschrift und Erreichbarkeit", "adopted_at": "übernommen", "adopted_by": "übernommen von (Konto)",
    "applicant_name": "Name", "applicant_subject": "Konto", "assignee": "bearbeitet von (Konto)",
    "at": "Zeitpunkt", "actor": "ausgelöst von (Konto)", "author": "geschrieben von (Konto)",
    "automatic": "automatisch", "before": "Angaben vor der Umstellung", "case": "Vorgang",
    "case_number": "Vorgangsnummer", "changed_at": "geändert", "changed_by": "geändert von (Konto)",
    "channel": "Weg", "closed_at": "abgeschlossen", "completed_at": "erledigt",
    "completed_by": "erledigt von (Konto)", "correlation_key": "Zuordnungsmerkmal", "created_at": "angelegt",
    "created_by": "angelegt von (Konto)", "data": "Angaben", "decided_at": "entschieden", "deemed_on": "gilt als"
    " bekannt gegeben", "direction": "Richtung", "due_at": "fällig", "due_on": "fällig am",
    "email": "E-Mail", "ended_at": "beendet", "fee_cents": "Gebühr in Cent", "file_name": "Dateiname",
    "file_reference": "Aktenzeichen", "finished_at": "beendet", "finished_by": "beendet von (Konto)",
    "ground": "Grund", "holder": "Schlüssel für", "id": "Kennung", "in_force_at": "in Kraft gesetzt",
    "in_force_by": "in Kraft gesetzt von (Konto)", "kind": "Art", "kinds": "was gezeigt wurde",
    "last_seen_at": "zuletzt aktiv", "legal_basis": "Rechtsgrundlage", "lifted_at": "aufgehoben",
    "lifted_by": "aufgehoben von (Konto)", "lifted_reason": "Grund der Aufhebung", "listed": "in einer Liste",
    "media_type": "Dateiart", "municipality_key": "Gemeindeschlüssel", "mutation": "Eingabe", "name": "Name",
    "next_step": "nächster Schritt", "next_step_by": "nächster Schritt bis", "number": "Nummer",
    "opened_at": "geöffnet", "ordered_by": "veranlasst von (Konto)", "outcome": "Entscheidung",
    "phone": "Telefon", "postcode": "Postleitzahl", "raised_at": "eingetreten", "read_at": "gelesen",
    "reason": "Grund", "received_on": "Eingang", "registered_at": "eingetragen",
    "registered_by": "eingetragen von (Konto)", "released_at": "freigegeben",
    "released_by": "freigegeben von (Konto)", "remedy_addressee": "Rechtsbehelf bei",
    "remedy_kind": "Rechtsbehelf", "remedy_until": "Rechtsbehelf bis", "replaced_at": "ersetzt",
    "resolved_at": "behoben", "resolved_by": "behoben von (Konto)", "responsible_name": "verantwortlich",
    "retrieved_at": "abgerufen", "role": "Rolle", "roles": "Stelle", "scan_state": "Prüfung auf Schadsoftware",
    "sent_at": "gesendet", "set_at": "gesetzt", "set_by": "gesetzt von (Konto)", "size_bytes": "Größe in Byte",
    "started_at": "begonnen", "started_by": "begonnen von (Konto)", "status": "Stand", "street": "Straße",
    "subject": "Konto oder Betreff", "submitted_at": "eingereicht", "target": "Kennung", "text": "Text",
    "title": "Titel", "town": "Ort", "type": "Ereignis", "undone_at": "zurückgenommen",
    "undone_by": "zurückgenommen von (Konto)", "withdrawal_reason": "Grund der Rücknahme",
    "withdrawn_at": "zurückgenommen", "written_at": "geschrieben",
}  # fmt: skip


def label_of(column: str) -> str:
    """What a column is called; its own name where nobody gave it another."""
    return COLUMNS.get(column, column)


def labels_in(forms: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What the forms call their fields, by key. `forms`: several templates' forms by id."""
    found: dict[str, str] = {}
    for of_template in forms:
        for form in of_template.values():
            _collect(form.get("components", ()), found)
    return found


def _collect(components: Iterable[Mapping[str, Any]], found: dict[str, str]) -> None:
    for component in components:
        name = component.get("key") or component.get("path")
        if name and component.get("label"):
            found.setdefault(name, component["label"])
        _collect(component.get("components", ()), found)
