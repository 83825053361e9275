"""Keys of persons and cases: what is sealed under them cannot be read once one of them is destroyed.

A holder is `account/<subject>` or `case/<id>`. Its key is random (256 bits) and lies in the county's `subject_key`,
wrapped by the county's key, which lies in `county_key`, wrapped by the deployment's wrapping key.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag

from kreisbund_platform.database import prepared
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.wrapping import unwrap, wrap
from kreisbund_platform.privacy import queries

KEY_BYTES = 32


def account_holder(subject: str) -> str:
    """The holder that an account is."""
    return f"account/{subject}"


def case_holder(case_id: UUID | str) -> str:
    """The holder that a case is: all whom it concerns."""
    return f"case/{case_id}"


@dataclass(frozen=True)
class Asked:
    """Keys that are on their way: they come with what is asked of the database next."""

    holders: frozenset[str]
    answer: prepared.Asked


def ask(work: WorkContext, holders: Iterable[str]) -> Asked:
    """Asks for keys that will be needed."""
    wanted = sorted(holders)
    return Asked(frozenset(wanted), queries.WRAPPED_KEYS.ask(work.connection, wanted))


def keys_for(work: WorkContext, holders: Iterable[str], asked: Asked | None = None) -> list[bytes]:
    """The holders' keys in their order, made where they are missing. `asked`: those that are on their way."""
    wanted = list(holders)
    if asked is not None and asked.holders.issuperset(wanted):
        found = queries.wrapped_keys_in(asked.answer.result())
    else:
        found = queries.wrapped_keys(work.connection, wanted)
    missing = sorted(set(wanted) - found.of_holders.keys())
    if found.county is None or missing:
        _make(work, found.county, missing)
        found = queries.wrapped_keys(work.connection, wanted)
    assert found.county is not None
    return _unwrapped(work, found.county, {holder: found.of_holders[holder] for holder in wanted})


def existing_keys(work: WorkContext, holders: Iterable[str]) -> list[bytes] | None:
    """The holders' keys in their order; None as soon as one of them is destroyed."""
    wanted = list(holders)
    found = queries.wrapped_keys(work.connection, wanted)
    if found.county is None or set(wanted) - found.of_holders.keys():
        return None
    return _unwrapped(work, found.county, {holder: found.of_holders[holder] for holder in wanted})


def _make(work: WorkContext, county: bytes | None, holders: list[str]) -> None:
    """Whoever comes second waits for the first on the unique index and then finds the first one's key."""
    if county is None:
        fresh = wrap(work.settings.wrapping_key, secrets.token_bytes(KEY_BYTES), bound_to=_county_bound(work))
        county = queries.keep_county_key(work.connection, fresh)
    key = unwrap(work.settings.wrapping_key, county, bound_to=_county_bound(work))
    made = {holder: wrap(key, secrets.token_bytes(KEY_BYTES), bound_to=holder.encode()) for holder in holders}
    queries.keep_subject_keys(work.connection, made, work.clock.now())


def _unwrapped(work: WorkContext, county: bytes, wrapped: Mapping[str, bytes]) -> list[bytes]:
    key = unwrap(work.settings.wrapping_key, county, bound_to=_county_bound(work))
    return [unwrap(key, each, bound_to=holder.encode()) for holder, each in wrapped.items()]


def _county_bound(work: WorkContext) -> bytes:
    return b"county key/" + str(work.tenant.id).encode()


def seal(keys: Iterable[bytes], content: bytes, *, bound_to: bytes) -> bytes:
    """The content under all keys, one around the other: without any one of them it is gone."""
    for key in keys:
        content = wrap(key, content, bound_to=bound_to)
    return content


def unseal(keys: list[bytes], sealed: bytes, *, bound_to: bytes) -> bytes | None:
    """The content again; None where it is not these keys' or was moved from elsewhere."""
    try:
        for key in reversed(keys):
            sealed = unwrap(key, sealed, bound_to=bound_to)
    except InvalidTag:
        return None
    return sealed
