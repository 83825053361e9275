"""The schema. Strawberry declares and validates; below the roots every field takes its value by response key.

`python -m kreisbund_api.graphql.schema` prints it; api/schema.graphql is its committed copy.
"""

import sys

import strawberry
from graphql import GraphQLObjectType, GraphQLSchema, is_abstract_type
from strawberry.schema.config import StrawberryConfig

from kreisbund_api.graphql.mutations import Mutation
from kreisbund_api.graphql.reading import resolve_by_key, resolve_event, type_of
from kreisbund_api.graphql.roots import Query
from kreisbund_api.graphql.scalars import SCALARS
from kreisbund_api.graphql.subscriptions import Subscription

ROOTS = frozenset({"Query", "Mutation", "Subscription"})


def build() -> strawberry.Schema:
    """The declared schema, its fields bound to what statements answer."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    )
    _bind(schema._schema)
    return schema


def _bind(schema: GraphQLSchema) -> None:
    for name, declared in schema.type_map.items():
        if is_abstract_type(declared):
            declared.resolve_type = type_of
        elif isinstance(declared, GraphQLObjectType) and not name.startswith("__"):
            declared.is_type_of = None
            for field in declared.fields.values():
                if name not in ROOTS:
                    field.resolve = resolve_by_key
                elif name == "Subscription":
                    field.resolve = resolve_event


SCHEMA = build()

if __name__ == "__main__":
    sys.stdout.write(SCHEMA.as_str() + "\n")
