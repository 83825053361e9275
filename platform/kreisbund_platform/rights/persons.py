"""Which natural person stands behind an account; operators link accounts of one person across realms."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from kreisbund_platform.rights import queries


def persons_of(connection: Connection[Any], accounts: Sequence[tuple[str, str]]) -> list[str]:
    """The persons of accounts (realm, subject), sorted; an account that nobody linked is a person of its own."""
    linked = queries.linked_persons(connection, accounts)
    return sorted({linked.get(account) or ":".join(account) for account in accounts})


def as_known_now(connection: Connection[Any], persons: Sequence[str]) -> set[str]:
    """The same persons, where accounts among them have been linked to a person meanwhile."""
    accounts = [(realm, subject) for realm, colon, subject in (each.partition(":") for each in persons) if colon]
    return {*persons, *persons_of(connection, accounts)}
