"""Puts a notice together: the template's letter, the case's variables, the county's letterhead and law."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.documents import queries
from kreisbund_platform.documents.notices import Fee, Letterhead, Notice
from kreisbund_platform.documents.remedies import Remedy, remedy_for
from kreisbund_platform.engine import feel
from kreisbund_platform.engine.letters import (
    Letter,
    Paragraph,
    choose,
    fill,
    german_date,
    german_euro,
    read_letter,
    wordings_of,
)
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.texts import _

KIND_TITLES = {"MAIN": "Bescheid", "FEE": "Kostenbescheid", "INTERIM": "Zwischenbescheid", "LETTER": "Schreiben"}


class CaseFacts(Protocol):
    """What a notice needs of a case; cases.models.CaseRecord is one."""

    id: UUID
    case_number: str
    file_reference: str | None
    received_on: date
    applicant_name: str | None
    unit_id: UUID | None
    municipality_key: str | None
    version: int


class PartyFacts(Protocol):
    """What a notice needs of a party; cases.models.Party is one."""

    id: UUID
    role: str
    name: str | None
    subject: str | None
    address: dict[str, str] | None


class TemplateFacts(Protocol):
    """What a notice needs of a template; templates.plans.LoadedTemplate is one."""

    @property
    def slug(self) -> str:
        """The template's name in addresses."""
        ...

    @property
    def manifest(self) -> Any:
        """Legal basis, sphere, regime."""
        ...

    @property
    def forms(self) -> Mapping[str, Any]:
        """Form id to schema."""
        ...

    @property
    def letters(self) -> Mapping[str, Any]:
        """Letter id to its table."""
        ...


@dataclass(frozen=True)
class IssueNotice:
    """Which letter of which template goes out in which case; `variables` are the case's."""

    case: CaseFacts
    parties: Sequence[PartyFacts]
    template: TemplateFacts
    letter_id: str
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Composed:
    """A letter as it will be issued."""

    letter: Letter
    notice: Notice
    remedy: Remedy | None
    legal_basis: tuple[str, ...]
    fee_cents: int


def compose(work: WorkContext, order: IssueNotice) -> Composed:
    """Everything the notice will say, without issuing it."""
    letter, manifest = read_letter(order.template.letters[order.letter_id]), order.template.manifest
    wordings = wordings_for(work, order.case, order.template, order.variables)
    fee_cents = _fee_cents(order.variables)
    remedy = remedy_for(work.tenant.profile, manifest.sphere, manifest.regime) if letter.remedy else None
    legal_basis = tuple(_citations(manifest.legal_basis)) if letter.kind != "LETTER" else ()
    notice = Notice(
        letterhead=_letterhead(work, order.case),
        recipient_lines=_address_lines(recipients(order.parties)),
        case_number=order.case.case_number,
        file_reference=order.case.file_reference,
        issued_on=_today(work),
        responsible_name=responsible_name(work),
        kind=_(KIND_TITLES[letter.kind]),
        subject=fill(letter.subject, wordings),
        salutation=fill(letter.salutation, wordings),
        operative=_texts(letter.operative, order.variables, wordings),
        reasons=_texts(letter.reasons, order.variables, wordings),
        conditions=_texts(letter.conditions, order.variables, wordings),
        legal_basis=legal_basis,
        fee=_fee(letter, fee_cents),
        remedy=remedy.text if remedy else None,
    )
    return Composed(letter, notice, remedy, legal_basis, fee_cents)


def wordings_for(
    work: WorkContext, case: CaseFacts, template: TemplateFacts, variables: Mapping[str, Any]
) -> dict[str, str]:
    """What placeholders become: the case's variables, its facts, the county's statute for this template."""
    facts = {
        "case_number": case.case_number,
        "file_reference": case.file_reference or case.case_number,
        "received_on": german_date(case.received_on),
        "issued_on": german_date(_today(work)),
        "applicant_name": case.applicant_name or "",
        "county": work.tenant.name,
        "fee": german_euro(_fee_cents(variables)),
    }
    statute = _statute(work.tenant.profile, template.slug)
    return {**wordings_of(statute, {}, "statute."), **wordings_of(variables, _labels(template)), **facts}


