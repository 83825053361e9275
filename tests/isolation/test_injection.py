"""More than 1,000 SQL texts run as one county's login: nothing of other counties comes back, and they stay whole."""

import collections
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from kreisbund_platform.database.session import Database, DatabaseUnavailableError
from kreisbund_platform.tenancy import grant_check
from kreisbund_platform.tenancy.connections import RESTORE_AGAIN_SECONDS, Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.roles import workspace_role
from tests.isolation import injection_texts, markers
from tests.isolation.injection_texts import Expected, Targets, Text
from tests.isolation.markers import Marker
from tests.support.database import fresh_database
from tests.support.fixtures import Deployment, deployed, login_of, settings_for

ATTACKER, ATTACKED = "nordhausen", ("kyffhaeuserkreis", "unstrut-hainich-kreis", "wartburgkreis")
CLOSED_SHARED = (
    *("tenant_secret", "workspace_secret", "web_session", "issuer", "idempotency", "dashboard_month"),
    *("draft_revision", "signing_key_secret"),
)
CLOSED_SYSTEM = ("pg_authid", "pg_statistic", "pg_largeobject", "pg_user_mapping")
COUNTY_TABLES = ("case_record", "party", "note", "event", "outbox", "case_number_counter")
# Why a text may fail: no right, no such thing, not while running, or a value that never was there.
HONEST_FAILURES = ("42501", "42704", "55000", "0A000", "58P01", "42883", "25001", "0LP01", "42P01", "28000", "42939")
STATE = """
SELECT current_setting('search_path'), current_setting('statement_timeout'), current_setting('role'),
    current_setting('default_transaction_read_only'), nullif(current_setting('kreisbund.tenant', true), ''),
    current_user::text,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
    (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_cursors WHERE name <> ''),
    (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), pg_my_temp_schema()::int
"""
CALLS = """
SELECT n.nspname || '.' || p.proname || '(' || coalesce((SELECT string_agg('NULL::' || format_type(t, NULL), ', ')
    FROM unnest(p.proargtypes) t), '') || ')'
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY(%s) AND p.prorettype <> 'trigger'::regtype
"""


@dataclass
class Attack:
    """A deployment of four counties, the login that attacks, and the markers it must not see."""

    here: Deployment
    attacker: TenantContext
    attacked: list[TenantContext]
    marks: list[Marker]
    seconds: float = 0.0
    database: Database = field(init=False)
    connections: Connections = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(self.here.settings, 10)
        # time passes for the rate limit alone: each text may change the role anew
        self.connections = Connections(self.database, self.here.settings, monotonic_seconds=self.later)

    def later(self) -> float:
        self.seconds += RESTORE_AGAIN_SECONDS
        return self.seconds

    def run(self, text: str) -> tuple[str, str | None]:
        """All that the client gets to see, and the SQLSTATE of an error."""
        seen: list[str] = []
        state = None
        try:
            with self.connections.for_tenant(self.attacker) as connection:
                connection.add_notice_handler(lambda notice: seen.append(str(diagnosis(notice))))
                connection.add_notify_handler(lambda notify: seen.append(f"{notify.channel} {notify.payload}"))
                try:
                    seen += answers(connection, text)
                except psycopg.Error as problem:
                    state = problem.sqlstate or "client"
                    seen.append(str(problem) + str(diagnosis(problem.diag)))
        except DatabaseUnavailableError:  # DISCARD and the like may cost the connection
            state = state or "closed"
        return "\n".join(seen), state

    def leaks(self, seen: str) -> list[str]:
        return [mark.slug for mark in self.marks if any(needle in seen for needle in mark.needles())]

    def state_of_session(self) -> Any:
        with self.connections.for_tenant(self.attacker) as connection:
            return connection.execute(STATE).fetchone()


def diagnosis(diag: Any) -> list[str]:
    fields = ("message_primary", "message_detail", "message_hint", "context", "internal_query", "statement_position")
    return [str(getattr(diag, name, None)) for name in fields]


def answers(connection: psycopg.Connection[Any], text: str) -> Iterator[str]:
    cursor = connection.cursor()
    if text.startswith("COPY") and "STDOUT" in text:
        with cursor.copy(text) as copied:  # type: ignore[call-overload]
            yield from (bytes(block).decode() for block in copied)
        return
    cursor.execute(text)
    while True:
        if cursor.description is not None:
            yield from (str(row) for row in cursor.fetchall())
        if not cursor.nextset():
            return


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    with fresh_database() as url:
        settings = settings_for(url, tmp_path_factory.mktemp("home"))
        with deployed(settings, ATTACKER, *ATTACKED) as here:
            found = {slug: here.registry.by_slug(slug) for slug in (ATTACKER, *ATTACKED)}
            attacked = [tenant for slug, tenant in found.items() if tenant is not None and slug != ATTACKER]
            marks = [markers.marker_of(tenant) for tenant in attacked]
            for tenant, mark in zip(attacked, marks, strict=True):
                with here.connections.for_tenant(tenant) as county, county.transaction():
                    markers.plant(county, mark)
            with here.database.owner() as owner:
                for mark in marks:
                    markers.plant_shared(owner, mark)
                owner.execute("ANALYZE")  # so that statistics hold the markers, too
            attacker = found[ATTACKER]
            assert attacker is not None
            made = Attack(here, attacker, attacked, marks)
            yield made
            made.database.close()


