"""Mutations by somebody who may, each asking for everything that its result can tell."""

import secrets
from typing import Any
from uuid import UUID

from graphql import GraphQLField, GraphQLUnionType, get_named_type

from kreisbund_api.worker import Worker
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.ids import kind_of
from tests.isolation import rights
from tests.isolation.asking import by_id
from tests.isolation.coverage import seen
from tests.isolation.generator import MUTATION, select
from tests.isolation.world import Person, World

DEPTH = 2
MOST_ROUNDS = 50


class Doing:
    """What people do in the world.

    `seen` gathers the coordinates that their answers showed, `done` the mutations that succeeded, `said` all that was
    answered: who, the document, its variables.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: set[str] = set()
        self.done: set[str] = set()
        self.said: list[tuple[Person, str, dict[str, Any]]] = []

    def do(self, person: Person, mutation: str, **given: Any) -> dict[str, Any]:
        """Runs a mutation that must succeed; answers what the success holds."""
        answer = self._answer(person, mutation, given)
        assert answer["__typename"].endswith("Success"), (person.name, mutation, answer)
        self.done.add(mutation)
        return answer

    def refused(self, person: Person, mutation: str, problem: str, **given: Any) -> None:
        """Runs a mutation that must be refused with this type of problem."""
        answer = self._answer(person, mutation, given)
        assert answer["__typename"] == problem, (person.name, mutation, answer)

    def read(self, person: Person, query: str) -> dict[str, Any]:
        """Data of a query without errors."""
        (said,) = self.world.ask(person, [query])
        assert "errors" not in said.body, (person.name, query, said.body["errors"])
        self.seen |= seen(query, said.body)
        return said.body["data"]  # type: ignore[no-any-return]

    def look(self, person: Person, identifier: str, depth: int) -> None:
        """Reads everything that a person may see of a thing, so many levels deep."""
        kind = kind_of(UUID(identifier))
        question = by_id(kind, identifier, depth, lambda c: rights.may(person, c)) if kind else None
        assert question is not None, identifier
        self.read(person, f"{{ {question.text('a0')} }}")

    def let_work(self) -> None:
        """The worker's rounds, until nothing is left to do."""
        settings, here = self.world.settings, self.world.deployment
        worker = Worker(settings, here.connections, here.registry, SystemClock())
        rounds = 0
        while worker.serve_all():
            rounds += 1
            assert rounds < MOST_ROUNDS, "the worker finds no end"

    def _answer(self, person: Person, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
        field = MUTATION.fields[mutation]
        declared = field.args["input"].type
        document = f"mutation M($input: {declared}) {{ done: {mutation}(input: $input) {_everything(person, field)} }}"
        values = {"input": {"idempotencyKey": secrets.token_hex(12)} | given}
        (said,) = self.world.ask(person, [{"query": document, "variables": values}])
        assert "errors" not in said.body, (person.name, mutation, said.body["errors"])
        self.seen |= seen(document, said.body)
        self.said.append((person, document, values))
        return said.body["data"]["done"]  # type: ignore[no-any-return]


def _everything(person: Person, field: GraphQLField) -> str:
    """All that a mutation's result can hold; a problem's `message` is renamed, as a success may have another."""
    result = get_named_type(field.type)
    assert isinstance(result, GraphQLUnionType)
    parts = []
    for each in result.types:
        text = select(each, DEPTH, lambda coordinate: rights.may(person, coordinate)).text
        is_problem = any(above.name == "Problem" for above in each.interfaces)
        parts.append(f"... on {each.name} {text.replace(' message', ' words: message', 1) if is_problem else text}")
    return "{ __typename " + " ".join(parts) + " }"
