"""The one boundary of every change: permission, suspension, key, transaction, service, answer, commit.

A key belongs to one person and one mutation field. It is taken by an insert, so a second try waits for the
first. Same input and same selection: the stored bytes, which lie sealed; another selection: the same result,
rendered now; another input: Conflict. Refusals are answers, too, and leave nothing else behind; only a login that is
not fresh enough is refused before the key is looked at, so that the same key serves after the login.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from graphql.execution.values import get_argument_values

from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info, selection_of
from kreisbund_api.graphql.refusals import bad_input
from kreisbund_platform.database.cursors import BadPageError
from kreisbund_platform.database.idempotency import (
    COUNTY,
    WORKSPACE,
    Scope,
    Stored,
    in_transaction,
    keep,
    reserve,
    undone_if,
)
from kreisbund_platform.database.object_types import One
from kreisbund_platform.database.selection import TYPE_KEY, Selection
from kreisbund_platform.database.session import OwnerAbsentError
from kreisbund_platform.errors import REFUSALS, Conflict, Forbidden, Invalid, Refusal
from kreisbund_platform.identity import suspension
from kreisbund_platform.identity.freshness import fresh_login_problem
from kreisbund_platform.identity.policy import may
from kreisbund_platform.privacy import answers
from kreisbund_platform.privacy.answers import Answer
from kreisbund_platform.rights import four_eyes
from kreisbund_platform.texts import _

LONGEST_KEY = 200
GUEST_SUBJECT = "guest"


@dataclass(frozen=True)
class Done:
    """What a change led to: which success, whose row, and what is told this once."""

    result_type: str
    result: UUID
    told: Mapping[str, str | None] = field(default_factory=dict)


Outcome = Done | Refusal


@dataclass(frozen=True)
class Change:
    """One call of a mutation field."""

    operation: Operation
    selection: Selection
    scope: Scope
    request_hash: bytes
    document_hash: bytes
    given: Mapping[str, Any]
    act: Callable[[], Outcome]


def perform(
    info: Info, key: str, act: Callable[[], Outcome], *, by_owner: bool = False, there: Operation | None = None
) -> Any:
    """Runs a change once for ever and answers its union member.

    `by_owner`: in the owner's transaction; `there`: in that of a county which an operator has to do with.
    """
    raw, operation = info._raw_info, there or info.context
    selection = selection_of(info, operation)
    if not may(operation.principal, f"Mutation.{raw.field_name}"):
        refused = Forbidden("FORBIDDEN", _("Dazu fehlt Ihnen die Berechtigung."))
        return _problem(refused, selection)
    if closed := suspension.refused(operation.principal, raw.field_name):
        return _problem(closed, selection)
    if stale := fresh_login_problem(operation.principal, raw.field_name, operation.settings, operation.clock.now()):
        return _problem(stale, selection)
    if not 0 < len(key) <= LONGEST_KEY:
        return _problem(Invalid("IDEMPOTENCY_KEY", _("Der Schlüssel hat 1 bis 200 Zeichen.")), selection)
    scope = Scope(WORKSPACE if by_owner else COUNTY, operation.principal.subject or GUEST_SUBJECT, raw.field_name, key)
    arguments = _arguments(info)
    request_hash = answers.request_hash(operation.settings, _request(arguments))
    hashes = request_hash, _document_hash(selection)
    change = Change(operation, selection, scope, *hashes, arguments.get("input") or {}, act)
    try:
        with operation.as_owner() if by_owner else _as_it_is():
            return orjson.loads(in_transaction(operation.connection, lambda: _once(change)))
    except OwnerAbsentError:
        text = _("Mandanten werden hier nur über die Kommandozeile angelegt.")
        return _problem(Conflict("OWNER_ABSENT", text), selection)
    except BadPageError:
        raise bad_input() from None


def _as_it_is() -> AbstractContextManager[None]:
    return nullcontext()


def _once(change: Change) -> str:
    connection = change.operation.connection
    now = change.operation.clock.now()
    stored = reserve(connection, change.scope, change.request_hash, change.document_hash, now)
    if stored is not None:
        return _replay(change, stored)
    outcome = _outcome(change)
    result_type, ids = _kept(outcome)
    told = outcome.told if isinstance(outcome, Done) else {}
    answer = _render(change, result_type, {**ids, **told})
    _keep(change, Answer(result_type, ids, answer))
    return answer


def _outcome(change: Change) -> Outcome:
    """What the change led to; a refusal has undone what it wrote.

    Where the county wants two persons for it, it happens once the second one has confirmed exactly this. Before, it is
    tried and undone, so that nobody is asked to confirm what cannot be done, and stands as a proposal.
    """
    operation, connection = change.operation, change.operation.connection
    of_county = operation.principal.tenant is not None and not operation.principal.is_guest
    proposal = four_eyes.needed(operation.work, change.scope.mutation, change.given) if of_county else None
    if proposal is None:
        return undone_if(connection, change.act, _is_refusal)
    confirmed = undone_if(
        connection, lambda: change.act() if four_eyes.use(operation.work, proposal) else None, _is_refusal
    )
    if confirmed is not None:
        return confirmed
    tried = undone_if(connection, change.act, lambda _result: True)
    return tried if isinstance(tried, REFUSALS) else four_eyes.propose(operation.work, proposal)


def _is_refusal(outcome: Outcome | None) -> bool:
    return isinstance(outcome, REFUSALS)


def _replay(change: Change, stored: Stored) -> str:
    if stored.request_hash != change.request_hash:
        refused = Conflict("KEY_REUSED", _("Dieser Schlüssel wurde schon für eine andere Eingabe verwendet."))
        return orjson.dumps(_problem(refused, change.selection)).decode()
    answer = _unsealed(change, stored)
    if answer is None:
        refused = Conflict("ANSWER_GONE", _("Die Antwort auf diese Eingabe wird nicht mehr aufbewahrt."))
        return orjson.dumps(_problem(refused, change.selection)).decode()
    if stored.document_hash == change.document_hash and answer.text is not None:
        return answer.text
    return _render(change, answer.result_type, answer.result_ids)


def _keep(change: Change, answer: Answer) -> None:
    operation = change.operation
    if operation.principal.tenant is None:
        sealed = answers.seal_shared(operation.settings, change.scope, answer)
    else:
        subject = operation.principal.subject or None
        sealed = answers.seal(operation.work, change.scope, answer, shown=frozenset(operation.shown), subject=subject)
    keep(operation.connection, change.scope, sealed.content, sealed.holders)


def _unsealed(change: Change, stored: Stored) -> Answer | None:
    operation = change.operation
    if operation.principal.tenant is None:
        return answers.unseal_shared(operation.settings, change.scope, stored)
    return answers.unseal(operation.work, change.scope, stored)


def _kept(outcome: Outcome) -> tuple[str, dict[str, Any]]:
    """Type and ids from which an answer can be rendered again; a refusal holds codes and messages only."""
    if isinstance(outcome, Done):
        return outcome.result_type, {"result": str(outcome.result)}
    return type(outcome).__name__, _fields(outcome)


def _render(change: Change, result_type: str, kept: Mapping[str, Any]) -> str:
    if "result" not in kept:
        return orjson.dumps(_project(kept, result_type, change.selection)).decode()
    values = {"status_secret": None, "granted": kept["result"], **kept}
    answer = change.operation.read(One(result_type, "true"), lambda: change.selection, values)
    return orjson.dumps(answer).decode()


def _fields(refusal: Refusal) -> dict[str, Any]:
    fields: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if isinstance(refusal, Conflict):
        fields["currentVersion"] = refusal.current_version
    if isinstance(refusal, Forbidden):
        fresh = refusal.fresh_login
        fields["freshLogin"] = fresh and {"maxAgeSeconds": fresh.max_age_seconds, "secondFactor": fresh.second_factor}
    if isinstance(refusal, Invalid):
        fields["fieldErrors"] = [vars(error) for error in refusal.field_errors]
    return fields


def _problem(refusal: Refusal, selection: Selection) -> dict[str, Any]:
    return _project(_fields(refusal), type(refusal).__name__, selection)


def _project(fields: Mapping[str, Any], type_name: str, selection: Selection) -> dict[str, Any]:
    answer: dict[str, Any] = {TYPE_KEY: type_name}
    for child in selection.children.get(type_name, ()):
        value = fields[child.name]
        if child.name == "fieldErrors":
            value = [_project(error, "FieldError", child) for error in value]
        elif child.name == "freshLogin" and value is not None:
            value = _project(value, "FreshLogin", child)
        answer[child.key] = value
    return answer


def _arguments(info: Info) -> dict[str, Any]:
    raw = info._raw_info
    declared = raw.parent_type.fields[raw.field_name]
    return get_argument_values(declared, raw.field_nodes[0], raw.variable_values)


def _request(arguments: Mapping[str, Any]) -> bytes:
    return orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS)


def _document_hash(selection: Selection) -> bytes:
    return hashlib.sha256(repr(selection.children).encode()).digest()


def done(result_type: str, outcome: UUID | Refusal) -> Outcome:
    """A service's answer as the boundary takes it: the id of what it made or changed, or its refusal."""
    return Done(result_type, outcome) if isinstance(outcome, UUID) else outcome
