"""Stored answers of idempotent mutations: kept seven days, sealed under the keys of all whom they tell of.

A citizen's answer is sealed under the key of the account and of the case, an official's under that of the official and
of each case shown in it. Outside of any county (service team, state, operations) nothing of a citizen is answered;
there the deployment's own key serves.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from kreisbund_platform.database.idempotency import Scope, Stored
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.privacy import keys, queries
from kreisbund_platform.settings import Settings

# an answer that shows more cases keeps its ids only and is rendered again
MOST_CASES = 20


@dataclass(frozen=True)
class Answer:
    """Which result, what a new rendering of it needs, and the text as it was given (JSON) if it is kept."""

    result_type: str
    result_ids: Mapping[str, Any]
    text: str | None


@dataclass(frozen=True)
class Sealed:
    """An answer as it may lie in the database: ciphertext, and whose keys open it."""

    content: bytes
    holders: list[str]


def request_hash(settings: Settings, request: bytes) -> bytes:
    """What tells whether an input is the same again, 32 bytes; without the deployment's key nobody can guess by it."""
    return hmac.digest(_key(settings, b"stored requests"), request, sha256)


def ask_key(work: WorkContext, subject: str | None) -> keys.Asked | None:
    """The key under which the answer will be sealed at least; `subject`: None for a guest."""
    return keys.ask(work, [keys.account_holder(subject)]) if subject else None


def seal(
    work: WorkContext,
    scope: Scope,
    answer: Answer,
    *,
    shown: Iterable[UUID],
    subject: str | None,
    asked: keys.Asked | None = None,
) -> Sealed:
    """Seals a county's answer. `shown`: cases whose citizens it tells of; `subject`, `asked`: as in `ask_key`."""
    cases = dict.fromkeys(shown)
    if work.principal.roles <= {Role.CITIZEN} and (own := _own_case(work, answer)):
        cases[own] = None
    holders = [keys.account_holder(subject)] if subject else []
    if len(cases) > MOST_CASES:
        answer, cases = Answer(answer.result_type, answer.result_ids, None), {}
    holders += sorted(keys.case_holder(case) for case in cases)
    around = [_key(work.settings, b"stored answers"), *keys.keys_for(work, holders, asked)]
    return Sealed(keys.seal(around, _written(answer), bound_to=_place(scope)), holders)


def _own_case(work: WorkContext, answer: Answer) -> UUID | None:
    """What is shown to citizens and guests is not recorded as a read; it is the case of the result."""
    return queries.case_of(work.connection, answer.result_ids.get("result"))


def unseal(work: WorkContext, scope: Scope, stored: Stored) -> Answer | None:
    """The answer again; None once whom it tells of was erased."""
    found = keys.existing_keys(work, stored.holders)
    return None if found is None else _read([_key(work.settings, b"stored answers"), *found], scope, stored)


def seal_shared(settings: Settings, scope: Scope, answer: Answer) -> Sealed:
    """Seals an answer given outside of any county."""
    return Sealed(keys.seal([_key(settings, b"stored answers")], _written(answer), bound_to=_place(scope)), [])


def unseal_shared(settings: Settings, scope: Scope, stored: Stored) -> Answer | None:
    """The same again."""
    return _read([_key(settings, b"stored answers")], scope, stored)


def _read(around: list[bytes], scope: Scope, stored: Stored) -> Answer | None:
    if stored.sealed is None:
        return None
    content = keys.unseal(around, stored.sealed, bound_to=_place(scope))
    return None if content is None else Answer(*orjson.loads(content))


def _written(answer: Answer) -> bytes:
    return orjson.dumps([answer.result_type, answer.result_ids, answer.text])


def _place(scope: Scope) -> bytes:
    """Where it lies: an answer that is moved under another key or person does not open."""
    return orjson.dumps([scope.table, scope.subject, scope.mutation, scope.key])


def _key(settings: Settings, purpose: bytes) -> bytes:
    return hmac.digest(settings.wrapping_key, b"kreisbund " + purpose, sha256)
