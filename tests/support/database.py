"""A fresh database for a test session, made on a server that KREISBUND_TEST_DATABASE_URL names."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kreisbund_platform.tenancy.roles import county_role

VARIABLE = "KREISBUND_TEST_DATABASE_URL"


def server_url() -> str:
    """The owner's address on the test server; the role needs CREATEDB and CREATEROLE.

    Where two processes run the tests, each has a server of its own: a transaction of one would hold up the other's
    collector.
    """
    urls = os.environ.get(VARIABLE, "").split()
    if not urls:
        raise RuntimeError(f"{VARIABLE} is not set: run ./kreisbund test, which starts a server for the tests")
    return urls[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % len(urls)]


@contextmanager
def fresh_database() -> Iterator[str]:
    """The address of an empty database; it and the roles made for it are gone afterwards."""
    name = f"kreisbund_test_{secrets.token_hex(6)}"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )
    try:
        yield make_conninfo(server_url(), dbname=name)
    finally:
        _drop(name)


def _drop(name: str) -> None:
    """Ends what sessions are left, too: for that the owner becomes a member of the roles it made."""
    mark = county_role(name, "")
    with psycopg.connect(server_url(), autocommit=True) as connection:
        found = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (mark,)).fetchall()
        roles = [sql.Identifier(role) for (role,) in found]
        for role in roles:
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        _force(connection, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        for role in roles:
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def _force(connection: psycopg.Connection[tuple[object, ...]], drop: sql.Composed) -> None:
    """A vacuum at work there belongs to no role, so that the owner may not end it; it ends by itself in a moment."""
    for _ in range(50):
        try:
            connection.execute(drop)
            return
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(0.2)
    connection.execute(drop)
