"""Who may do what in the database: declared here once, granted after every migration, compared by `tenants check`.

Tables that are not named get nothing. A county's role reaches its own schema and reads the published part of
`shared`; a workspace's role reaches what is listed for it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql

Rows = psycopg.Connection[Any]
Privileges = frozenset[str]

READ = frozenset({"SELECT"})
APPEND = frozenset({"SELECT", "INSERT"})
WRITE = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})

PUBLISHED: Mapping[str, Privileges] = dict.fromkeys(
    (
        "tenant",
        "unit",
        "municipality",
        "life_situation",
        "ozg_service",
        "public_service",
        "public_service_term",
        "topic",
        "process_template",
        "template_version",
        "cooperation_agreement",
        "agreement_member",
        "natural_person_account",
        "signing_key",
        "version_signature",
        "version_publication",
        "version_retirement",
        "rollout",
        "rollout_ring",
        "rollout_county",
    ),
    READ,
)
# What only the service team works on until it is published.
_WORKSHOP: Mapping[str, Privileges] = {
    **dict.fromkeys(("cooperation_agreement", "agreement_member", "template_draft", "review_round"), WRITE),
    **dict.fromkeys(("review_comment", "review_vote", "publication_proposal"), WRITE),
    **dict.fromkeys(("rollout", "rollout_ring", "rollout_county"), WRITE),
    **dict.fromkeys(("draft_revision", "template_history", "signing_key", "signing_key_secret"), APPEND),
    **dict.fromkeys(("version_signature", "version_publication", "version_retirement"), APPEND),
    "rollout_health": READ,
}
# In a county's own schema everything is WRITE but these.
COUNTY_EXCEPTIONS: Mapping[str, Privileges] = {
    "event": APPEND,
    "case_read": APPEND | {"DELETE"},
    "county_key": APPEND,
    "subject_key": APPEND | {"DELETE"},
    "erasure": APPEND,
    "schema_migration": READ,
}
WORKSPACES: Mapping[str, Mapping[str, Privileges]] = {
    "registry": {
        **dict.fromkeys(("tenant", "issuer", "unit", "municipality", "tenant_secret", "workspace_secret"), READ),
        "schema_migration": READ,
        **dict.fromkeys(("web_session", "kept_form", "county_hint"), WRITE),
        "key_alarm": APPEND,
    },
    "catalogue": {
        **PUBLISHED,
        **dict.fromkeys(("life_situation", "ozg_service", "public_service", "public_service_term"), WRITE),
        **dict.fromkeys(("topic", "process_template"), WRITE),
        "template_version": APPEND,
        **_WORKSHOP,
        **dict.fromkeys(("adoption_overview", "dashboard_month", "support_invitation"), READ),
        "idempotency": WRITE,
    },
    "state": {**PUBLISHED, "dashboard_month": READ, "idempotency": WRITE},
    "operations": {
        **PUBLISHED,
        "issuer": READ,
        "collector_position": READ,
        "natural_person_account": APPEND,
        "idempotency": WRITE,
    },
    "collector": {
        **dict.fromkeys(("tenant", "process_template", "template_version"), READ),
        **dict.fromkeys(("collector_position", "dashboard_month", "adoption_overview", "rollout_health"), WRITE),
        "template_history": APPEND,
        "support_invitation": WRITE,
    },
}

# What lies in a schema, found by what depends on it: the catalogue's own tables have no index by schema, so with
# hundreds of counties looking through them, as `ON ALL TABLES IN SCHEMA` does, is most of what a grant costs.
INSIDE: LiteralString = """pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass
    AND d.refobjid = %(schema)s::regnamespace AND d.classid"""
TABLES: LiteralString = f"""SELECT c.relname FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.oid IN (SELECT d.objid FROM {INSIDE} = 'pg_class'::regclass) ORDER BY 1"""
# `array_remove` unpacks a long list once; `aclexplode` would for each of its lines
HELD: LiteralString = f"""SELECT c.relname, pg_get_userbyid(a.grantee)::text, array_agg(a.privilege_type)
    FROM pg_class c, aclexplode(array_remove(c.relacl, NULL)) a WHERE a.grantee = ANY(%(roles)s::regrole[])
    AND c.relkind IN ('r', 'p') AND c.oid IN (SELECT d.objid FROM {INSIDE} = 'pg_class'::regclass) GROUP BY 1, 2"""
# `regprocedure` would look through all functions of the same name, of which each county has one
SIGNATURE: LiteralString = (
    "format('%%s.%%I(%%s)', p.pronamespace::regnamespace, p.proname, oidvectortypes(p.proargtypes))"
)
FUNCTIONS: LiteralString = f"""SELECT {SIGNATURE} FROM pg_proc p
    WHERE p.oid IN (SELECT d.objid FROM {INSIDE} = 'pg_proc'::regclass)"""
# whether there are functions that everybody may call, and such that the role may not
UNSETTLED: LiteralString = f"""SELECT bool_or(p.proacl IS NULL
        OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)),
    bool_or(NOT EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = %(role)s::regrole))
    FROM pg_proc p WHERE p.oid IN (SELECT d.objid FROM {INSIDE} = 'pg_proc'::regclass)"""
# Functions that run as who calls them, the same for all counties; whoever may log in may call them.
CODE = "code"
# What of `shared` a workspace may call; counties call nothing there.
WORKSPACE_FUNCTIONS: Mapping[str, Sequence[str]] = {"registry": ("restore_login",)}


def tables_of(connection: Rows, schema: str) -> list[str]:
    """Names of a schema's tables."""
    return [name for (name,) in connection.execute(TABLES, {"schema": _quoted(schema)})]