def recipients(parties: Sequence[PartyFacts]) -> list[PartyFacts]:
    """Who receives a notice, whom it is addressed to first: a representative, the applicant."""
    order = {"representative": 0, "applicant": 1}
    return sorted((party for party in parties if party.role in order), key=lambda party: order[party.role])


def responsible_name(work: WorkContext) -> str:
    """Who answers for it: the person who acts, else the office."""
    office = work.tenant.profile.get("letterhead", {}).get("office")
    return str(work.principal.name or office or work.tenant.name)


def _texts(
    paragraphs: Sequence[Paragraph], variables: Mapping[str, Any], wordings: Mapping[str, str]
) -> tuple[str, ...]:
    return tuple(fill(text, wordings) for text in choose(paragraphs, variables, feel.evaluate))


def _fee_cents(variables: Mapping[str, Any]) -> int:
    cents = variables.get("fee_cents")
    return round(cents) if isinstance(cents, int | float) and not isinstance(cents, bool) and cents > 0 else 0


def _fee(letter: Letter, cents: int) -> Fee | None:
    if letter.kind not in ("MAIN", "FEE"):
        return None
    if cents == 0:
        return Fee(0, _("Für diesen Bescheid werden keine Kosten erhoben."))
    german = _("Für diesen Bescheid werden Kosten von {amount} erhoben. Sie werden mit seiner Bekanntgabe fällig.")
    return Fee(cents, german.format(amount=german_euro(cents)))


def _letterhead(work: WorkContext, case: CaseFacts) -> Letterhead:
    head = work.tenant.profile.get("letterhead", {})
    unit = queries.unit_name(work.connection, case.unit_id) if case.unit_id else None
    place = f"{head.get('postcode', '')} {head.get('town', '')}".strip()
    office = str(head.get("office", ""))
    return Letterhead(
        county=work.tenant.name,
        unit=" · ".join(part for part in (office, unit) if part),
        address_lines=tuple(part for part in (head.get("street"), place) if part),
        contact=tuple((label, head[key]) for key, label in _contact_labels() if head.get(key)),
    )


def _contact_labels() -> tuple[tuple[str, str], ...]:
    return (("phone", _("Telefon")), ("email", _("E-Mail")))


def _address_lines(addressed: Sequence[PartyFacts]) -> tuple[str, ...]:
    if not addressed:
        return ()
    party = addressed[0]
    address = party.address or {}
    place = f"{address.get('postcode', '')} {address.get('town', '')}".strip()
    return tuple(line[:80] for line in (party.name, address.get("street"), place) if line)


def _citations(entries: Sequence[Any]) -> Iterator[str]:
    for entry in entries:
        yield str(entry["citation"] if isinstance(entry, Mapping) else entry)


def _statute(profile: Mapping[str, Any], slug: str) -> dict[str, Any]:
    for statute in profile.get("statutes", ()):
        if statute.get("slug") == slug:
            return {"citation": statute.get("citation"), "title": statute.get("title"), **statute.get("values", {})}
    return {}


def _labels(template: TemplateFacts) -> dict[tuple[str, str], str]:
    """Key and value of each choice in the template's forms, with the words that people read."""
    found = {}
    waiting = [component for form in template.forms.values() for component in form.get("components", ())]
    while waiting:
        component = waiting.pop()
        waiting.extend(component.get("components", ()))
        for entry in component.get("values", ()):
            found[(str(component.get("key")), str(entry["value"]))] = str(entry["label"])
    return found


def _today(work: WorkContext) -> date:
    return work.clock.now().astimezone(BERLIN).date()
