"""Many login roles, each with a schema of its own, made without a whole county's tables."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from kreisbund_platform.database.session import Login
from kreisbund_platform.tenancy import roles


@contextmanager
def many_logins(owner_url: str, count: int) -> Iterator[list[Login]]:
    """Logins of counties `pool-000…`; the table `whose` of each schema names its county."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        database = owner.info.dbname
        logins = [
            Login(roles.county_role(database, f"pool-{number:03}"), f"secret {number}", f"county_pool_{number:03}")
            for number in range(count)
        ]
        for login in logins:
            _make(owner, login)
        try:
            yield logins
        finally:
            for login in logins:
                owner.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(login.search_path)))
                connect = sql.SQL("REVOKE CONNECT ON DATABASE {} FROM {}")
                owner.execute(connect.format(sql.Identifier(database), sql.Identifier(login.role)))
                owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login.role)))


def _make(owner: "roles.Rows", login: Login) -> None:
    role, schema = sql.Identifier(login.role), sql.Identifier(login.search_path)
    with owner.transaction():
        roles.ensure_role(owner, login.role, login.secret, login.search_path)
        database = sql.Identifier(owner.info.dbname)
        for statement in (
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role),
            sql.SQL("CREATE SCHEMA {}").format(schema),
            sql.SQL("CREATE TABLE {}.whose AS SELECT {}::text AS county").format(schema, sql.Literal(login.role)),
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role),
            sql.SQL("GRANT SELECT ON {}.whose TO {}").format(schema, role),
        ):
            owner.execute(statement)


def seen_connections(owner_url: str, logins: list[Login]) -> int:
    """How many sessions these logins have on the server, asked of the server itself."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = ANY(%s)"
        row = owner.execute(query, ([login.role for login in logins],)).fetchone()
    assert row is not None
    return int(row[0])