def functions_of(connection: Rows, schema: str, names: Sequence[str] | None = None) -> list[LiteralString]:
    """A schema's functions, or those of these names, with their arguments' types, as SQL writes them."""
    query = FUNCTIONS + " AND (%(names)s::text[] IS NULL OR p.proname = ANY(%(names)s))"
    given = {"schema": _quoted(schema), "names": None if names is None else list(names)}
    return [name for (name,) in connection.execute(query, given)]


def county_privileges(tables: list[str]) -> dict[str, Privileges]:
    """What a county's role may do with the tables of its own schema."""
    return {table: COUNTY_EXCEPTIONS.get(table, WRITE) for table in tables}


def close_to_public(connection: Rows) -> None:
    """Takes from PUBLIC what PostgreSQL gives everybody in a fresh database."""
    statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(_database(connection))
    connection.execute(statement)
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")


def grant_code(connection: Rows) -> None:
    """Lets everybody who may log in call what has no rights of its own; nothing before its migration."""
    if connection.execute("SELECT to_regnamespace(%s)", (CODE,)).fetchone() == (None,):
        return
    _execute(connection, "GRANT USAGE ON SCHEMA {} TO PUBLIC", CODE)
    _execute(connection, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {} TO PUBLIC", CODE)


def grant_county(connection: Rows, schema: str, role: str, *, is_new: bool = False) -> None:
    """Gives a county's role exactly what is declared; needs its schema migrated.

    `is_new`: the role was made in this transaction, so it holds nothing that would have to be looked for.
    """
    _grant_connect(connection, role)
    _execute(connection, "GRANT USAGE ON SCHEMA {} TO {}", schema, role)
    renew_county(connection, schema, role, is_new=is_new)
    grant_published(connection, [role], are_new=is_new)


def renew_county(connection: Rows, schema: str, role: str, *, is_new: bool = False) -> None:
    """The same for its own schema alone, after a migration: seldom more than a look at what it holds already."""
    privileges = county_privileges(tables_of(connection, schema))
    _grant_tables(connection, schema, [role], privileges, are_new=is_new)
    found = connection.execute(UNSETTLED, {"schema": _quoted(schema), "role": _quoted(role)}).fetchone()
    is_public, is_lacking = found or (False, False)
    # by schema, since a name is looked for among the functions of all counties
    if is_public:
        _execute(connection, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {} FROM PUBLIC", schema)
    if is_lacking:
        _execute(connection, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {} TO {}", schema, role)


def grant_published(connection: Rows, login_roles: Sequence[str], *, are_new: bool = False) -> None:
    """Lets counties' roles read the published part of `shared` and nothing else of it.

    Each table's list of rights names all counties and is written anew with each change: so one change for all.
    """
    if login_roles:
        names = sql.SQL(", ").join(map(sql.Identifier, login_roles))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA shared TO {}").format(names))
        _grant_tables(connection, "shared", login_roles, _present(connection, PUBLISHED), are_new=are_new)


def grant_workspace(connection: Rows, workspace: str, role: str) -> None:
    """Gives a workspace's role exactly what is declared."""
    _grant_connect(connection, role)
    _execute(connection, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {} FROM PUBLIC", "shared")
    _execute(connection, "GRANT USAGE ON SCHEMA {} TO {}", "shared", role)
    _grant_tables(connection, "shared", [role], _present(connection, WORKSPACES[workspace]))
    for function in functions_of(connection, "shared", WORKSPACE_FUNCTIONS.get(workspace, ())):
        statement = sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(function), sql.Identifier(role))
        connection.execute(statement)


def revoke_everything(connection: Rows, role: str) -> None:
    """Takes from a role what it holds outside of its own schema, so that it can be dropped."""
    _execute(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}", "shared", role)
    _execute(connection, "REVOKE ALL ON SCHEMA {} FROM {}", "shared", role)
    statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(_database(connection), sql.Identifier(role))
    connection.execute(statement)


def queue(connection: Rows) -> None:
    """All grants of a deployment touch the same catalogue rows, so they queue, until the transaction's end.

    The lock is on a table that only the owner may lock so: an advisory lock any county could hold for ever.
    """
    connection.execute("LOCK TABLE shared.schema_migration IN SHARE ROW EXCLUSIVE MODE")


def _grant_connect(connection: Rows, role: str) -> None:
    queue(connection)
    statement = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(_database(connection), sql.Identifier(role))
    connection.execute(statement)


def _grant_tables(
    connection: Rows,
    schema: str,
    login_roles: Sequence[str],
    privileges: Mapping[str, Privileges],
    *,
    are_new: bool = False,
) -> None:
    """Each of these roles holds exactly these privileges on the schema's tables."""
    held = {} if are_new else _held(connection, schema, login_roles)
    too_much = {(table, role) for (table, role), found in held.items() if found - privileges.get(table, frozenset())}
    for tables, names in _together(too_much):
        connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(_tables(schema, tables), names))
    for kind in sorted(set(privileges.values()), key=sorted):
        lacking = {
            (table, role)
            for table, wanted in privileges.items()
            if wanted == kind
            for role in login_roles
            if (table, role) in too_much or held.get((table, role)) != kind
        }
        for tables, names in _together(lacking):
            statement = sql.SQL("GRANT {} ON {} TO {}").format(
                sql.SQL(", ").join(map(sql.SQL, sorted(kind))), _tables(schema, tables), names
            )
            connection.execute(statement)


def _present(connection: Rows, privileges: Mapping[str, Privileges]) -> dict[str, Privileges]:
    """What is declared for tables of `shared` that its migrations have made already."""
    return {table: privileges[table] for table in tables_of(connection, "shared") if table in privileges}


def _held(connection: Rows, schema: str, login_roles: Sequence[str]) -> dict[tuple[str, str], Privileges]:
    """By table and role; with hundreds of counties it takes milliseconds to read the lists of `shared`."""
    given = {"schema": _quoted(schema), "roles": list(map(_quoted, login_roles))}
    return {(table, role): frozenset(found) for table, role, found in connection.execute(HELD, given)}


def _together(pairs: Collection[tuple[str, str]]) -> Iterator[tuple[list[str], sql.Composed]]:
    """Tables of the same roles, and these roles: a statement each."""
    roles_of: dict[str, list[str]] = {}
    for table, role in sorted(pairs):
        roles_of.setdefault(table, []).append(role)
    tables_by: dict[tuple[str, ...], list[str]] = {}
    for table, roles in roles_of.items():
        tables_by.setdefault(tuple(roles), []).append(table)
    for names, tables in tables_by.items():
        yield tables, sql.SQL(", ").join(map(sql.Identifier, names))


def _tables(schema: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(schema, name) for name in names)


def _quoted(name: str) -> str:
    """As `regnamespace` and `regrole` read a name."""
    return f'"{name}"'


def _execute(connection: Rows, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _database(connection: Rows) -> sql.Identifier:
    return sql.Identifier(connection.info.dbname)
