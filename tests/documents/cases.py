"""A case with its parties, as the documents' tests need it."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.cases.models import CaseRecord, Party
from kreisbund_platform.documents.issuing import IssueNotice

LETTERS = {
    "approval": {
        "title": "Bewilligung der Schülerbeförderung",
        "kind": "MAIN",
        "outcome": "GRANTED",
        "operative": ["Für {pupil} ({school}) wird bewilligt.", {"text": "Der Weg ist weit.", "when": "metres > 3000"}],
        "reasons": ["Ihr Antrag ging am {received_on} ein. {statute.citation}."],
    },
    "hearing": {"title": "Anhörung", "kind": "LETTER", "operative": ["Bitte äußern Sie sich, {applicant_name}."]},
}
FORMS = {
    "start": {
        "components": [{"type": "radio", "key": "school", "values": [{"value": "primary", "label": "Grundschule"}]}]
    }
}


@dataclass(frozen=True)
class Template:
    """What a loaded template shows to documents."""

    sphere: str = "own"
    regime: str = "ThürVwVfG"
    slug: str = "schuelerbefoerderung"
    forms: dict = field(default_factory=lambda: FORMS)
    letters: dict = field(default_factory=lambda: LETTERS)

    @property
    def manifest(self):
        return SimpleNamespace(legal_basis=("§ 4 ThürSchFG",), sphere=self.sphere, regime=self.regime)


def stored_case(work, *subjects: str | None) -> tuple[CaseRecord, list[Party]]:
    """A case in the database with an applicant, and a representative when a second subject is named."""
    now = work.clock.now()
    case = CaseRecord(
        id=ids.new_id(ids.Kind.CASE_RECORD, now),
        case_number=f"NDH-2026-{now.microsecond:06}-{ids.new_id(ids.Kind.NOTE, now).hex[-6:]}",
        status="IN_PROGRESS",
        version=3,
        channel="PORTAL",
        state={},
        received_at=now,
        received_on=now.date(),
        opened_at=now,
        applicant_name="Łucja Großmann",
    )
    work.connection.execute(
        "INSERT INTO case_record (id, case_number, status, version, channel, state, received_at, received_on,"
        " opened_at) VALUES (%s, %s, %s, %s, %s, '{}', %s, %s, %s)",
        (case.id, case.case_number, case.status, 3, "PORTAL", now, case.received_on, now),
    )
    parties = [_party(work, case.id, role, subject) for role, subject in zip(ROLES, subjects, strict=False)]
    return case, parties


ROLES = ("applicant", "representative")


def _party(work, case_id: UUID, role: str, subject: str | None) -> Party:
    address = {"street": "Am Rößleplatz 1", "postcode": "99734", "town": "Nordhausen"}
    party = Party(
        id=ids.new_id(ids.Kind.PARTY, work.clock.now()),
        case_id=case_id,
        role=role,
        kind="person",
        name=f"Name der {role}",
        subject=subject,
        address=address,
        position=ROLES.index(role),
    )
    work.connection.execute(
        "INSERT INTO party (id, case_id, role, kind, name, subject, address, position) VALUES"
        " (%s, %s, %s, 'person', %s, %s, %s, %s)",
        (party.id, case_id, role, party.name, subject, json.dumps(address), party.position),
    )
    return party


def order(case, parties, letter_id="approval", template=None, **variables) -> IssueNotice:
    """An order to issue a letter with these variables."""
    given = {"pupil": "Jonas #import", "school": "primary", "metres": 3420, **variables}
    return IssueNotice(case, parties, template or Template(), letter_id, given)
