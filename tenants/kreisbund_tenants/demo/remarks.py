"""What people write beside the work: notes for colleagues, a question to the applicant and its answer, Aktenzeichen."""

import random
from dataclasses import dataclass

NOTE_SHARE, LETTER_SHARE = 0.2, 0.15
FILED_SHARE = 0.3
# the office's main groups in a filing plan, as an example; each county's real plan says otherwise
FILING_PLAN = {
    "schuelerbefoerderung": "211.61",
    "jagdschein": "131.42",
    "baugenehmigung": "632.10",
    "blaue-karte-eu": "114.31",
    "unterhaltsvorschuss": "453.20",
    "zaehlerstand": "815.05",
}
NOTES = (
    "Mit der Verwaltung in {town} telefoniert: Anschrift und Haushalt stimmen.",
    "Unterlagen aus {town} vollständig; eine Rückfrage bei Familie {family} war nicht nötig.",
    "Bitte beim nächsten Schritt auf die Angaben aus {town} achten, der Scan ist blass.",
    "Im {county} gab es dazu schon einen Vorgang; beide Akten liegen zusammen.",
)
LETTERS = (
    (
        "Rückfrage zu Ihrer Anschrift",
        "Guten Tag {name}, wohnen Sie weiterhin in {town}? Eine kurze Antwort genügt.",
        "Guten Tag, ja, wir wohnen weiterhin in {town}. Viele Grüße, {name}",
    ),
    (
        "Ihre Unterlagen sind angekommen",
        "Guten Tag {name}, Ihre Unterlagen liegen im Landratsamt ({county}) vor. Wie erreichen wir Sie tagsüber?",
        "Guten Tag, am besten vormittags unter der Nummer im Antrag. {name}",
    ),
)


@dataclass(frozen=True)
class Correspondence:
    """A letter of the county and what the applicant answers."""

    subject: str
    text: str
    answer: str


class Remarks:
    """One county's, from a source of its own: with or without them the year is the same otherwise."""

    def __init__(self, county: str, seed: int) -> None:
        self._county = county
        self._random = random.Random(f"{county}/{seed}")  # noqa: S311  a seed must replay the same year

    def file_reference(self, template: str, case_number: str) -> str | None:
        """The Aktenzeichen, where the office files the case by its plan at once."""
        is_filed = self._random.random() < FILED_SHARE
        return f"{FILING_PLAN[template]}-{case_number}" if is_filed and template in FILING_PLAN else None

    def note(self, family: str, town: str) -> str | None:
        """A note, where somebody writes one."""
        text = self._random.choice(NOTES)
        is_written = self._random.random() < NOTE_SHARE
        return text.format(family=family, town=town, county=self._county) if is_written else None

    def letter(self, name: str, town: str) -> Correspondence | None:
        """A letter, where one is sent."""
        chosen = self._random.choice(LETTERS)
        is_sent = self._random.random() < LETTER_SHARE
        texts = (text.format(name=name, town=town, county=self._county) for text in chosen)
        return Correspondence(*texts) if is_sent else None
