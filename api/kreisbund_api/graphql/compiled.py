"""The short way of a query: the document's selections become one prepared statement whose bytes are the answer.

A root's resolver says what is to be read, as ever; here it talks to a recorder instead of the database. What it reads,
which pages begin behind a cursor and who reads (viewpoint and audiences) make the shape of a request; each shape has
one statement; what a resolver makes itself is bound as a value. Whatever is not reading of one's own (a refused field,
a wrong argument, null where none may stand) is left to GraphQL's interpreter, which finds the same or says what is
wrong. A root through which somebody from outside looks into a county is a statement of its own, read and run as who
looks there; its bytes are then like any value that a resolver makes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache, partial
from typing import Any

import orjson
import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_nullable_type,
    is_scalar_type,
)
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.readers import LATER, NEW, Reader, Readings, coerced
from kreisbund_api.graphql.reading import Asked, NotCompiledError, RootInfo
from kreisbund_api.graphql.schema import SCHEMA
from kreisbund_platform.database.cursors import BadPageError
from kreisbund_platform.database.object_types import Field
from kreisbund_platform.database.selection import TYPE_KEY, TYPENAME, Selection
from kreisbund_platform.database.wire import MADE, Bound, Plan, Root, Shown, UnansweredError, Wire
from kreisbund_platform.identity.policy import audiences_of
from kreisbund_platform.identity.principals import Principal

MOST_PLANS = 64  # shapes of one reading
# of an operation; another person or county would need another statement
LOOKED_UP = frozenset({"principal", "clock", "settings", "connection", "work", "workspace", "tenant", "show"})
# roots whose selection another person reads, in another county, and what they use for it
LOOKING = frozenset({"supportCase", "emergencyCase", "emergencyRequests"})
LOOKED_THROUGH = frozenset({"looking_on", "asking_in", "at_county"})
Given = Callable[[Selection], Mapping[str, Any]]


@dataclass(frozen=True)
class _Recorded:
    """What a resolver reads, or what it has made itself: then `read` is None and the one value its JSON."""

    read: Field | None
    values: Mapping[str, Any]


class _Recorder:
    """What resolvers see of an operation that is compiled."""

    def __init__(self, operation: Operation, look: "Callable[[Operation, _Recorded], _Recorded | None] | None") -> None:
        self._operation = operation
        self._look = look

    def read(self, read: Field, _selected: Callable[[], Selection], values: Mapping[str, Any]) -> _Recorded:
        """What a resolver asks for."""
        return _Recorded(read, values)

    def read_through(self, look: Operation, read: Field, values: Mapping[str, Any]) -> _Recorded | None:
        """What a resolver asks for as somebody who looks into a county, while they do."""
        assert self._look is not None, "only LOOKING roots look"
        return self._look(look, _Recorded(read, values))

    def __getattr__(self, name: str) -> Any:
        if name not in LOOKED_UP and not (self._look and name in LOOKED_THROUGH):
            raise NotCompiledError("ELSEWHERE")
        return getattr(self._operation, name)


@dataclass(frozen=True)
class _RootField:
    """A root of a document and how its resolver is asked."""

    selection: Selection
    parent: GraphQLObjectType
    node: FieldNode

    def recorded(self, operation: Operation, variables: VariableValues) -> _Recorded | None:
        """What the resolver reads or makes; None where it is null already. Raises NotCompiledError."""
        recorder = self._recorder(operation, variables)
        name = self.selection.name
        try:
            arguments = get_argument_values(self.parent.fields[name], self.node, variables)
            answer = _resolver(name)(RootInfo(recorder, self.parent, self.selection), arguments)
        except NotCompiledError:
            raise
        except Exception:
            raise NotCompiledError("REFUSED") from None  # the interpreter finds it again and says where
        if answer is None or isinstance(answer, _Recorded):
            return answer
        return _Recorded(None, {MADE: orjson.dumps(_plain(answer, self.selection)).decode()})

    def _recorder(self, operation: Operation, _variables: VariableValues) -> _Recorder:
        return _Recorder(operation, None)


@dataclass(frozen=True)
class _LookingRoot(_RootField):
    """A root whose selection is read by whoever looks through it; a reading for each kind of them."""

    asked: Asked
    details: list[FieldDetails]
    readings: dict[Any, "_Reading"] = dataclass_field(default_factory=dict)

    def _recorder(self, operation: Operation, variables: VariableValues) -> _Recorder:
        return _Recorder(operation, partial(self._looked, variables))

    def _looked(self, variables: VariableValues, look: Operation, recorded: _Recorded) -> _Recorded | None:
        key = audiences_of(look.principal), look.catalogue.viewpoint
        reading = self.readings.get(key)
        if reading is None:
            reader = Reader(self.asked, variables, look.principal)
            selection = reader.root(self.parent, self.selection.key, self.details)
            reading = self.readings[key] = _Reading((selection,), tuple(reader.behind))
        shown = _run(reading.of(look, [recorded], variables, known=False), look)
        value = shown.body.removeprefix(f'{{"data":{{"{self.selection.key}":'.encode()).removesuffix(b"}}")
        if value == b"null":
            return None
        if look.principal.invited_to is not None:
            look.show((look.principal.invited_to.case_id,), frozenset())
        look.show_all(shown.reads)
        return _Recorded(None, {MADE: value.decode()})


@cache
def _resolver(name: str) -> Callable[[RootInfo, Mapping[str, Any]], Any]:
    """How a root's resolver is asked: as Strawberry does, or straight where there is nothing to convert."""
    query = SCHEMA._schema.query_type
    assert query is not None
    declared = query.fields[name]
    field: StrawberryField = declared.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    resolver: Any = field.base_resolver
    assert resolver.self_parameter, "every root's resolver is a method"
    assert resolver.info_parameter, "and takes its info"
    assert not field.extensions, "they would have to be asked"
    python_name = {SCHEMA.config.name_converter.from_argument(each): each.python_name for each in field.arguments}
    plain = {each for each, given in declared.args.items() if is_scalar_type(get_nullable_type(given.type))}

    def asked(info: Any, arguments: Mapping[str, Any]) -> Any:
        if any(value is not None and each not in plain for each, value in arguments.items()):
            return declared.resolve(None, info, **arguments)
        given = {python_name[each]: value for each, value in arguments.items()}
        return resolver.wrapped_func(None, info=strawberry.Info(_raw_info=info, _field=field), **given)

    return asked


