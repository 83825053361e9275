"""Who may do what in the database: declared here once, granted after every migration, compared by `tenants check`.

Tables that are not named get nothing. A county's role reaches its own schema and reads the published part of
`shared`; a workspace's role reaches what is listed for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

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
        **dict.fromkeys(("web_session", "kept_form"), WRITE),
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

# A table of a county's schema on which its role does not hold just what is declared, or a function it may not call.
LACKING = """
SELECT FROM pg_class c
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'p')
    AND ARRAY(SELECT a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee = %(role)s::regrole
        ORDER BY a.privilege_type COLLATE "C") <> CASE WHEN %(exceptions)s ? c.relname::text
        THEN ARRAY(SELECT jsonb_array_elements_text(%(exceptions)s -> c.relname::text)) ELSE %(otherwise)s::text[] END
UNION ALL
SELECT FROM pg_proc p
WHERE p.pronamespace = %(schema)s::regnamespace
    AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = %(role)s::regrole)
LIMIT 1
"""
# What of `shared` a workspace may call; counties call nothing there.
WORKSPACE_FUNCTIONS: Mapping[str, Sequence[str]] = {"registry": ("restore_login",)}


def tables_of(connection: Rows, schema: str) -> list[str]:
    """Names of a schema's tables."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
    return [row[0] for row in connection.execute(query, (schema,))]


def functions_of(connection: Rows, schema: str, names: Sequence[str] | None = None) -> list[LiteralString]:
    """A schema's functions, or those of these names, as `regprocedure` writes them."""
    query = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = %s::regnamespace"
    query += " AND (%s::text[] IS NULL OR proname = ANY(%s))"
    wanted = None if names is None else list(names)
    return [row[0] for row in connection.execute(query, (f'"{schema}"', wanted, wanted))]


def county_privileges(tables: list[str]) -> dict[str, Privileges]:
    """What a county's role may do with the tables of its own schema."""
    return {table: COUNTY_EXCEPTIONS.get(table, WRITE) for table in tables}


def close_to_public(connection: Rows) -> None:
    """Takes from PUBLIC what PostgreSQL gives everybody in a fresh database."""
    statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(_database(connection))
    connection.execute(statement)
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")


def grant_county(connection: Rows, schema: str, role: str) -> None:
    """Gives a county's role exactly what is declared; needs its schema migrated."""
    _grant_connect(connection, role)
    _grant_own(connection, schema, role)
    grant_published(connection, [role])


def renew_county(connection: Rows, schema: str, role: str) -> None:
    """The same for its own schema alone, after a migration: seldom more than a look at what it holds already."""
    exceptions = {table: sorted(privileges) for table, privileges in COUNTY_EXCEPTIONS.items()}
    given = {"schema": f'"{schema}"', "role": f'"{role}"', "exceptions": Jsonb(exceptions), "otherwise": sorted(WRITE)}
    if connection.execute(LACKING, given).fetchone() is not None:
        _grant_own(connection, schema, role)


def _grant_own(connection: Rows, schema: str, role: str) -> None:
    _grant_schema(connection, schema, role, county_privileges(tables_of(connection, schema)))
    _execute(connection, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {} FROM PUBLIC", schema)
    _execute(connection, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {} TO {}", schema, role)


def grant_published(connection: Rows, login_roles: Sequence[str]) -> None:
    """Lets counties' roles read the published part of `shared` and nothing else of it.

    Each table's list of rights names all counties and is written anew with each change: so one change for all.
    """
    if not login_roles:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, login_roles))
    present = set(tables_of(connection, "shared"))
    tables = sql.SQL(", ").join(sql.Identifier("shared", table) for table in sorted(present & PUBLISHED.keys()))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA shared TO {}").format(names))
    connection.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA shared FROM {}").format(names))
    connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(tables, names))


def grant_workspace(connection: Rows, workspace: str, role: str) -> None:
    """Gives a workspace's role exactly what is declared."""
    _grant_connect(connection, role)
    _execute(connection, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {} FROM PUBLIC", "shared")
    _grant_schema(connection, "shared", role, WORKSPACES[workspace])
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


def _grant_schema(connection: Rows, schema: str, role: str, privileges: Mapping[str, Privileges]) -> None:
    _execute(connection, "GRANT USAGE ON SCHEMA {} TO {}", schema, role)
    _execute(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}", schema, role)
    present = set(tables_of(connection, schema))
    for kind in set(privileges.values()):
        tables = [sql.Identifier(schema, table) for table in sorted(present) if privileges.get(table) == kind]
        if tables:
            statement = sql.SQL("GRANT {} ON {} TO {}").format(
                sql.SQL(", ").join(map(sql.SQL, sorted(kind))), sql.SQL(", ").join(tables), sql.Identifier(role)
            )
            connection.execute(statement)


def _execute(connection: Rows, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _database(connection: Rows) -> sql.Identifier:
    return sql.Identifier(connection.info.dbname)
