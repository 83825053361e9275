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
from typing import Any, Protocol
from uuid import UUID

import orjson
from graphql.execution.values import get_argument_values

from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info, NotCompiledError, RootInfo, selection_of
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
)
from kreisbund_platform.database.object_types import One
from kreisbund_platform.database.prepared import undone_if
from kreisbund_platform.database.selection import TYPE_KEY, TYPENAME, Selection
from kreisbund_platform.database.session import OwnerAbsentError
from kreisbund_platform.errors import REFUSALS, Conflict, Forbidden, Invalid, Refusal
from kreisbund_platform.identity import suspension
from kreisbund_platform.identity.freshness import fresh_login_problem
from kreisbund_platform.identity.policy import may
from kreisbund_platform.privacy import answers, keys
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


class Rendering(Protocol):
    """How a change's answer is written for who asked: texts that are kept as they were given.

    `document_hash`: tells whether an answer was asked for in these words and this way before.
    """

    @property
    def document_hash(self) -> bytes:
        """32 bytes."""

    def refusal(self, result_type: str, fields: Mapping[str, Any]) -> str:
        """The text of a refusal."""

    def success(self, operation: Operation, result_type: str, values: Mapping[str, Any]) -> str:
        """The text of a success, read as the person may see it."""

    def answer(self, text: str) -> Any:
        """What the field's resolver answers."""


@dataclass(frozen=True)
class Interpreted:
    """For GraphQL's interpreter: JSON whose objects say which type they are."""

    selection: Selection

    @property
    def document_hash(self) -> bytes:
        """Of what is selected."""
        return hashlib.sha256(repr(self.selection.children).encode()).digest()

    def refusal(self, result_type: str, fields: Mapping[str, Any]) -> str:
        """A refusal holds codes and messages only."""
        return orjson.dumps(projected(fields, result_type, self.selection, marked=True)).decode()

    def success(self, operation: Operation, result_type: str, values: Mapping[str, Any]) -> str:
        """One statement."""
        answer = operation.read(One(result_type, "true"), lambda: self.selection, values)
        return orjson.dumps(answer).decode()

    def answer(self, text: str) -> Any:
        """What the interpreter walks through."""
        return orjson.loads(text)


@dataclass(frozen=True)
class ChangeInfo(RootInfo):
    """What a change may know of its field where not the interpreter asks."""

    arguments: Mapping[str, Any]
    rendering: Rendering


@dataclass(frozen=True)
class Change:
    """One call of a mutation field."""

    operation: Operation
    rendering: Rendering
    scope: Scope
    request_hash: bytes
    given: Mapping[str, Any]
    act: Callable[[], Outcome]


def perform(
    info: Info, key: str, act: Callable[[], Outcome], *, by_owner: bool = False, there: Operation | None = None
) -> Any:
    """Runs a change once for ever and answers its union member.

    `by_owner`: in the owner's transaction; `there`: in that of a county which an operator has to do with.
    """
    raw, operation = info._raw_info, there or info.context
    arguments, rendering = _asked(info, operation)
    if refused := _refused(operation, raw.field_name, key):
        if operation.assumed:
            raise NotCompiledError("STANDING")  # it is not asked yet whether they still stand there
        return _refusal(rendering, refused)
    scope = Scope(WORKSPACE if by_owner else COUNTY, operation.principal.subject or GUEST_SUBJECT, raw.field_name, key)
    request_hash = answers.request_hash(operation.settings, _request(arguments))
    change = Change(operation, rendering, scope, request_hash, arguments.get("input") or {}, act)
    try:
        with operation.as_owner() if by_owner else _as_it_is():
            return rendering.answer(in_transaction(operation.connection, lambda: _once(change)))
    except OwnerAbsentError:
        text = _("Mandanten werden hier nur über die Kommandozeile angelegt.")
        return _refusal(rendering, Conflict("OWNER_ABSENT", text))
    except BadPageError:
        raise bad_input() from None


