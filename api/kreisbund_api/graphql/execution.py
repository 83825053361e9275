"""Runs one operation: document (cached), guard, validation, execution, and errors as callers may see them."""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
)

from kreisbund_api import guard
from kreisbund_api.graphql.compiled import Compiled
from kreisbund_api.graphql.compiled_changes import CompiledChanges
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.people import People
from kreisbund_api.graphql.reading import NotCompiledError
from kreisbund_api.graphql.refusals import Code, bad_input, blocked, refusal, too_complex, unavailable
from kreisbund_api.graphql.schema import SCHEMA
from kreisbund_api.graphql.validation import SHOWN_ERRORS, errors_in
from kreisbund_api.services import Answer
from kreisbund_platform import telemetry
from kreisbund_platform.clock import Clock
from kreisbund_platform.database.failures import Failure, classify
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.principals import Principal, guest_of
from kreisbund_platform.identity.standing import AccountBlockedError, Stood
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.attention import Changed
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.texts import _

MOST_DOCUMENTS = 500
LONGEST_CACHED = 50_000
LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    document: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    of_page: bool = False


@dataclass(frozen=True)
class Prepared:
    """A document judged once for all requests."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    compiled: Compiled | None = None
    changes: CompiledChanges | None = None


@dataclass(frozen=True)
class Known:
    """A document that was asked before, and the operation of it that is asked for."""

    prepared: Prepared
    asked: OperationDefinitionNode

    @property
    def query(self) -> Compiled | None:
        """What a query comes to, where it compiles."""
        return self.prepared.compiled if self.asked.operation is OperationType.QUERY else None

    @property
    def changes(self) -> bool:
        """Whether it is a mutation."""
        return _changes(self.asked)

    def purpose(self, request: Request) -> str:
        """What the read log says of it."""
        return purpose_of(request, self.asked)


class Documents:
    """Parsed and validated documents, the recent ones remembered."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Prepared] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, text: str) -> Prepared | None:
        """The document, if it is remembered."""
        return self._recall(_fingerprint(text))

    def prepare(self, text: str) -> Prepared:
        """The document, or what is wrong with it."""
        key = _fingerprint(text)
        if (known := self._recall(key)) is not None:
            return known
        prepared = _prepare(text)
        if len(text) <= LONGEST_CACHED:
            with self._lock:
                self._known[key] = prepared
                while len(self._known) > MOST_DOCUMENTS:
                    self._known.popitem(last=False)
        return prepared

    def _recall(self, key: bytes) -> Prepared | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)


