"""Codes, dates and numbers as people read them in German."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from kreisbund_api.web.life_cycle_words import life_cycle_words
from kreisbund_platform.texts import _

BERLIN = ZoneInfo("Europe/Berlin")
LOCALE = "de_DE"


def _words() -> dict[str, dict[str, str]]:
    return {
        "status": {
            "SUBMITTED": _("Eingegangen"),
            "IN_PROGRESS": _("In Bearbeitung"),
            "WAITING": _("Wartet"),
            "DECIDED": _("Entschieden"),
            "WITHDRAWN": _("Zurückgenommen"),
            "CLOSED": _("Abgeschlossen"),
            "TRANSFERRED": _("An anderen Landkreis abgegeben"),
        },
        "task": {
            "OPEN": _("Offen"),
            "CLAIMED": _("In Arbeit"),
            "COMPLETED": _("Erledigt"),
            "CANCELLED": _("Entfallen"),
        },
        "transfer": {
            "PACKED": _("Wird gesendet"),
            "SENT": _("Gesendet, noch nicht bestätigt"),
            "RECEIVED": _("Abgegeben, Empfang bestätigt"),
            "ARRIVED": _("Eingegangen"),
            "ACCEPTED": _("Übernommen"),
            "RECEIPTED": _("Übernommen und bestätigt"),
        },
        "tenant": {
            "PROVISIONING": _("Wird eingerichtet"),
            "ACTIVE": _("In Betrieb"),
            "SUSPENDED": _("Ausgesetzt"),
            "DELETED": _("Gelöscht"),
        },
        "channel": {
            "PORTAL": _("Online"),
            "LETTER": _("Brief"),
            "COUNTER": _("Persönlich am Schalter"),
            "MAIL": _("E-Mail"),
            "FIT_CONNECT": _("FIT-Connect"),
            "EX_OFFICIO": _("Von Amts wegen"),
            "MIGRATED": _("Übernommen"),
        },
        "read_kind": {
            "NAME": _("Name"),
            "DATA": _("Angaben im Antrag"),
            "PARTIES": _("Beteiligte"),
            "DOCUMENTS": _("Verzeichnis der Unterlagen"),
            "FILE": _("eine Unterlage selbst"),
            "MESSAGES": _("Nachrichten"),
            "NOTES": _("interne Vermerke"),
            "DECISIONS": _("Entscheidungen"),
        },
        "delivery": {
            "PORTAL": _("Abruf im Portal"),
            "LETTER": _("Brief"),
        },
        "outcome": {
            "GRANTED": _("Bewilligt"),
            "REFUSED": _("Abgelehnt"),
            "EXEMPTED": _("Genehmigungsfrei gestellt"),
            "DEEMED_WITHDRAWN": _("Gilt als zurückgenommen"),
            "HEARING": _("Anhörung"),
            "COLLECTION": _("Bereit zur Abholung"),
        },
        "decision": {
            "MAIN": _("Bescheid"),
            "FEE": _("Kostenbescheid"),
            "INTERIM": _("Zwischenbescheid"),
            "LETTER": _("Schreiben"),
        },
        "remedy": {"OBJECTION": _("Widerspruch"), "ACTION": _("Klage")},
        "party": {
            "APPLICANT": _("Antragstellende Person"),
            "BENEFICIARY": _("Begünstigte Person"),
            "REPRESENTATIVE": _("Vertretung"),
            "OPPONENT": _("Gegenseite"),
            "CONSULTED_BODY": _("Beteiligte Stelle"),
            "NEIGHBOUR": _("Nachbarschaft"),
        },
        "role": {
            "citizen": _("Antragstellende Person"),
            "caseworker": _("Sachbearbeitung"),
            "team_lead": _("Sachgebietsleitung"),
            "records_officer": _("Registratur"),
            "treasurer": _("Kämmerei"),
            "cashier": _("Kasse"),
            "county_admin": _("Plattformverwaltung im Landkreis"),
            "data_protection_officer": _("Datenschutz"),
            "template_author": _("Prozessgestaltung"),
            "topic_lead": _("Serviceteam"),
            "service_team_lead": _("Leitung des Serviceteams"),
            "operator": _("Betrieb der Plattform"),
        },
        "operation": {
            "blockAccount": _("Konto sperren"),
            "unblockAccount": _("Sperre aufheben"),
            "completeTask": _("Aufgabe erledigen"),
            "delegateRole": _("Recht übertragen"),
            "inviteSupport": _("Serviceteam einladen"),
            "releaseVersion": _("Fassung freigeben"),
            "setAutomaticRelease": _("Freigabe von selbst festlegen"),
            "putVariantInForce": _("Örtliche Fassung in Kraft setzen"),
        },
        "basis": {
            "INVITATION": _("auf Einladung"),
            "EMERGENCY": _("Notzugriff zweier Personen"),
        },
        "emergency": {
            "WAITING": _("wartet auf die zweite Person"),
            "LAPSED": _("verfallen, niemand hat bestätigt"),
            "OPEN": _("gilt"),
            "OVER": _("abgelaufen"),
            "ENDED": _("vom Landkreis beendet"),
        },
        "event": {
            "APPLICATION_RECEIVED": _("Antrag eingegangen"),
            "CASE_TRANSFERRED": _("An anderen Landkreis abgegeben"),
            "CASE_RECEIVED": _("Von anderem Landkreis übernommen"),
            "TRANSFER_RECEIPTED": _("Empfang vom anderen Landkreis bestätigt"),
            "WITHDRAWN": _("Antrag zurückgenommen"),
            "TASK_CLAIMED": _("Aufgabe übernommen"),
            "TASK_RELEASED": _("Aufgabe zurückgegeben"),
            "TASK_COMPLETED": _("Aufgabe erledigt"),
            "TIMER_FIRED": _("Frist abgelaufen"),
            "NOTE_ADDED": _("Vermerk geschrieben"),
            "FILE_REFERENCE_GIVEN": _("Aktenzeichen vergeben"),
            "MESSAGE_SENT": _("Nachricht gesendet"),
            "NOTICE_RETRIEVED": _("Bescheid abgerufen"),
            "CASE_UPGRADED": _("Auf eine neue Fassung umgestellt"),
            "CASE_UPGRADE_UNDONE": _("Umstellung zurückgenommen"),
            "MESSAGE_RECEIVED": _("Nachricht eingegangen"),
            "SIGNAL_RECEIVED": _("Ereignis eingegangen"),
            "TASK_REASSIGNED": _("Aufgabe weitergegeben"),
            "APPROVAL_PROPOSED": _("Zur Bestätigung vorgeschlagen"),
            "APPROVAL_CONFIRMED": _("Von zweiter Person bestätigt"),
            "APPROVAL_USED": _("Bestätigtes ausgeführt"),
            "APPROVAL_WITHDRAWN": _("Vorschlag zurückgenommen"),
            "SUPPORT_INVITED": _("Serviceteam eingeladen"),
            "SUPPORT_REVOKED": _("Einladung des Serviceteams widerrufen"),
            "EMERGENCY_REQUESTED": _("Notzugriff angefragt"),
            "EMERGENCY_CONFIRMED": _("Notzugriff von zweiter Person bestätigt"),
            "EMERGENCY_LOOKED": _("Im Notzugriff angesehen"),
            "EMERGENCY_ENDED": _("Notzugriff beendet"),
            "JOB_DONE": _("Schreiben nachgeholt"),
            "JOB_FAILED": _("Schreiben nicht erstellt"),
            "INCIDENT_RESOLVED": _("Störung behoben"),
            "UPLOAD_REMOVED": _("Unterlage gelöscht: Prüfung nicht bestanden"),
            "CASE_ERASED": _("Vorgang gelöscht"),
            "LEGAL_HOLD_SET": _("Löschsperre gesetzt"),
            "LEGAL_HOLD_LIFTED": _("Löschsperre aufgehoben"),
            "UPGRADE_NEEDED": _("Wartet auf die Umstellung auf eine neue Fassung"),
        },
        "scan": {
            "NOT_SCANNED": _("nicht auf Schadsoftware geprüft"),
            "PENDING": _("wird noch auf Schadsoftware geprüft"),
            "INFECTED": _("Schadsoftware gefunden, Datei gelöscht"),
            "REFUSED": _("nicht angenommen, Datei gelöscht"),
        },
        "incident": {
            "NO_OPEN_FLOW": _("Keine Bedingung trifft zu, und es gibt keinen Standardweg."),
            "CONDITION": _("Eine Bedingung ließ sich nicht auswerten."),
            "DECISION": _("Eine Entscheidungstabelle widerspricht sich oder ließ sich nicht auswerten."),
            "TIMER": _("Aus den Angaben ergibt sich kein Datum für die Frist."),
            "CORRELATION": _("Aus den Angaben ergibt sich nicht, auf welche Nachricht gewartet wird."),
            "COLLECTION": _("Die Liste, für deren Einträge Aufgaben entstehen sollen, fehlt oder ist zu lang."),
            "COMPLETION": _("Ob genug Aufgaben erledigt sind, ließ sich nicht bestimmen."),
            "OUTPUT": _("Das Ergebnis einer von mehreren Aufgaben ließ sich nicht übernehmen."),
            "ERROR": _("Ein Fehler wurde gemeldet, den der Ablauf nicht vorsieht."),
            "JOB": _("Eine Aufgabe des Systems ist gescheitert."),
            "JOB_FAILED": _("Ein Schreiben ließ sich auch nach mehreren Versuchen nicht erstellen."),
        },
        "erasure": {
            "CASE": _("Vorgang"),
            "ACCOUNT": _("Konto"),
            "RETENTION": _("Aufbewahrungsfrist abgelaufen"),
            "REQUEST": _("auf Antrag"),
        },
        "norm": {
            "federal": _("Bundesrecht"),
            "land": _("Landesrecht"),
            "satzung": _("Satzung des Landkreises"),
            "practice": _("Verwaltungspraxis"),
        },
        "variant": {
            "DRAFT": _("Entwurf"),
            "IN_FORCE": _("Gilt für neue Anträge"),
            "REPLACED": _("Gilt nicht mehr für neue Anträge"),
        },
        "rebase": {
            "OPEN": _("Offen"),
            "FINISHED": _("Abgeschlossen"),
            "UNDONE": _("Zurückgenommen"),
            "ABANDONED": _("Aufgegeben"),
        },
        "choice": {
            "KEEP": _("Bei unserem Wert bleiben"),
            "BASE": _("Den Wert der Vorlage nehmen"),
            "EDIT": _("Einen anderen Wert festlegen"),
            "DROP": _("Die Abweichung fallen lassen"),
            "REANCHOR": _("An einer anderen Stelle fortführen"),
        },
        **life_cycle_words(),
        "upgrade": {
            "PREVIEWED": _("Vorschau"),
            "CHECKING": _("Probelauf"),
            "RUNNING": _("Läuft"),
            "STOPPED": _("Angehalten"),
            "DONE": _("Umgestellt"),
            "UNDOING": _("Wird zurückgenommen"),
            "UNDO_STOPPED": _("Rücknahme angehalten"),
            "UNDONE": _("Zurückgenommen"),
        },
        "deadlines": {
            "KEEP": _("Fristen beibehalten"),
            "RECOMPUTE": _("Fristen neu berechnen, vom Beginn des Wartens an"),
        },
        "wait": {
            "task": _("Aufgabe"),
            "timer": _("Frist"),
            "message": _("Nachricht"),
            "signal": _("Signal"),
            "job": _("Automatischer Schritt"),
            "incident": _("Störung"),
        },
        "stays": {
            "NOT_PROVABLE": _("Es lässt sich nicht zeigen, dass der Vorgang in der neuen Fassung enden kann."),
            "MARKING_NOT_CHOSEN": _("Der Vorgang steht inzwischen an einer Stelle, die nicht gewählt ist."),
            "ALREADY_THERE": _("Der Vorgang läuft schon auf der neuen Fassung."),
            "ENDED": _("Der Vorgang ist beendet."),
            "NO_DUE_DATE": _("Eine Frist der neuen Fassung lässt sich für diesen Vorgang nicht berechnen."),
            "NOTICE_ISSUED": _("Seit der Umstellung ist ein Bescheid ergangen."),
            "MOVED_ON": _("Der Vorgang ist inzwischen erneut umgestellt."),
            "NO_WAY_BACK": _(
                "Der Vorgang ist so weit gelaufen, dass es in der alten Fassung keinen Weg zum Ende gibt."
            ),
        },
        "direction": {
            "TO_APPLICANT": _("Vom Landkreis"),
            "FROM_APPLICANT": _("An den Landkreis"),
        },
    }


def word(code: str | None, kind: str) -> str:
    """The German word of a code; a code that is not known yet is never shown raw."""
    if code is None:
        return "–"
    return _words()[kind].get(code) or _words()[kind].get(code.upper()) or _("Sonstiges")


def as_date(value: Any) -> date | datetime | None:
    """What GraphQL told as text, as a time of Berlin; None for anything else."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(BERLIN) if isinstance(value, datetime) and value.tzinfo else value


