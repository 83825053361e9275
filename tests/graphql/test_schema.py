"""The committed schema is the built one, keeps the contract, and leaves no field without a policy."""

from pathlib import Path

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_schema, extend_schema, parse
from graphql.utilities import find_breaking_changes

from kreisbund_api.graphql.operation import TYPES
from kreisbund_api.graphql.schema import SCHEMA
from kreisbund_platform.identity.policy import POLICY

COMMITTED = Path(__file__).parents[2] / "api" / "schema.graphql"
CORE = Path(__file__).with_name("core.graphql")
STRUCTURE = ("Connection", "Edge", "PageInfo")


def test_the_committed_schema_is_the_built_one() -> None:
    assert COMMITTED.read_text() == SCHEMA.as_str() + "\n"


def test_the_contract_is_kept() -> None:
    broken = find_breaking_changes(build_schema(CORE.read_text()), build_schema(COMMITTED.read_text()))
    assert [change.description for change in broken] == []


def without_policy(schema: GraphQLSchema) -> list[str]:
    """The fields that no line of the policy names."""
    fields = {
        f"{name}.{field}"
        for name, declared in schema.type_map.items()
        if isinstance(declared, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__")
        for field in declared.fields
    }
    return sorted(fields - set(POLICY))


def test_every_field_has_a_policy() -> None:
    assert without_policy(SCHEMA._schema) == []


@pytest.mark.parametrize("added", ["Query", "Mutation", "Party", "Problem"])
def test_a_field_added_without_a_policy_turns_the_build_red(added: str) -> None:
    kind = "interface" if added == "Problem" else "type"
    grown = extend_schema(SCHEMA._schema, parse(f"extend {kind} {added} {{ everything: String }}"))
    assert f"{added}.everything" in without_policy(grown)
    assert f"{added}.everything" not in SCHEMA.as_str()


def test_every_field_of_a_table_is_declared_and_no_other() -> None:
    for name, declared in TYPES.items():
        type_ = SCHEMA._schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        assert set(type_.fields) == set(declared.fields), name
