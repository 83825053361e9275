"""What login roles are and own, compared with what they should be, and set right: for `tenants check`.

All roles are asked for at once, so that 400 counties cost a handful of statements. Works with an owner that is no
superuser; what only a superuser may take back stays a finding.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from kreisbund_platform.tenancy.roles import CONNECTION_LIMIT

Rows = psycopg.Connection[Any]


@dataclass(frozen=True)
class Deviation:
    """What differs from the declaration. `subject` is a role or PUBLIC."""

    subject: str
    finding: str


ATTRIBUTES = """
SELECT r.rolname, finding FROM pg_roles r, LATERAL (VALUES
    (NOT r.rolcanlogin, 'may not log in'),
    (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls OR r.rolreplication,
        'has an attribute beyond LOGIN'),
    (r.rolinherit, 'inherits'),
    (r.rolconnlimit <> {limit}, 'connection limit is ' || r.rolconnlimit),
    (coalesce(isfinite(r.rolvaliduntil), false), 'its password ends')
) AS test (failed, finding)
WHERE failed AND r.rolname = ANY(%(roles)s)
"""
MEMBERSHIPS = """
SELECT r.rolname, 'is a member of ' || g.rolname FROM pg_auth_members m
    JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid WHERE r.rolname = ANY(%(roles)s)
UNION ALL
SELECT r.rolname, 'has the member ' || g.rolname FROM pg_auth_members m
    JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles g ON g.oid = m.member
    WHERE r.rolname = ANY(%(roles)s) AND g.rolname <> current_user
"""
# deptype o: owns, default privileges included; a: holds a privilege, here of kinds that grant_check does not list
OBJECTS = """
SELECT r.rolname, CASE d.deptype WHEN 'o' THEN 'owns ' ELSE 'holds a privilege on ' END || CASE
    WHEN d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    THEN pg_describe_object(d.classid, d.objid, d.objsubid) ELSE 'something in another database' END
FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = ANY(%(roles)s) AND (d.deptype = 'o' OR d.deptype = 'a' AND (
    d.dbid NOT IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    OR d.classid = 'pg_database'::regclass
        AND d.objid <> (SELECT oid FROM pg_database WHERE datname = current_database())
    OR d.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_namespace'::regclass, 'pg_database'::regclass,
        'pg_type'::regclass, 'pg_default_acl'::regclass)))
"""
SETTINGS = """
SELECT r.rolname, coalesce(d.datname = current_database(), false), d.datname, s.setconfig
FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE r.rolname = ANY(%(roles)s)
"""
EXISTING = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%(roles)s)"


def deviations(connection: Rows, roles: Mapping[str, str]) -> list[Deviation]:
    """What is wrong with these roles. `roles`: from role to the schema that its search_path names."""
    named = {"roles": list(roles)}
    missing = set(roles) - {row[0] for row in connection.execute(EXISTING, named)}
    found = [Deviation(role, "role is missing") for role in sorted(missing)]
    attributes = sql.SQL(ATTRIBUTES).format(limit=sql.Literal(CONNECTION_LIMIT))
    for query in (attributes, sql.SQL(MEMBERSHIPS), sql.SQL(OBJECTS)):
        found += [Deviation(*row) for row in connection.execute(query, named)]
    return found + [Deviation(role, "has settings of its own") for role in _unset(connection, roles, missing)]


def _unset(connection: Rows, roles: Mapping[str, str], missing: set[str]) -> Iterator[str]:
    """Roles whose settings are others than the search_path in this database."""
    held: dict[str, list[tuple[bool, list[str]]]] = {}
    for role, here, _database, config in connection.execute(SETTINGS, {"roles": list(roles)}):
        held.setdefault(role, []).append((here, config))
    for role, schema in roles.items():
        if role not in missing and held.get(role) != [(True, [f"search_path={schema}, pg_catalog"])]:
            yield role


def mend(connection: Rows, roles: Sequence[str]) -> None:
    """Takes settings, memberships, ownership and default privileges; attributes and search_path are set afterwards.

    What a role owns becomes the owner's, since it may be a county's data; large objects, which the product does not
    have, go. All privileges of a role that owned something go, too: grant anew afterwards.
    """
    named = {"roles": list(roles)}
    for role, _here, database, _config in connection.execute(SETTINGS, named).fetchall():
        _reset(connection, role, database)
    for statement in _membership_revocations(connection, named):
        _try(connection, statement)
    for role in sorted({row[0] for row in connection.execute(OBJECTS, named)}):
        _disown(connection, role)


def _reset(connection: Rows, role: str, database: str | None) -> None:
    where = sql.SQL("IN DATABASE {}").format(sql.Identifier(database)) if database else sql.SQL("")
    connection.execute(sql.SQL("ALTER ROLE {} {} RESET ALL").format(sql.Identifier(role), where))


def _membership_revocations(connection: Rows, named: Mapping[str, object]) -> list[sql.Composed]:
    query = """
    SELECT g.rolname, r.rolname FROM pg_auth_members m
        JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member
        WHERE r.rolname = ANY(%(roles)s) OR g.rolname = ANY(%(roles)s) AND r.rolname <> current_user
    """
    rows = connection.execute(query, named).fetchall()
    return [sql.SQL("REVOKE {} FROM {}").format(*map(sql.Identifier, row)) for row in rows]


def _disown(connection: Rows, role: str) -> None:
    name = sql.Identifier(role)
    query = "SELECT m.oid FROM pg_largeobject_metadata m JOIN pg_roles r ON r.oid = m.lomowner WHERE r.rolname = %s"
    with _as_member(connection, role):
        for (large_object,) in connection.execute(query, (role,)).fetchall():
            connection.execute("SELECT lo_unlink(%s)", (large_object,))
        connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(name))
        connection.execute(sql.SQL("DROP OWNED BY {}").format(name))


@contextmanager
def _as_member(connection: Rows, role: str) -> Iterator[None]:
    """What a role owns only it, its members and superusers may change."""
    name = sql.Identifier(role)
    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    yield
    connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(name))


def _try(connection: Rows, statement: sql.Composed) -> None:
    """In a savepoint: what this owner may not take back stays a finding."""
    try:
        with connection.transaction():
            connection.execute(statement)
    except psycopg.Error:
        return