def targets_of(attack: Attack) -> Targets:
    schemas = [tenant.schema_name for tenant in attack.attacked]
    with attack.here.database.owner() as owner:
        functions = owner.execute(CALLS, ([*schemas, "shared"],)).fetchall()
        superusers = [row[0] for row in owner.execute("SELECT rolname FROM pg_roles WHERE rolsuper")]
        roles = [tenant.login_role for tenant in attack.attacked] + superusers + [owner.info.user, "pg_read_all_data"]
        roles += [workspace_role(owner.info.dbname, workspace) for workspace in ("registry", "catalogue")]
        database = owner.info.dbname
    relations = [f"{schemas[0]}.{table}" for table in COUNTY_TABLES] + [f"{schema}.party" for schema in schemas[1:]]
    relations += [f"shared.{table}" for table in CLOSED_SHARED] + [f"pg_catalog.{table}" for table in CLOSED_SYSTEM]
    return Targets(
        own_schema=attack.attacker.schema_name,
        schemas=schemas,
        relations=relations,
        roles=roles,
        functions=[call for (call,) in functions],
        database=database,
    )


def verdict(attack: Attack, text: Text) -> str | None:
    """What went wrong with a text; None where it did what it may."""
    seen, state = attack.run(text.sql)
    if attack.leaks(seen):
        return f"shows {attack.leaks(seen)}: {text.sql}"
    if text.expected is Expected.DENIED and state is None:
        return f"worked: {text.sql}"
    if text.expected is Expected.DENIED and state not in HONEST_FAILURES:
        return f"failed with {state}, so it proves nothing: {text.sql} {seen[:200]}"
    if text.expected is Expected.EMPTY and seen and state is None:
        return f"answers {seen[:200]}: {text.sql}"
    return None


def test_injected_texts_see_nothing_and_leave_nothing(attack: Attack) -> None:
    texts = list(injection_texts.generate(targets_of(attack)))
    assert len(texts) >= 1000
    schemas = [tenant.schema_name for tenant in attack.attacked] + ["shared"]
    with attack.here.database.owner() as owner:
        before = markers.digests(owner, schemas)
        clean = attack.state_of_session()
        wrong = []
        for text in texts:
            if problem := verdict(attack, text):
                wrong.append(problem)
            if (state := attack.state_of_session()) != clean:
                wrong.append(f"leaves {state}: {text.sql}")
        print(f"{len(texts)} texts, {collections.Counter(text.expected.value for text in texts)}")
        assert wrong == []
        assert markers.digests(owner, schemas) == before
        assert_only_the_attacker_drifted(attack, owner)


def assert_only_the_attacker_drifted(attack: Attack, owner: psycopg.Connection[Any]) -> None:
    for deviation in grant_check.verify_grants(owner):
        assert deviation.subject == attack.attacker.login_role
        assert deviation.finding.startswith("owns ") or deviation.finding == "has settings of its own"
    for tenant in attack.attacked:
        with Connections(attack.database, attack.here.settings).for_tenant(tenant) as county:
            assert county.execute("SELECT count(*) FROM case_record").fetchone() == (markers.CASES,)
    grant_check.mend(owner, attack.here.settings)
    assert grant_check.verify_grants(owner) == []
    assert grant_check.refused_logins(owner, attack.database, attack.here.settings) == []


@pytest.mark.parametrize("template", injection_texts.READS)
def test_no_text_fails_for_its_spelling(template: str, attack: Attack) -> None:
    _seen, state = attack.run(template.replace("{t}", "template_release"))
    assert state is None


def test_a_hole_would_be_seen(attack: Attack) -> None:
    """The net catches: with one grant too many most ways of reading show the marker."""
    schema, role = attack.attacked[0].schema_name, attack.attacker.login_role
    with attack.here.database.owner() as owner:
        owner.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {schema}.party TO {role}")
        try:
            shown = [
                t for t in injection_texts.READS if attack.leaks(attack.run(t.replace("{t}", f"{schema}.party"))[0])
            ]
        finally:
            grant_check.mend(owner, attack.here.settings)
    assert len(shown) > len(injection_texts.READS) / 2


def test_no_replication_with_a_countys_login(attack: Attack) -> None:
    login = login_of(attack.here, attack.attacker)
    address = make_conninfo(attack.here.settings.database_url, user=login.role, password=login.secret)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address, replication="database").close()
    psycopg.connect(address).close()