def _asked(info: Info, operation: Operation) -> tuple[Mapping[str, Any], Rendering]:
    raw = info._raw_info
    if not isinstance(raw, RootInfo):
        declared = raw.parent_type.fields[raw.field_name]
        arguments = get_argument_values(declared, raw.field_nodes[0], raw.variable_values)
        return arguments, Interpreted(selection_of(info, operation))
    if operation is not info.context:
        raise NotCompiledError("ELSEWHERE")  # read for who asked, not for who acts there
    assert isinstance(raw, ChangeInfo), "only changes are performed"
    return raw.arguments, raw.rendering


def _refused(operation: Operation, mutation: str, key: str) -> Refusal | None:
    """What is refused before the key is looked at."""
    principal = operation.principal
    if not may(principal, f"Mutation.{mutation}"):
        return Forbidden("FORBIDDEN", _("Dazu fehlt Ihnen die Berechtigung."))
    if closed := suspension.refused(principal, mutation):
        return closed
    if stale := fresh_login_problem(principal, mutation, operation.settings, operation.clock.now()):
        return stale
    if not 0 < len(key) <= LONGEST_KEY:
        return Invalid("IDEMPOTENCY_KEY", _("Der Schlüssel hat 1 bis 200 Zeichen."))
    return None


def _as_it_is() -> AbstractContextManager[None]:
    return nullcontext()


def _once(change: Change) -> str:
    operation = change.operation
    principal, now = operation.principal, operation.clock.now()
    standing = operation.ask_standing()
    asked = answers.ask_key(operation.work, principal.subject or None) if principal.tenant is not None else None
    hashes = change.request_hash, change.rendering.document_hash
    stored = reserve(operation.connection, change.scope, *hashes, now)
    if not operation.still_stands(standing):
        raise NotCompiledError("STANDING")
    if stored is not None:
        return _replay(change, stored)
    outcome = _outcome(change)
    result_type, ids = _kept(outcome)
    told = outcome.told if isinstance(outcome, Done) else {}
    answer = _render(change, result_type, {**ids, **told})
    _keep(change, Answer(result_type, ids, answer), asked)
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
        text = _("Dieser Schlüssel wurde schon für eine andere Eingabe verwendet.")
        return _told(change.rendering, Conflict("KEY_REUSED", text))
    answer = _unsealed(change, stored)
    if answer is None:
        text = _("Die Antwort auf diese Eingabe wird nicht mehr aufbewahrt.")
        return _told(change.rendering, Conflict("ANSWER_GONE", text))
    if stored.document_hash == change.rendering.document_hash and answer.text is not None:
        return answer.text
    return _render(change, answer.result_type, answer.result_ids)


def _keep(change: Change, answer: Answer, asked: keys.Asked | None) -> None:
    operation = change.operation
    if operation.principal.tenant is None:
        sealed = answers.seal_shared(operation.settings, change.scope, answer)
    else:
        subject, shown = operation.principal.subject or None, frozenset(operation.shown)
        sealed = answers.seal(operation.work, change.scope, answer, shown=shown, subject=subject, asked=asked)
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
        return change.rendering.refusal(result_type, kept)
    values = {"status_secret": None, "granted": kept["result"], **kept}
    return change.rendering.success(change.operation, result_type, values)


def _told(rendering: Rendering, refusal: Refusal) -> str:
    return rendering.refusal(type(refusal).__name__, _fields(refusal))


def _refusal(rendering: Rendering, refusal: Refusal) -> Any:
    return rendering.answer(_told(rendering, refusal))


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


def projected(fields: Mapping[str, Any], type_name: str, selection: Selection, *, marked: bool) -> dict[str, Any]:
    """A refusal's fields as they were selected. `marked`: each object says which type it is."""
    answer: dict[str, Any] = {TYPE_KEY: type_name} if marked else {}
    for child in selection.children.get(type_name, ()):
        value: Any = type_name if child.name == TYPENAME else fields[child.name]
        if child.name == "fieldErrors":
            value = [projected(error, "FieldError", child, marked=marked) for error in value]
        elif child.name == "freshLogin" and value is not None:
            value = projected(value, "FreshLogin", child, marked=marked)
        answer[child.key] = value
    return answer


def _request(arguments: Mapping[str, Any]) -> bytes:
    return orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS)


def done(result_type: str, outcome: UUID | Refusal) -> Outcome:
    """A service's answer as the boundary takes it: the id of what it made or changed, or its refusal."""
    return Done(result_type, outcome) if isinstance(outcome, UUID) else outcome
