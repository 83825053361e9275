"""Two natural persons sign what is published; a county verifies by itself, from what it may read and the root key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform import ids
from kreisbund_platform.errors import Conflict, FieldError, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.life_cycle import access, rows, shared_queries, signing_keys
from kreisbund_platform.templates.life_cycle.models import (
    NaturalPersonAccount,
    SigningKey,
    VersionPublication,
    VersionSignature,
)
from kreisbund_platform.templates.models import ProcessTemplate, TemplateVersion
from kreisbund_platform.templates.source import source_of
from kreisbund_platform.texts import _

NEEDED = 2
Signed = tuple[VersionSignature, SigningKey]


@dataclass(frozen=True)
class Statement:
    """What a signature says: this content, under this number, with this transition rule."""

    slug: str
    number: int
    content_hash: str
    transition: str
    transition_on: date | None

    def text(self) -> str:
        """The bytes that are signed, as text."""
        rule = self.transition + (f" {self.transition_on.isoformat()}" if self.transition_on else "")
        lines = ("kreisbund template version 1", self.slug, str(self.number), self.content_hash, rule)
        return "\n".join(lines) + "\n"


def sign(work: TeamContext, target_id: UUID, statement: Statement) -> int | Refusal:
    """Adds the asking person's signature and answers how many there are.

    Refused where the same natural person signed already, with this account or with another of theirs.
    """
    given = shared_queries.signatures_of(work.connection, target_id)
    text = statement.text()
    key, signature = signing_keys.sign(work, text)
    person = person_of(key, shared_queries.accounts_of(work.connection, [key]))
    earlier = [each for _signature, each in given]
    if person in _persons(earlier, shared_queries.accounts_of(work.connection, earlier)):
        message = _("Dieselbe natürliche Person hat schon unterschrieben. Es braucht eine zweite.")
        return Conflict("SAME_PERSON", message)
    row = VersionSignature(
        target_id=target_id,
        key_id=key.id,
        person=person,
        name=access.name_of(work.principal),
        statement=text,
        signature=signature,
        signed_at=work.clock.now(),
    )
    rows.insert(work.connection, row)
    return len(given) + 1


def person_of(key: SigningKey, accounts: Sequence[NaturalPersonAccount]) -> str:
    """The natural person behind an account; an account that nobody linked is a person of its own."""
    known = [each for each in accounts if (each.realm, each.subject) == (key.realm, key.subject)]
    return str(known[0].person_id) if known else f"{key.realm}:{key.subject}"


def _persons(keys: Sequence[SigningKey], accounts: Sequence[NaturalPersonAccount]) -> set[str]:
    return {person_of(key, accounts) for key in keys}


def problems_of(
    version: TemplateVersion, statement: Statement, signed: Sequence[Signed],
    accounts: Sequence[NaturalPersonAccount], root_key: bytes,
) -> list[FieldError]:  # fmt: skip
    """All that is wrong with a version and its signatures. Pure: needs no database and no network."""
    problems = []
    if source_of(version).content_hash != version.content_hash:
        problems.append(
            FieldError("content", "CONTENT_CHANGED", _("Der Inhalt ist nicht der, der unterschrieben ist."))
        )
    text = statement.text()
    valid = [key for signature, key in signed if _is_valid(signature, key, text, root_key)]
    if len(valid) < len(signed):
        problems.append(FieldError("signatures", "SIGNATURE_INVALID", _("Eine Unterschrift passt nicht.")))
    if len(_persons(valid, accounts)) < NEEDED:
        message = _("Es fehlen gültige Unterschriften zweier verschiedener Personen.")
        problems.append(FieldError("signatures", "SIGNATURES_MISSING", message))
    return problems


def _is_valid(signature: VersionSignature, key: SigningKey, text: str, root_key: bytes) -> bool:
    same = signature.statement == text and signature.key_id == key.id
    return same and signing_keys.is_certified(key, root_key) and signing_keys.is_signed(key, signature.signature, text)


def verify(connection: Connection[Any], settings: Settings, version_id: UUID) -> list[FieldError]:
    """The problems of a published version, read on any connection that may read what is published.

    A version published from a folder and never signed has the one problem UNSIGNED.
    """
    version = queries.version(connection, version_id)
    template = rows.one(connection, ProcessTemplate, id=version.template_id) if version else None
    if version is None or template is None:
        return [FieldError("version", "UNKNOWN", _("Diese Fassung gibt es nicht."))]
    publication = rows.one(connection, VersionPublication, version_id=version.id)
    signed = shared_queries.signatures_of(connection, publication.signed_target_id if publication else version.id)
    if publication is None and not signed:
        return [FieldError("signatures", "UNSIGNED", _("Diese Fassung ist nicht unterschrieben."))]
    keys = [key for _signature, key in signed]
    accounts = shared_queries.accounts_of(connection, keys)
    statement = statement_of(template.slug, version, publication)
    return problems_of(version, statement, signed, accounts, signing_keys.root_public_key(settings))


def statement_of(slug: str, version: TemplateVersion, publication: VersionPublication | None) -> Statement:
    """What the signatures of a published version have to say; without a rule it holds for all cases."""
    rule, day = (publication.transition, publication.transition_on) if publication else ("ALL", None)
    return Statement(slug, version.number, version.content_hash, rule, day)


def sign_version(work: TeamContext, version_id: UUID) -> UUID | Refusal:
    """Signs a version that was published from a folder, so that counties can verify it."""
    version = queries.version(work.connection, version_id)
    template = rows.one(work.connection, ProcessTemplate, lock=True, id=version.template_id) if version else None
    if version is None or template is None:
        return refusals.not_found()
    if refused := access.may_not_write(work, template.topic_id):
        return refused
    if rows.one(work.connection, VersionPublication, version_id=version.id) is not None:
        return Conflict("ALREADY_SIGNED", _("Diese Fassung ist schon unterschrieben."))
    number = sign(work, version.id, statement_of(template.slug, version, None))
    if not isinstance(number, int):
        return number
    if number == NEEDED:
        rows.insert(work.connection, _publication(version))
    access.record(
        work, template.slug, "VERSION_SIGNED", version_id=version.id, content_hash=version.content_hash,
        signatures=number,
    )  # fmt: skip
    return version.id


def _publication(version: TemplateVersion) -> VersionPublication:
    return VersionPublication(
        version_id=version.id, template_id=version.template_id, signed_target_id=version.id, transition="ALL"
    )


def link_accounts(
    connection: Connection[Any], first: tuple[str, str], second: tuple[str, str], at: datetime, by: str
) -> UUID | Refusal:
    """Records that two accounts (realm, subject) belong to one natural person; they can sign only once together."""
    if first == second:
        return Conflict("SAME_ACCOUNT", _("Das ist zweimal dasselbe Konto."))
    known = [
        rows.one(connection, NaturalPersonAccount, realm=realm, subject=subject) for realm, subject in (first, second)
    ]
    persons = {row.person_id for row in known if row}
    if len(persons) > 1:
        return Conflict("OTHER_PERSONS", _("Diese Konten gehören schon zu verschiedenen Personen."))
    person = persons.pop() if persons else ids.new_id(ids.Kind.NATURAL_PERSON, at)
    for row, (realm, subject) in zip(known, (first, second), strict=True):
        if row is None:
            rows.insert(connection, NaturalPersonAccount(
                realm=realm, subject=subject, person_id=person, registered_at=at, registered_by=by
            ))  # fmt: skip
    return person
