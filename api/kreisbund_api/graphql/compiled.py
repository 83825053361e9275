"""The short way of a query: the document's selections become one prepared statement whose bytes are the answer.

A root's resolver says what is to be read, as ever; here it talks to a recorder instead of the database. What it reads,
which pages begin behind a cursor and who reads (viewpoint and audiences) make the shape of a request; each shape has
one statement; what a resolver makes itself is bound as a value. Whatever is not reading of one's own (a refused field,
a wrong argument, null where none may stand) is left to GraphQL's interpreter, which finds the same or says what is
wrong. A root through which somebody from outside looks into a county is a statement of its own, read and run as who
looks there; its bytes are then like any value that a resolver makes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import partial
from typing import Any

import orjson
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    Node,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Asked, RootInfo, SelectionReader
from kreisbund_api.graphql.schema import SCHEMA
from kreisbund_platform.database.cursors import BadPageError
from kreisbund_platform.database.object_types import Field
from kreisbund_platform.database.selection import TYPE_KEY, TYPENAME, Selection
from kreisbund_platform.database.wire import MADE, Bound, Plan, Root, Shown, UnansweredError, Wire
from kreisbund_platform.identity.policy import audiences_of
from kreisbund_platform.identity.principals import Principal

MOST_READINGS = 64  # kinds of readers of one document
MOST_PLANS = 64  # shapes of one reading
# of an operation; another person or county would need another statement
LOOKED_UP = frozenset({"principal", "clock", "settings", "connection", "work", "workspace", "tenant", "show"})
# roots whose selection another person reads, in another county, and what they use for it
LOOKING = frozenset({"supportCase", "emergencyCase", "emergencyRequests"})
LOOKED_THROUGH = frozenset({"looking_on", "asking_in", "at_county"})
LATER = "later"  # stands for arguments that variables decide
WRITTEN = frozenset({"JSON", "Float"})  # the interpreter writes these its own way
NEW = "NEW"  # asked the first time
NO_VARIABLES = VariableValues({}, {})
Given = Callable[[Selection], Mapping[str, Any]]


class NotCompiledError(Exception):
    """A request that goes the long way; `reason` is a code that is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
        declared = self.parent.fields[self.selection.name]
        assert declared.resolve is not None, "every root has a resolver"
        try:
            arguments = get_argument_values(declared, self.node, variables)
            answer = declared.resolve(None, RootInfo(recorder, self.parent, self.selection), **arguments)
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
            reader = _Reader(self.asked, variables, look.principal)
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


def _plain(value: Any, selection: Selection) -> Any:
    """What a resolver made, without the marks of its types."""
    if value is None and selection.required:
        raise NotCompiledError("NULL")
    if isinstance(value, list):
        return [_plain(each, selection) for each in value]
    if isinstance(value, dict) and TYPE_KEY in value:
        return {each.key: _plain(value[each.key], each) for each in selection.children.get(value[TYPE_KEY], ())}
    return value


class _Reader(SelectionReader):
    """Reads a document once for all its requests: arguments that variables decide stay open."""

    def __init__(self, asked: Asked, variables: VariableValues, principal: Principal) -> None:
        super().__init__(asked, variables, principal)
        self.behind: list[Selection] = []

    def bare(self, parent: GraphQLObjectType, key: str, node: FieldNode) -> Selection:
        """A root without what is selected of it."""
        required = isinstance(parent.fields[node.name.value].type, GraphQLNonNull)
        return Selection(key, node.name.value, required=required)

    def _meta(self, key: str) -> Selection:
        return Selection(key, TYPENAME)

    def _denied(self) -> Selection:
        raise NotCompiledError("FORBIDDEN")

    def _selection(self, type_: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Selection:
        made = super()._selection(type_, key, details)
        output = type_.fields[made.name].type
        written = get_named_type(output).name in WRITTEN
        made = replace(made, required=isinstance(output, GraphQLNonNull), written=written)
        if LATER in made.arguments and any(each.name.value == "after" for each in details[0].node.arguments or ()):
            self.behind.append(made)
        return made

    def _arguments(self, field: GraphQLField, node: FieldNode) -> Mapping[str, Any]:
        if any(_variables_in(each) for each in node.arguments or ()):
            return {LATER: partial(get_argument_values, field, node)}
        return get_argument_values(field, node, self._variables) if field.args else {}


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
    """One document's readings. Thread-safe: at worst something is compiled twice."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            each.name.value: FragmentDetails(each)
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._deciding = _deciding_variables(document)
        self._readings: dict[Any, _Reading | NotCompiledError] = {}

    def answer(self, operation: Operation, asked: OperationDefinitionNode, given: Mapping[str, Any]) -> bytes:
        """The body of a query's answer; what it shows is noted. Raises NotCompiledError."""
        shown = _run(self.bound(operation, asked, given), operation)
        operation.show_all(shown.reads)
        return shown.body

    def bound(
        self, operation: Operation, asked: OperationDefinitionNode, given: Mapping[str, Any], *, known: bool = False
    ) -> Bound:
        """The statement of one request. `known`: only if plan and reading are there. Raises NotCompiledError."""
        variables = _coerced(asked, given)
        reading = self._reading(operation, asked, variables, known=known)
        if isinstance(reading, NotCompiledError):
            raise reading
        return reading.bound(operation, variables, known=known)

    def _reading(
        self, operation: Operation, asked: OperationDefinitionNode, variables: VariableValues, *, known: bool
    ) -> _Reading | NotCompiledError:
        principal, catalogue = operation.principal, operation.catalogue
        decided = tuple(variables.coerced.get(name) for name in self._deciding)
        key = asked.name and asked.name.value, audiences_of(principal), catalogue.viewpoint, decided
        found = self._readings.get(key)
        if found is None and known:
            return NotCompiledError(NEW)
        if found is None:
            if len(self._readings) >= MOST_READINGS:
                self._readings.clear()
            try:
                found = _reading_of(Asked(SCHEMA._schema, self._fragments, asked), variables, principal)
            except NotCompiledError as reason:
                found = reason
            self._readings[key] = found
        return found


def _reading_of(asked: Asked, variables: VariableValues, principal: Principal) -> _Reading:
    query = asked.schema.query_type
    assert query is not None
    reader = _Reader(asked, variables, principal)
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
    asked: Asked, reader: _Reader, query: GraphQLObjectType, key: str, details: list[FieldDetails]
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


def _coerced(asked: OperationDefinitionNode, given: Mapping[str, Any]) -> VariableValues:
    if not asked.variable_definitions:
        return NO_VARIABLES
    found = get_variable_values(SCHEMA._schema, asked.variable_definitions, dict(given), hide_suggestions=True)
    if isinstance(found, list):
        raise NotCompiledError("REFUSED")
    return found


class _Named(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: dict[str, None] = {}

    def enter_variable(self, node: VariableNode, *_where: Any) -> None:
        """One use."""
        self.variables[node.name.value] = None


def _variables_in(node: Node) -> tuple[str, ...]:
    named = _Named()
    visit(node, named)
    return tuple(named.variables)


class _Directives(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.variables: dict[str, None] = {}

    def enter_directive(self, node: DirectiveNode, *_where: Any) -> None:
        """`@skip` or `@include`."""
        self.variables |= dict.fromkeys(_variables_in(node))


def _deciding_variables(document: DocumentNode) -> tuple[str, ...]:
    """Variables that decide what is collected at all."""
    found = _Directives()
    visit(document, found)
    return tuple(found.variables)
