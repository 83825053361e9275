"""The short way of a change: its arguments, and its answer as bytes that the database writes.

The resolver is the one that the interpreter asks, the boundary `changing.py` the same. Whatever cannot be answered so
(several changes in one document, a refused field, null where none may stand) is undone where it was begun, and left to
the interpreter; an idempotency key lets nothing happen twice.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import DocumentNode, FieldNode, GraphQLError, GraphQLField, GraphQLObjectType, OperationDefinitionNode
from graphql.error import located_error
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values

from kreisbund_api.graphql.changing import ChangeInfo, projected
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.readers import Reader, Readings, coerced, variables_in
from kreisbund_api.graphql.reading import Asked, NotCompiledError
from kreisbund_platform.database.object_types import One
from kreisbund_platform.database.selection import Selection
from kreisbund_platform.database.wire import Plan, Root, UnansweredError, Wire
from kreisbund_platform.identity.principals import Principal


class _ChangeReader(Reader):
    """What is selected of an answer: nothing of it may be decided by variables, since answers are kept."""

    def root(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Selection:
        """The change itself; its own arguments are read with each request."""
        self._change = details[0].node
        return super().root(parent, key, details)

    def _arguments(self, declared: GraphQLField, node: FieldNode) -> Mapping[str, Any]:
        if node is self._change:
            return {}
        if any(variables_in(each) for each in node.arguments or ()):
            raise NotCompiledError("VARIABLES")
        return super()._arguments(declared, node)


def _arguments_of(selection: Selection) -> Mapping[str, Any]:
    return selection.arguments


@dataclass(frozen=True)
class _Written:
    """An answer's bytes as the client receives them; a plan for each kind of success."""

    selection: Selection
    document_hash: bytes
    plans: dict[str, Plan] = field(default_factory=dict)

    def refusal(self, result_type: str, fields: Mapping[str, Any]) -> str:
        """A refusal holds codes and messages only."""
        body = {self.selection.key: projected(fields, result_type, self.selection, marked=False)}
        return orjson.dumps({"data": body}).decode()

    def success(self, operation: Operation, result_type: str, values: Mapping[str, Any]) -> str:
        """What the change led to, read by one statement."""
        if operation.principal.invited_to is not None:
            raise NotCompiledError("ELSEWHERE")
        plan = self.plans.get(result_type)
        if plan is None:
            wire = Wire(operation.catalogue, _arguments_of)
            plan = wire.plan([Root(One(result_type, "true"), self.selection, frozenset(values))])
            self.plans[result_type] = plan
        known = {**operation.values(), **{f"r0_{name}": value for name, value in values.items()}}
        try:
            shown = plan.bound(known, _arguments_of).run(operation.connection)
        except UnansweredError:
            raise NotCompiledError("DATABASE") from None
        if shown is None:
            raise NotCompiledError("NULL")
        operation.show_all(shown.reads)
        return shown.body.decode()

    def answer(self, text: str) -> str:
        """The bytes as they are."""
        return text


@dataclass(frozen=True)
class _Change:
    """The one change of a document, for one kind of reader."""

    parent: GraphQLObjectType
    node: FieldNode
    rendering: _Written

    def answer(self, operation: Operation, variables: VariableValues) -> bytes:
        """Raises NotCompiledError, and what the resolver raises as the interpreter would."""
        declared, selection = self.parent.fields[self.node.name.value], self.rendering.selection
        assert declared.resolve is not None, "every root has a resolver"
        try:
            arguments = get_argument_values(declared, self.node, variables)
        except GraphQLError:
            raise NotCompiledError("REFUSED") from None
        info = ChangeInfo(operation, self.parent, selection, arguments, self.rendering)
        try:
            answer = declared.resolve(None, info, **arguments)
        except NotCompiledError:
            raise
        except Exception as problem:
            raise located_error(problem, [self.node], [selection.key]) from problem
        assert isinstance(answer, str), "every change goes through changing.perform"
        return answer.encode()


class CompiledChanges:
    """A document's changes. Thread-safe."""

    def __init__(self, document: DocumentNode) -> None:
        self._readings = Readings(document, _change_of)

    def answer(self, operation: Operation, asked: OperationDefinitionNode, given: Mapping[str, Any]) -> bytes:
        """The body of a change's answer. Raises NotCompiledError, having changed nothing, and GraphQLError."""
        variables = coerced(asked, given)
        return self._readings.of(operation, asked, variables).answer(operation, variables)


def _change_of(asked: Asked, variables: VariableValues, principal: Principal) -> _Change:
    mutation = asked.schema.mutation_type
    assert mutation is not None
    collected = collect_fields(asked.schema, asked.fragments, variables, mutation, asked.operation).grouped_field_set
    [(key, details), *others] = collected.items() or [("", [])]
    if others or not details or details[0].node.name.value.startswith("__"):
        raise NotCompiledError("SEVERAL")
    selection = _ChangeReader(asked, variables, principal).root(mutation, key, details)
    read = hashlib.sha256(repr((key, selection.children)).encode()).digest()
    return _Change(mutation, details[0].node, _Written(selection, read))