def _plain(value: Any, selection: Selection) -> Any:
    """What a resolver made, without the marks of its types."""
    if value is None and selection.required:
        raise NotCompiledError("NULL")
    if isinstance(value, list):
        return [_plain(each, selection) for each in value]
    if isinstance(value, dict) and TYPE_KEY in value:
        return {each.key: _plain(value[each.key], each) for each in selection.children.get(value[TYPE_KEY], ())}
    return value


@dataclass(frozen=True)
class _Reading:
    """What one document asks of one kind of reader: its roots, the pages that may begin behind a cursor, and a plan
    for each shape of request.
    """

    roots: tuple[_RootField | Selection, ...]
    behind: tuple[Selection, ...]
    plans: dict[Any, Plan] = dataclass_field(default_factory=dict)

    def bound(self, operation: Operation, variables: VariableValues, *, known: bool) -> Bound:
        """The statement of one request. `known`: only if its plan was made before. Raises NotCompiledError."""
        recorded = [
            each.recorded(operation, variables) if isinstance(each, _RootField) else None for each in self.roots
        ]
        return self.of(operation, recorded, variables, known=known)

    def of(
        self, operation: Operation, recorded: Sequence[_Recorded | None], variables: VariableValues, *, known: bool
    ) -> Bound:
        """The same, once it is known what the roots read."""
        given = _given(variables)
        shape = (
            tuple(each and (each.read, tuple(each.values)) for each in recorded),
            tuple(given(each).get("after") is not None for each in self.behind),
        )
        plan = self.plans.get(shape)
        if plan is None:
            if known:
                raise NotCompiledError(NEW)
            plan = self._plan(operation, recorded, given)
            if len(self.plans) < MOST_PLANS:
                self.plans[shape] = plan
        values = operation.values()
        for number, each in enumerate(recorded):
            for name, value in each.values.items() if each else ():
                values[f"r{number}_{name}"] = value
        try:
            return plan.bound(values, given)
        except BadPageError:
            raise NotCompiledError("REFUSED") from None

    def _plan(self, operation: Operation, recorded: Sequence[_Recorded | None], given: Given) -> Plan:
        wire = Wire(operation.catalogue, given)
        return wire.plan(
            [
                Root(each.read if each else None, _selected(root), frozenset(each.values if each else ()))
                for each, root in zip(recorded, self.roots, strict=True)
            ]
        )


def _selected(root: _RootField | Selection) -> Selection:
    return root.selection if isinstance(root, _RootField) else root


def _given(variables: VariableValues) -> Given:
    def arguments(selection: Selection) -> Mapping[str, Any]:
        written = selection.arguments
        found: Mapping[str, Any] = written[LATER](variables) if LATER in written else written
        return found

    return arguments


class Compiled:
    """A document's queries. Thread-safe."""

    def __init__(self, document: DocumentNode) -> None:
        self._readings = Readings(document, _reading_of)

    def answer(self, operation: Operation, asked: OperationDefinitionNode, given: Mapping[str, Any]) -> bytes:
        """The body of a query's answer; what it shows is noted. Raises NotCompiledError."""
        shown = _run(self.bound(operation, asked, given), operation)
        operation.show_all(shown.reads)
        return shown.body

    def bound(
        self, operation: Operation, asked: OperationDefinitionNode, given: Mapping[str, Any], *, known: bool = False
    ) -> Bound:
        """The statement of one request. `known`: only if plan and reading are there. Raises NotCompiledError."""
        variables = coerced(asked, given)
        reading = self._readings.of(operation, asked, variables, known=known)
        return reading.bound(operation, variables, known=known)


def _reading_of(asked: Asked, variables: VariableValues, principal: Principal) -> _Reading:
    query = asked.schema.query_type
    assert query is not None
    reader = Reader(asked, variables, principal)
    collected = collect_fields(asked.schema, asked.fragments, variables, query, asked.operation).grouped_field_set
    roots = tuple(_root(asked, reader, query, key, details) for key, details in collected.items())
    return _Reading(roots, tuple(reader.behind))


def _run(bound: Bound, operation: Operation) -> Shown:
    try:
        shown = bound.run(operation.connection)
    except UnansweredError:
        raise NotCompiledError("DATABASE") from None
    if shown is None:
        raise NotCompiledError("NULL")
    return shown


def _root(
    asked: Asked, reader: Reader, query: GraphQLObjectType, key: str, details: list[FieldDetails]
) -> _RootField | Selection:
    node = details[0].node
    name = node.name.value
    if name == TYPENAME:
        return Selection(key, TYPENAME)
    if name.startswith("__"):
        raise NotCompiledError("INTROSPECTION")
    if name in LOOKING:
        if len(asked.operation.selection_set.selections) > 1:
            raise NotCompiledError("ELSEWHERE")  # a look is recorded when it ends; what comes after must not fail
        return _LookingRoot(reader.bare(query, key, node), query, node, asked, details)
    return _RootField(reader.root(query, key, details), query, node)
