"""Whom a report or an erasure is about: an account, or a party of a case (who may have no account)."""

from dataclasses import dataclass, replace
from uuid import UUID

from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.privacy import queries


@dataclass(frozen=True)
class Person:
    """What of a county leads to one person. `cases`: those that tell of them as applicant; `parties`: their own rows.

    `account` is None for a party without one.
    """

    account: str | None
    cases: tuple[UUID, ...]
    parties: tuple[UUID, ...]

    @property
    def targets(self) -> list[str]:
        """How keys and the ledger name the person."""
        plain = [*([self.account] if self.account else []), *map(str, self.cases)]
        held = [f"account/{self.account}"] if self.account else []
        return [*plain, *held, *(f"case/{case}" for case in self.cases)]


def of_account(work: WorkContext, account: str) -> Person:
    """The person of an account; without cases where there are none."""
    cases = queries.cases_of_applicant(work.connection, account)
    return Person(account, cases, queries.parties_of(work.connection, account, cases))


def is_known(work: WorkContext, account: str) -> bool:
    """Whether anything of a citizen lies under this account."""
    return queries.is_known(work.connection, account)


def of_party(work: WorkContext, party_id: str) -> Person | None:
    """The person that a party is; None for an id that is no party's of this county."""
    identifier = parse_id(party_id, Kind.PARTY)
    found = queries.party(work.connection, identifier) if identifier else None
    if identifier is None or found is None:
        return None
    known = of_account(work, found.account) if found.account else Person(None, (), ())
    own = (found.case_id,) if found.role == "applicant" else ()
    return replace(known, cases=_with(known.cases, *own), parties=_with(known.parties, identifier))


def _with(known: tuple[UUID, ...], *more: UUID) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys((*known, *more)))
