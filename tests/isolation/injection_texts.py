"""SQL texts that an attacker may get executed as one county's login: templates times targets.

Each text says what must become of it. `DENIED`: an error, and not a syntax error. `EMPTY`: an error, or nothing in the
answer. `OPEN`: it may work (catalogues that PostgreSQL shows everybody, and the session's own state), but no
marker may come back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Expected(Enum):
    DENIED = "denied"
    EMPTY = "empty"
    OPEN = "open"


@dataclass(frozen=True)
class Text:
    """`template` names the family in a failure."""

    sql: str
    expected: Expected
    template: str


@dataclass(frozen=True)
class Targets:
    """`relations`: closed tables, schema-qualified; `functions`: calls of others' functions, with arguments."""

    own_schema: str
    schemas: Sequence[str]
    relations: Sequence[str]
    roles: Sequence[str]
    functions: Sequence[str]
    database: str


# Each works on a table one may read: the suite runs them on the county's own, so that none fails for its spelling.
READS = (
    "SELECT * FROM {t}",
    "TABLE {t}",
    "SELECT count(*) FROM {t}",
    "SELECT 1; SELECT x::text FROM {t} x",
    "SELECT json_agg(x) FROM {t} x",
    "SELECT encode(convert_to(x::text, 'UTF8'), 'base64') FROM {t} x",
    "SELECT id::text FROM case_record UNION ALL SELECT x::text FROM {t} x",
    "SELECT (SELECT string_agg(x::text, ',') FROM {t} x) FROM generate_series(1, 2)",
    "SELECT * FROM generate_series(1, 2) g, LATERAL (SELECT * FROM {t}) x",
    "WITH RECURSIVE w AS (SELECT x::text FROM {t} x) SELECT * FROM w",
    "SELECT * FROM {t} x WHERE x::text LIKE '%MARKER%' ORDER BY 1 LIMIT 1",
    "SELECT CASE WHEN EXISTS (SELECT FROM {t}) THEN pg_sleep(0.001) END",
    "SELECT count(*) FROM {t} TABLESAMPLE SYSTEM (50)",
    "SELECT query_to_xml('SELECT * FROM {t}', true, false, '')",
    "SELECT table_to_xml('{t}', true, false, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(x::text) FROM {t} x')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT plainto_tsquery(x::text), plainto_tsquery(x::text) FROM {t} x')",
    "EXPLAIN ANALYZE SELECT * FROM {t}",
    "EXPLAIN (FORMAT json) SELECT * FROM {t} x WHERE x::text > 'MARKER'",
    "PREPARE planted AS SELECT * FROM {t}; EXECUTE planted",
    "BEGIN; DECLARE planted CURSOR WITH HOLD FOR SELECT * FROM {t}; COMMIT; FETCH ALL FROM planted",
    "DO $$ DECLARE r text; BEGIN EXECUTE 'SELECT string_agg(x::text, $q$,$q$) FROM {t} x' INTO r;"
    " RAISE NOTICE '%', r; END $$",
    "COPY {t} TO STDOUT",
    "COPY (SELECT x::text FROM {t} x) TO STDOUT WITH (FORMAT csv)",
)
# What an error would say if the value came that far.
ERROR_CHANNELS = (
    "SELECT (SELECT x::text FROM {t} x LIMIT 1)::int",
    "SELECT xmlparse(document (SELECT x::text FROM {t} x LIMIT 1))",
    "SELECT (SELECT x::text FROM {t} x LIMIT 1)::regclass",
    "SELECT set_config((SELECT x::text FROM {t} x LIMIT 1), 'a', false)",
    "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT x::text FROM {t} x LIMIT 1); END $$",
    "INSERT INTO case_number_counter SELECT 1, (SELECT x::text FROM {t} x LIMIT 1)::int",
    "SELECT pg_notify('leak', (SELECT x::text FROM {t} x LIMIT 1))",
    "SELECT lo_from_bytea(0, (SELECT convert_to(x::text, 'UTF8') FROM {t} x LIMIT 1))",
    "SELECT 1 / (SELECT count(*) FROM {t} WHERE false)",
)
WRITES = (
    "DELETE FROM {t}",
    "WITH gone AS (DELETE FROM {t} RETURNING *) SELECT * FROM gone",
    "INSERT INTO {t} DEFAULT VALUES RETURNING *",
    "INSERT INTO {t} SELECT * FROM {t} RETURNING *",
    "TRUNCATE {t} CASCADE",
    "MERGE INTO {t} USING (SELECT 1) y ON true WHEN MATCHED THEN DELETE",
    "SELECT * FROM {t} FOR UPDATE",
    "BEGIN; LOCK TABLE {t} IN ACCESS EXCLUSIVE MODE",
    "COPY {t} FROM '/dev/null'",
    "DROP TABLE {t} CASCADE",
    "ALTER TABLE {t} OWNER TO CURRENT_USER",
    "ALTER TABLE {t} DISABLE TRIGGER ALL",
    "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
    "GRANT ALL ON {t} TO CURRENT_USER",
    "CREATE INDEX planted ON {t} ((1))",
    "CREATE TRIGGER planted AFTER UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE planted AS ON INSERT TO {t} DO ALSO NOTHING",
    "CREATE POLICY planted ON {t} USING (true)",
    "COMMENT ON TABLE {t} IS 'planted'",
    "REINDEX TABLE {t}",
)
CATALOGUE_OF_SCHEMA = (
    "SELECT * FROM pg_stats WHERE schemaname = '{s}'",
    "SELECT * FROM pg_stats_ext WHERE schemaname = '{s}'",
    "SELECT * FROM information_schema.tables WHERE table_schema = '{s}'",
    "SELECT * FROM information_schema.columns WHERE table_schema = '{s}'",
    "SELECT * FROM information_schema.table_privileges WHERE table_schema = '{s}'",
    "SELECT * FROM information_schema.view_table_usage WHERE table_schema = '{s}'",
    "SELECT schema_to_xml('{s}', true, false, '') WHERE has_schema_privilege('{s}', 'USAGE')",
    "SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{s}')"
    " AND has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE')",
    "SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{s}')"
    " AND has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE') AND has_schema_privilege(relnamespace, 'USAGE')",
)
VISIBLE_OF_SCHEMA = (
    "SELECT relname, reltuples, relpages, pg_relation_size(oid) FROM pg_class"
    " WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{s}')",
    "SELECT * FROM pg_stat_all_tables WHERE schemaname = '{s}'",
    "SELECT * FROM pg_statio_all_tables WHERE schemaname = '{s}'",
    "SELECT a.* FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname = '{s}')",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname = '{s}')",
    "SELECT pg_get_constraintdef(oid), conbin FROM pg_constraint WHERE connamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname = '{s}')",
    "SELECT pg_get_indexdef(indexrelid), indpred FROM pg_index",
    "ANALYZE VERBOSE",
    "SELECT * FROM pg_partition_tree((SELECT min(oid) FROM pg_class WHERE relnamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname = '{s}')))",
)
ROLES = (
    "SET ROLE {r}",
    "SET LOCAL ROLE {r}",
    "SET SESSION AUTHORIZATION {r}",
    "SELECT set_config('role', '{r}', false)",
    "SELECT set_config('session_authorization', '{r}', false)",
    "DO $$ BEGIN EXECUTE 'SET ROLE {r}'; END $$",
    "SELECT query_to_xml('SELECT set_config(''role'', ''{r}'', false)', true, false, '')",
    "GRANT {r} TO CURRENT_USER",
    "DO $$ BEGIN EXECUTE format('GRANT %I TO {r}', current_user); END $$",
    "ALTER ROLE {r} PASSWORD 'mine'",
    "ALTER ROLE {r} SET search_path = public",
    "ALTER ROLE {r} RENAME TO planted",
    "ALTER ROLE {r} CONNECTION LIMIT 0",
    "ALTER ROLE {r} NOLOGIN",
    "DROP ROLE {r}",
    "REASSIGN OWNED BY {r} TO CURRENT_USER",
    "DROP OWNED BY {r}",
    "COMMENT ON ROLE {r} IS 'planted'",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {r} GRANT SELECT ON TABLES TO PUBLIC",
    "SELECT 1 / count(*) FROM (SELECT rolpassword FROM pg_authid WHERE rolname = '{r}') x",
    "SELECT passwd FROM pg_shadow WHERE usename = '{r}'",
)
OPEN_OF_ROLE = (
    "SELECT * FROM pg_roles WHERE rolname = '{r}'",
    "SELECT * FROM pg_stat_activity WHERE usename = '{r}'",
    "SELECT setconfig FROM pg_db_role_setting WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = '{r}')",
    "SELECT pg_get_acl(1259, oid, 0) FROM pg_class LIMIT 1",
)
FILES = ("/etc/passwd", "postgresql.conf", "pg_hba.conf", "base", "global/pg_control", "/proc/self/environ")
FILE_TEXTS = (
    "SELECT pg_read_file('{f}')",
    "SELECT pg_read_binary_file('{f}')",
    "SELECT pg_ls_dir('{f}')",
    "SELECT pg_stat_file('{f}')",
    "SELECT lo_import('{f}')",
    "SELECT lo_export(1, '{f}')",
    "COPY case_record FROM '{f}'",
    "COPY case_record TO '{f}'",
    "COPY (SELECT 1) TO PROGRAM 'cat {f}'",
    "COPY case_record FROM PROGRAM 'cat {f}'",
    "LOAD '{f}'",
)
EXTENSIONS = (
    *("dblink", "postgres_fdw", "file_fdw", "adminpack", "pageinspect", "pg_stat_statements", "pgcrypto", "lo"),
    *("pg_buffercache", "pg_visibility", "pgstattuple", "plperl", "plpython3u", "hstore", "uuid-ossp", "amcheck"),
)
# {s}: a schema in which nothing may be made; names as the product uses them would then be found there first
MAKE = (
    "CREATE TABLE {s}.planted (id int)",
    "CREATE TABLE {s}.planted AS SELECT 1",
    "CREATE VIEW {s}.case_record AS SELECT 1 AS id",
    "CREATE MATERIALIZED VIEW {s}.planted AS SELECT 1",
    "CREATE SEQUENCE {s}.planted",
    "CREATE FUNCTION {s}.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.now()'",
    "CREATE FUNCTION {s}.chain_event() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN 1; END'",
    "CREATE PROCEDURE {s}.planted() LANGUAGE sql AS 'SELECT 1'",
    "CREATE AGGREGATE {s}.planted(int) (SFUNC = int4pl, STYPE = int)",
    "CREATE OPERATOR {s}.= (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
    "CREATE TYPE {s}.planted AS (a int)",
    "CREATE TYPE {s}.planted AS ENUM ('a')",
    "CREATE DOMAIN {s}.planted AS text",
    "CREATE COLLATION {s}.planted (LOCALE = 'C')",
    "CREATE CONVERSION {s}.planted FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "CREATE TEXT SEARCH CONFIGURATION {s}.planted (COPY = simple)",
    "CREATE STATISTICS {s}.planted ON status, version FROM case_record",
    "ALTER SCHEMA {s} OWNER TO CURRENT_USER",
    "ALTER SCHEMA {s} RENAME TO planted",
    "DROP SCHEMA {s} CASCADE",
)
DENIED_ALONE = (
    "CREATE TEMP TABLE case_record (id int)",
    "CREATE TEMP VIEW case_record AS SELECT 1",
    "SELECT 1 INTO TEMP planted",
    "CREATE SCHEMA planted",
    "CREATE ROLE planted",
    "CREATE USER planted SUPERUSER",
    "CREATE DATABASE planted",
    "ALTER DATABASE {d} SET search_path = public",
    "ALTER DATABASE {d} OWNER TO CURRENT_USER",
    "ALTER SYSTEM SET log_statement = 'all'",
    "CREATE CAST (text AS int) WITH INOUT AS IMPLICIT",
    "CREATE EVENT TRIGGER planted ON ddl_command_end EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE PUBLICATION planted FOR ALL TABLES",
    "CREATE SUBSCRIPTION planted CONNECTION 'host=/tmp' PUBLICATION p WITH (connect = false)",
    "CREATE SERVER planted FOREIGN DATA WRAPPER planted",
    "CREATE FOREIGN DATA WRAPPER planted",
    "CREATE USER MAPPING FOR PUBLIC SERVER planted",
    "CREATE LANGUAGE planted HANDLER plpgsql_call_handler",
    "CREATE ACCESS METHOD planted TYPE INDEX HANDLER bthandler",
    "CREATE TABLESPACE planted LOCATION '/tmp'",
    "CREATE OPERATOR CLASS planted FOR TYPE int USING btree AS STORAGE int",
    "DO LANGUAGE c 'x'",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "ALTER ROLE CURRENT_USER BYPASSRLS REPLICATION",
    "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
    "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SET session_preload_libraries = 'x'",
    "ALTER ROLE ALL SET search_path = public",
    "SET session_replication_role = replica",
    "SET log_statement = 'all'",
    "SET log_min_messages = debug5",
    "SELECT set_config('log_min_duration_statement', '0', false)",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_promote()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_restore_point('planted')",
    "SELECT pg_current_logfile()",
    "SELECT * FROM pg_ls_logdir()",
    "SELECT * FROM pg_ls_waldir()",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT * FROM pg_file_settings",
    "SELECT * FROM pg_config",
    "SELECT * FROM pg_shmem_allocations",
    "SELECT * FROM pg_backend_memory_contexts",
    "SELECT pg_log_backend_memory_contexts(pg_backend_pid())",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_statistic_ext_data",
    "SELECT * FROM pg_largeobject",
    "SELECT * FROM pg_user_mapping",
    "SELECT subconninfo FROM pg_subscription",
    "SELECT pg_create_physical_replication_slot('planted')",
    "SELECT pg_create_logical_replication_slot('planted', 'test_decoding')",
    "SELECT pg_drop_replication_slot('planted')",
    "SELECT * FROM pg_logical_slot_get_changes('planted', NULL, NULL)",
    "SELECT pg_replication_origin_create('planted')",
    "SELECT pg_stat_reset()",
    "SELECT pg_stat_reset_shared('bgwriter')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user AND usename IS NOT NULL",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename <> current_user AND usename IS NOT NULL",
    "BEGIN; PREPARE TRANSACTION 'planted'",
    "COMMIT PREPARED 'planted'",
    "SELECT lo_get(16384)",
    "SELECT lo_put(16384, 0, 'x')",
    "SELECT lo_unlink(16384)",
    "SELECT dblink('dbname={d}', 'SELECT 1')",
    "CHECKPOINT",
)
OPEN_ALONE = (
    "LISTEN planted",
    "LISTEN planted; UNLISTEN *; LISTEN other",
    "NOTIFY planted, 'x'",
    "SELECT pg_notify('planted', 'x')",
    "SELECT * FROM pg_listening_channels()",
    "SELECT pg_advisory_lock(4711)",
    "SELECT pg_try_advisory_lock_shared(4711)",
    "SELECT pg_advisory_lock(hashtextextended('kreisbund grants', 0))",
    "BEGIN; SELECT pg_advisory_xact_lock(4711); ROLLBACK AND CHAIN",
    "SELECT set_config('search_path', 'pg_temp, shared', false)",
    "SELECT set_config('search_path', 'shared', true)",
    "SELECT set_config('kreisbund.tenant', 'wartburgkreis', false)",
    "SELECT query_to_xml('SELECT set_config(''statement_timeout'', ''0'', false)', true, false, '')",
    "SELECT U&\"\\0073et_config\"('search_path', 'public', false)",
    "SET search_path = shared",
    "SET LOCAL search_path = shared",
    "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0",
    "SET default_transaction_read_only = on",
    "SET standard_conforming_strings = off",
    "SET client_min_messages = debug5; SELECT count(*) FROM case_record",
    "SET debug_print_plan = on; SET client_min_messages = debug1; SELECT count(*) FROM case_record",
    "SET plan_cache_mode = auto",
    "SET row_security = off",
    "SET application_name = 'planted'",
    "SET TIME ZONE 'Asia/Tokyo'",
    "SET DateStyle = 'German'",
    "RESET ALL",
    "RESET ROLE",
    "RESET SESSION AUTHORIZATION",
    "DISCARD ALL",
    "DISCARD PLANS",
    "DEALLOCATE ALL",
    "PREPARE kb_planted AS SELECT 1",
    "SELECT 1; PREPARE kb_record_step AS SELECT 1; SELECT 2",
    "PREPARE kb_planted AS SELECT 1; SELECT 1 / 0",
    "DO $$ BEGIN EXECUTE 'PREPARE kb_planted AS SELECT 1'; END $$",
    "BEGIN; DECLARE planted CURSOR WITH HOLD FOR SELECT 1; COMMIT",
    "BEGIN; SAVEPOINT planted",
    "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1",
    "BEGIN; LOCK TABLE case_record IN ACCESS EXCLUSIVE MODE",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'mine')",
    "SELECT pg_export_snapshot()",
    "SELECT setseed(0.5)",
    "SELECT pg_sleep(0.001)",
    "SELECT pg_logical_emit_message(false, 'planted', 'x')",
    "ALTER ROLE CURRENT_USER PASSWORD 'mine'",
    "ALTER ROLE CURRENT_USER PASSWORD NULL",
    "ALTER ROLE CURRENT_USER SET search_path = shared, public",
    "ALTER ROLE CURRENT_USER SET statement_timeout = 1",
    "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on",
    "ALTER ROLE CURRENT_USER SET local_preload_libraries = 'nowhere'",
    "ALTER ROLE CURRENT_USER IN DATABASE {d} SET search_path = public",
    "ALTER ROLE CURRENT_USER IN DATABASE postgres SET work_mem = '64kB'",
    "ALTER ROLE CURRENT_USER RESET ALL",
    "ALTER ROLE CURRENT_USER IN DATABASE {d} RESET ALL",
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_stat_get_activity(NULL)",
    "SELECT pg_stat_get_backend_activity(b) FROM pg_stat_get_backend_idset() b",
    "SELECT * FROM pg_locks",
    "SELECT * FROM pg_stat_database",
    "SELECT * FROM pg_stat_user_functions",
    "SELECT * FROM pg_stat_user_indexes",
    "SELECT * FROM pg_stat_replication",
    "SELECT * FROM pg_stat_ssl",
    "SELECT * FROM pg_stat_progress_analyze",
    "SELECT * FROM pg_stats",
    "SELECT * FROM pg_stats_ext_exprs",
    "SELECT * FROM pg_prepared_statements",
    "SELECT * FROM pg_prepared_xacts",
    "SELECT * FROM pg_cursors",
    "SELECT * FROM pg_settings",
    "SELECT * FROM pg_db_role_setting",
    "SELECT * FROM pg_default_acl",
    "SELECT * FROM pg_shdescription",
    "SELECT * FROM pg_description",
    "SELECT * FROM pg_seclabels",
    "SELECT * FROM pg_sequences",
    "SELECT * FROM pg_indexes",
    "SELECT * FROM pg_views",
    "SELECT * FROM pg_rules",
    "SELECT * FROM pg_trigger",
    "SELECT * FROM pg_matviews",
    "SELECT * FROM pg_largeobject_metadata",
    "SELECT * FROM pg_replication_slots",
    "SELECT * FROM pg_publication_tables",
    "SELECT * FROM pg_foreign_server",
    "SELECT * FROM pg_user_mappings",
    "SELECT * FROM pg_shdepend",
    "SELECT pg_describe_object(classid, objid, 0) FROM pg_shdepend WHERE dbid <> 0",
    "SELECT database_to_xmlschema(true, false, '')",
    "SELECT * FROM information_schema.schemata",
    "SELECT * FROM information_schema.role_table_grants",
    "SELECT * FROM information_schema.routines",
    "SELECT * FROM information_schema.applicable_roles",
    "SELECT pg_database_size(current_database())",
    "SELECT pg_current_wal_lsn(), pg_current_snapshot(), txid_current()",
    "SELECT pg_blocking_pids(pg_backend_pid())",
    "SELECT inet_server_addr(), version(), pg_conf_load_time()",
    "VACUUM",
    # warnings, where nothing could be granted; that nothing was is seen afterwards
    "GRANT CREATE ON SCHEMA shared TO CURRENT_USER",
    "GRANT CREATE, USAGE ON SCHEMA pg_catalog TO PUBLIC",
    "GRANT ALL ON ALL TABLES IN SCHEMA shared TO PUBLIC",
    "GRANT TEMP ON DATABASE {d} TO CURRENT_USER",
)


