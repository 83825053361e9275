"""Runs inside the virtual environment: makes the owner role and database, or checks those of DATABASE_URL.

`python -m kreisbund_infra.local.owner_role make` and `make-plain` read SUPERUSER_URL and OWNER_PASSWORD;
`check` reads DATABASE_URL. What is missing is told in one line on stderr, exit status 1.
"""

import os
import sys
from typing import LiteralString

import psycopg
from psycopg import sql

LEAST_VERSION = 150000
CONNECT_SECONDS = 5


def make(role: str, database: str, *, may_create_databases: bool) -> None:
    """Creates role and database where they are missing, and sets the role's password and rights."""
    with psycopg.connect(os.environ["SUPERUSER_URL"], autocommit=True) as connection:
        more = "CREATEDB" if may_create_databases else "NOCREATEDB"
        _make(connection, role, database, f"CREATEROLE {more}")


def make_plain(role: str, database: str) -> None:
    """A role that owns one database of its own and may do nothing else in the cluster."""
    with psycopg.connect(os.environ["SUPERUSER_URL"], autocommit=True) as connection:
        _make(connection, role, database, "NOCREATEROLE NOCREATEDB CONNECTION LIMIT 40")
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))


def _make(
    connection: "psycopg.Connection[tuple[object, ...]]", role: str, database: str, rights: LiteralString
) -> None:
    """The login role with these rights and OWNER_PASSWORD, and the database that it owns."""
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb, password = sql.SQL("ALTER" if exists else "CREATE"), sql.Literal(os.environ["OWNER_PASSWORD"])
    statement = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER {} PASSWORD {}")
    connection.execute(statement.format(verb, sql.Identifier(role), sql.SQL(rights), password))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(create.format(sql.Identifier(database), sql.Identifier(role)))


def check() -> str | None:
    """What DATABASE_URL's server or role lacks, for a person; None where all is there."""
    try:
        with psycopg.connect(
            os.environ["DATABASE_URL"], connect_timeout=CONNECT_SECONDS, autocommit=True
        ) as connection:
            return _missing(connection)
    except psycopg.OperationalError as problem:
        reason = (str(problem).strip().splitlines() or ["no answer"])[0]
        return f"DATABASE_URL does not answer: {reason}"
    except psycopg.ProgrammingError:
        return "DATABASE_URL is not an address like postgresql://role:password@host/database"


def _missing(connection: "psycopg.Connection[tuple[object, ...]]") -> str | None:
    if connection.info.server_version < LEAST_VERSION:
        return f"DATABASE_URL leads to PostgreSQL {connection.info.server_version // 10000}; 15 or newer is needed"
    row = connection.execute(
        "SELECT current_user, current_database(), r.rolcreaterole OR r.rolsuper,"
        " pg_has_role(current_user, d.datdba, 'MEMBER') OR r.rolsuper"
        " FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()"
    ).fetchone()
    if row is None:
        return "DATABASE_URL's role cannot read the catalogue"
    role, database, may_create, owns = row
    lacks = []
    if not may_create:
        lacks.append(f"CREATEROLE (ALTER ROLE {role} CREATEROLE)")
    if not owns:
        lacks.append(f"ownership of its database (ALTER DATABASE {database} OWNER TO {role})")
    return f"the role {role} of DATABASE_URL lacks {' and '.join(lacks)}" if lacks else None


def main() -> int:
    """0 when done."""
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3], may_create_databases=sys.argv[4:] == ["--may-create-databases"])
        return 0
    if sys.argv[1] == "make-plain":
        make_plain(sys.argv[2], sys.argv[3])
        return 0
    if problem := check():
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
