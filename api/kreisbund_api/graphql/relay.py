"""Nodes, pages and what the types below have in common."""

from typing import Any

import strawberry
from strawberry import ID


@strawberry.interface(description="Whatever has an id")
class Node:
    """Relay's node; ids are opaque to clients."""

    id: ID


@strawberry.type
class PageInfo:
    """Relay's page information."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


def page(first: int | None = 20, after: str | None = None) -> Any:
    """Declares the arguments of a nested connection; its rows come with its parent's statement."""
    return first, after


def paged() -> Any:
    """A nested connection's field: `first` 0..100, `after` a cursor."""
    return strawberry.field(resolver=page)