def german_date(value: Any) -> str:
    """`3. September 2026`; unreadable texts stay, nothing is a dash."""
    day = as_date(value)
    return format_date(day, "long", locale=LOCALE) if day else str(value or "–")


def german_due_day(value: Any) -> str:
    """The last day of a period that ends at `value`: midnight ends the day before."""
    moment = as_date(value)
    return german_date(moment - timedelta(microseconds=1) if isinstance(moment, datetime) else moment)


def german_time(value: Any) -> str:
    """`03.09.2026, 14:05` in Berlin."""
    moment = as_date(value)
    if isinstance(moment, datetime):
        return format_datetime(moment, "dd.MM.yyyy, HH:mm", locale=LOCALE)
    return german_date(value)


def german_month(value: Any) -> str:
    """`September 2026`."""
    day = as_date(value)
    return format_date(day, "LLLL yyyy", locale=LOCALE) if day else "–"


def german_number(value: Any) -> str:
    """`1.234,5`; nothing is a dash."""
    if value is None:
        return "–"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format_decimal(value, locale=LOCALE) if is_number else str(value)


def german_percent(value: float | None) -> str:
    """A share between 0 and 1."""
    return "–" if value is None else f"{round(value * 100)} %"


def euros(cents: str | int | None) -> str:
    """Whole cents as `1.234,50 €`."""
    return "–" if cents is None else format_currency(int(cents) / 100, "EUR", locale=LOCALE)


def file_size(size_bytes: int | None) -> str:
    """Bytes as kB or MB."""
    size = size_bytes or 0
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{format_decimal(round(size / 1_000_000, 1), locale=LOCALE)} MB"