def _fingerprint(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _prepare(text: str) -> Prepared:
    try:
        document = guard.read_document(text, SCHEMA._schema)
        errors = errors_in(document, text)
        return (
            Prepared(document, errors)
            if errors
            else Prepared(document, (), Compiled(document), CompiledChanges(document))
        )
    except GraphQLError as problem:
        return Prepared(None, (problem,))
    except RecursionError:
        return Prepared(None, (too_complex(),))


class Executor:
    """The process's one way to run documents, for clients and for its own pages alike. Synchronous."""

    def __init__(self, settings: Settings, connections: Connections, clock: Clock, database: Database) -> None:
        self._settings = settings
        self._connections = connections
        self._clock = clock
        self._database = database
        self.changed = Changed()  # what the worker is told of
        self.people = People()
        self._documents = Documents()

    def operation(
        self, principal: Principal, kind: type[Operation] = Operation, assumed: Stood | None = None
    ) -> Operation:
        """A fresh context for one thread."""
        return kind(principal, self._settings, self._connections, self._clock, self._database, assumed)

    def now(self) -> datetime:
        """The moment by the process's clock."""
        return self._clock.now()

    def prepare(self, request: Request) -> tuple[Prepared, OperationDefinitionNode | None]:
        """The document and the operation that would run."""
        prepared = self._documents.prepare(request.document)
        asked = get_operation_ast(prepared.document, request.operation_name) if prepared.document else None
        return prepared, asked

    def known(self, request: Request) -> Known | None:
        """What was asked before; never parses."""
        prepared = self._documents.known(request.document)
        if prepared is None or prepared.document is None:
            return None
        asked = get_operation_ast(prepared.document, request.operation_name)
        return None if asked is None else Known(prepared, asked)

    def run(self, principal: Principal, request: Request, *, long_way: bool = False) -> Answer:
        """Runs a query or mutation. `long_way`: by the interpreter, whatever would compile."""
        prepared, asked = self.prepare(request)
        if prepared.document is None or prepared.errors:
            return Answer(None, tuple(shown(each) for each in prepared.errors))
        if asked is None or asked.operation is OperationType.SUBSCRIPTION:
            return Answer(None, (shown(bad_input()),))
        with telemetry.span("graphql", operation=asked.operation.value):
            return self._run(principal, Prepared(prepared.document) if long_way else prepared, asked, request)

    def __call__(
        self,
        principal: Principal | None,
        county: TenantContext | None,
        document: str,
        variables: Mapping[str, Any],
    ) -> Answer:
        """The pages' door (services.Execute): the person must be of the county whose page it is."""
        if principal is None:
            if county is None:
                return Answer(None, (shown(refusal(Code.UNAUTHENTICATED, _("Bitte melden Sie sich an."))),))
            principal = guest_of(county)
        if county is not None and (principal.tenant is None or principal.tenant.id != county.id):
            return Answer(None, (shown(refusal(Code.FORBIDDEN, _("Dazu fehlt Ihnen die Berechtigung."))),))
        return self.run(principal, Request(document, variables, of_page=True))

    def _run(
        self, principal: Principal, prepared: Prepared, asked: OperationDefinitionNode, request: Request
    ) -> Answer:
        assumed = self.people.recall(principal) if prepared.changes and _changes(asked) else None
        try:
            answer = self._tried(principal, assumed, prepared, asked, request) if assumed else None
            answer = answer or self._tried(principal, None, prepared, asked, request)
        except Exception as problem:
            return Answer(None, (shown(masked(problem)),))
        assert answer is not None, "the interpreter answers everything"
        telemetry.operations.add(1, {"result": "error" if answer.errors else "ok"})
        return answer

    def _tried(
        self,
        principal: Principal,
        assumed: Stood | None,
        prepared: Prepared,
        asked: OperationDefinitionNode,
        request: Request,
    ) -> Answer | None:
        """The answer. `assumed`: where the person stood last time; then None where it needs more than the short way."""
        with self.operation(principal, assumed=assumed) as operation:
            operation.purpose = purpose_of(request, asked)
            operation.asks = asked.operation is OperationType.QUERY
            answer = self._compiled(operation, prepared, asked, request)
            if answer is None and assumed is not None:
                self.people.forget(principal)
                return None
            answer = answer or _interpreted(operation, prepared, request)
        if _changes(asked):
            self._note(operation)
        if operation.stood is not None and operation.stood.row is not None and not request.of_page:
            self.people.remember(principal, operation.stood)
        return answer

    def _note(self, operation: Operation) -> None:
        """What a county's change leaves for the worker."""
        if operation.has_worked:
            due_at = operation.work.left.due_at(self._clock.now())
            if due_at is not None:
                self.changed.note(operation.work.tenant.id, due_at)

    def _compiled(
        self, operation: Operation, prepared: Prepared, asked: OperationDefinitionNode, request: Request
    ) -> Answer | None:
        """The short way; None where the document has to go the long one, which is counted by reason."""
        short = prepared.compiled if asked.operation is OperationType.QUERY else prepared.changes
        if short is None:
            return None
        try:
            return Answer(None, written=short.answer(operation, asked, request.variables))
        except NotCompiledError as problem:
            telemetry.interpreted.add(1, {"reason": problem.reason})
            return None
        except GraphQLError as problem:
            return Answer(None, (shown(problem),))


def _changes(asked: OperationDefinitionNode) -> bool:
    return asked.operation is OperationType.MUTATION


def _interpreted(operation: Operation, prepared: Prepared, request: Request) -> Answer:
    assert prepared.document is not None, "only judged documents run"
    result = execute(
        SCHEMA._schema,
        prepared.document,
        context_value=operation,
        variable_values=dict(request.variables),
        operation_name=request.operation_name,
        max_coercion_errors=SHOWN_ERRORS,
        hide_suggestions=True,
    )
    assert isinstance(result, ExecutionResult), "no resolver awaits"
    return Answer(result.data, tuple(shown(each) for each in result.errors or ()))


def purpose_of(request: Request, asked: OperationDefinitionNode) -> str:
    """What the read log says of an operation: the page's document, or the fields asked for; a client's name for it
    is free text and says nothing.
    """
    if request.of_page and asked.name is not None:
        return asked.name.value
    fields = [each.name.value for each in asked.selection_set.selections if isinstance(each, FieldNode)]
    return " ".join(fields) or "fragment"


def masked(problem: BaseException) -> GraphQLError:
    """What may be said about an exception; a surprise is logged by type and place and named by its trace."""
    if isinstance(problem, AccountBlockedError):
        return blocked()
    failure = classify(problem)
    if failure is Failure.UNAVAILABLE:
        telemetry.log("graphql_unavailable", level=logging.WARNING, problem=problem)
        return unavailable()
    if failure is Failure.TOO_LONG:
        return too_complex()
    trace = telemetry.trace_id()
    telemetry.log("graphql_surprise", level=logging.ERROR, problem=problem)
    extensions = {"code": str(Code.INTERNAL), "traceId": trace}
    return GraphQLError(_("Es ist ein unerwarteter Fehler aufgetreten."), extensions=extensions)


def shown(error: GraphQLError) -> dict[str, Any]:
    """An error as the caller sees it: message, code, path; surprises masked."""
    cause = error.original_error
    said = error
    if cause is not None and not isinstance(cause, GraphQLError):
        said = masked(cause)
    elif "code" not in (error.extensions or {}):
        said = bad_input(error.message)
    line: dict[str, Any] = {"message": shorten(said.message)}
    if error.path:
        line["path"] = list(error.path)
    return {**line, "extensions": dict(said.extensions or {})}


def shorten(message: str) -> str:
    """A message that repeats what was sent need not repeat all of it."""
    return message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…"