def generate(targets: Targets) -> Iterator[Text]:
    """All texts, each once."""
    seen: set[str] = set()
    for text in _all(targets):
        if text.sql not in seen:
            seen.add(text.sql)
            yield text


def _all(targets: Targets) -> Iterator[Text]:
    yield from _times((*READS, *ERROR_CHANNELS, *WRITES), "t", targets.relations, Expected.DENIED)
    yield from _times(CATALOGUE_OF_SCHEMA, "s", targets.schemas, Expected.EMPTY)
    yield from _times(VISIBLE_OF_SCHEMA, "s", targets.schemas, Expected.OPEN)
    yield from _times(ROLES, "r", targets.roles, Expected.DENIED)
    yield from _times(OPEN_OF_ROLE, "r", targets.roles, Expected.OPEN)
    yield from _times(("SELECT {c}",), "c", targets.functions, Expected.DENIED)
    yield from _times(FILE_TEXTS, "f", FILES, Expected.DENIED)
    extensions = [f'"{name}"' for name in EXTENSIONS]
    yield from _times(("CREATE EXTENSION {e}", "CREATE EXTENSION {e} CASCADE"), "e", extensions, Expected.DENIED)
    places = (targets.own_schema, *targets.schemas, "shared", "public", "pg_catalog", "information_schema")
    yield from _times(MAKE, "s", places, Expected.DENIED)
    yield from _times(DENIED_ALONE, "d", (targets.database,), Expected.DENIED)
    yield from _times(OPEN_ALONE, "d", (targets.database,), Expected.OPEN)


def _times(templates: Sequence[str], name: str, targets: Sequence[str], expected: Expected) -> Iterator[Text]:
    for template in templates:
        for target in targets:
            yield Text(template.replace(f"{{{name}}}", target), expected, template)
