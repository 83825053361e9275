"""Four hundred counties on one deployment: what one more costs, what a migration of all costs, the state's page.

In process and on a durable database. `tenant_create_ms_database` is everything but the realm: schema, login role,
secret, grants. A migration is one column and one index in every county, with its ledger and grants.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.office import FOREVER, settings_of
from bench.step import Measure, watched
from kreisbund_api.graphql.execution import Executor, Request
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database import migrate
from kreisbund_platform.database.migrate import Migration
from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.principals import AccountKind, Principal, RealmKind, Role
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_tenants import provisioning, seeding

COUNTIES, MONTHS, LATE, LOOKS = 400, 24, 50, 200
NAME = "kreisbund_wide"
MONTH = "2026-03-01"
FIGURES = """INSERT INTO shared.dashboard_month (tenant_id, month, applications, decisions, median_days, online_share)
    SELECT t.id, date '2025-01-01' + n * interval '1 month', 40 + n, 30 + n, 12.5, 0.4
    FROM shared.tenant t, generate_series(0, %s) n ON CONFLICT DO NOTHING"""
PAGE = """query($month: Date!) { stateDashboard(from: $month, to: $month) { generatedAt rows {
    county { slug name } month applications decisions medianDays onlineShare } } }"""


class Wide(Measure):
    """Makes its counties once; a round migrates them all and looks at one month of them."""

    def __init__(self, settings: Settings | None = None, counties: int = COUNTIES) -> None:
        self.missing = []
        self._settings, self._counties = settings or _fresh(), counties
        self._more: list[Migration] = []
        self._database = Database(self._settings)
        self._connections = Connections(self._database, self._settings)
        seeding.seed(self._database, self._settings, SystemClock(), only=("nordhausen",))
        took = [self._create(number) for number in range(1, counties)]
        self._created = statistics.median(took[-LATE:])
        with self._database.owner() as owner:
            owner.execute(FIGURES, (MONTHS - 1,))
            owner.execute("VACUUM ANALYZE shared.dashboard_month")

    def close(self) -> None:
        self._database.close()

    def round(self) -> dict[str, float]:
        return {
            "tenant_create_ms_database": self._created,
            "migration_ms_per_tenant": self._migrated(),
            f"dashboard_ms_{self._counties}": self._looked(),
        }

    def _create(self, number: int) -> float:
        """Milliseconds."""
        begun = time.perf_counter()
        create(self._database, self._settings, number)
        return (time.perf_counter() - begun) * 1000

    def _migrated(self) -> float:
        number = 9_001 + len(self._more)
        statements = f"ALTER TABLE note ADD COLUMN wide_{number} integer; CREATE INDEX ON note (wide_{number});"
        self._more.append(Migration(number, "wide", statements, f"{number:064}"))  # type: ignore[arg-type]
        with _also(self._more):
            begun = time.perf_counter()
            found = seeding.migrate_all(self._database, SystemClock())
            took = time.perf_counter() - begun
        assert not any(each.is_behind for each in found), found
        return took * 1000 / self._counties

    def _looked(self) -> float:
        person = Principal(
            subject="bench", name="Bench", username="bench", realm_kind=RealmKind.STATE, tenant=None,
            home_tenant=None, roles=frozenset({Role.GRANTING_AUTHORITY}), units=(), assurance_level=None,
            account_kind=AccountKind.PERSON, token_expires_at=FOREVER,
        )  # fmt: skip
        executor = Executor(self._settings, self._connections, SystemClock(), self._database)
        with watched(Statement, "call") as calls:
            answer = executor.run(person, Request(PAGE, {"month": MONTH}))
        assert answer.was_compiled, answer.errors
        assert answer.data is not None
        assert len(answer.data["stateDashboard"]["rows"]) == self._counties
        [(statement, _connection, *values)] = calls
        with self._connections.for_workspace("state") as connection:
            return statistics.median(_took(statement, connection, values) for _look in range(LOOKS))


def create(database: Database, settings: Settings, number: int) -> None:
    """One more county, with everything but a realm."""
    with database.owner() as owner:
        made = provisioning.create_tenant(
            owner, settings, SystemClock(), slug=f"kreis-{number:03}", name=f"Kreis {number}",
            regional_key=f"9{number:011}",
        )  # fmt: skip
    assert not isinstance(made, seeding.REFUSALS), made


def _took(statement: Statement, connection: "psycopg.Connection[object]", values: list[object]) -> float:
    begun = time.perf_counter()
    statement.run(connection, *values)
    return (time.perf_counter() - begun) * 1000


def _fresh() -> Settings:
    """Settings with a database of its own on the bench's server."""
    settings = settings_of()
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(NAME)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    return replace(settings, database_url=urlsplit(settings.database_url)._replace(path=f"/{NAME}").geturl())


@contextmanager
def _also(migrations: Sequence[Migration]) -> Iterator[None]:
    """So many files more for every county."""
    files = migrate.migrations_of

    def more(tree: str) -> tuple[Migration, ...]:
        return (*files(tree), *migrations) if tree == "tenant" else files(tree)

    migrate.migrations_of = more  # type: ignore[assignment]
    try:
        yield
    finally:
        migrate.migrations_of = files
