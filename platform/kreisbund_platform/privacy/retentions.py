"""How long data are kept, and by which law: every table names one of these."""

from kreisbund_platform.privacy.terms import Retention

CASE_FILE = Retention(
    "Vorgangsakte",
    "zehn Jahre nach Ende des Jahres, in dem der Vorgang geschlossen wurde",
    "Art. 6 Abs. 1 Buchst. e DSGVO mit dem Fachrecht der Leistung; Aktenordnung des Landkreises",
    years=10,
)
ANSWERS = Retention(
    "Wiederholungsschutz", "sieben Tage", "Art. 5 Abs. 1 Buchst. f und Art. 32 DSGVO (Integrität der Eingaben)"
)
UPLOADS = Retention(
    "Hochgeladene Dateien", "ein Tag; eingereicht so lange wie der Vorgang", "Art. 6 Abs. 1 Buchst. e DSGVO (Antrag)"
)
SESSION = Retention("Anmeldung", "höchstens zehn Stunden", "Art. 6 Abs. 1 Buchst. e, Art. 32 DSGVO (Anmeldung)")
READS = Retention(
    "Zugriffsprotokoll",
    "drei Jahre nach Ende des Jahres des Zugriffs",
    "Art. 5 Abs. 2, Art. 15 DSGVO; §§ 195, 199 BGB",
)
EVENTS = Retention(
    "Ereignisprotokoll",
    "solange die Kette als Nachweis gebraucht wird; enthält Kennungen und Schlüsselwörter, keine Angaben",
    "Art. 5 Abs. 2, Art. 32 DSGVO (Nachweis); Art. 17 Abs. 3 Buchst. b DSGVO",
)
LEDGER = Retention(
    "Löschnachweis", "solange Sicherungen bestehen, die Gelöschtes enthalten", "Art. 5 Abs. 2, Art. 17 DSGVO"
)
TEMPLATE_WORK = Retention(
    "Verantwortung für Prozessvorlagen",
    "solange die Vorlage gilt und danach zehn Jahre",
    "Art. 6 Abs. 1 Buchst. e DSGVO mit § 27 ThürDSG (Beschäftigte); Zweckvereinbarung",
)
OPERATION = Retention("Betrieb", "solange der Mandant besteht", "Art. 32 DSGVO (Betrieb der Plattform)")
FIGURES = Retention("Statistik", "dauerhaft, ohne Personenbezug", "Zahlen ohne Personenbezug (Erwägungsgrund 26 DSGVO)")
CATALOGUE = Retention("Katalog", "dauerhaft, öffentlich", "veröffentlichte Leistungen und Vorlagen, ohne Personenbezug")
