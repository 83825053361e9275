"""What is measured of four hundred counties is done in each of them; here there are three."""

from pathlib import Path

from bench.wide import Wide
from kreisbund_platform.database import migrate
from kreisbund_platform.database.session import Database
from tests.support.database import fresh_database
from tests.support.fixtures import settings_for


def test_every_county_is_made_migrated_and_shown(tmp_path: Path) -> None:
    with fresh_database() as url:
        settings = settings_for(url, tmp_path)
        wide = Wide(settings, counties=3)
        try:
            figures = [wide.round() for _round in range(2)]
        finally:
            wide.close()
        assert set(figures[0]) == {"tenant_create_ms_database", "migration_ms_per_tenant", "dashboard_ms_3"}
        assert all(value > 0 for round_ in figures for value in round_.values())
        database = Database(settings)
        with database.owner() as owner:
            schemas = migrate.county_schemas(owner)
            added = owner.execute(
                "SELECT table_schema, count(*) FROM information_schema.columns WHERE column_name LIKE 'wide_%'"
                " GROUP BY 1"
            ).fetchall()
        assert len(schemas) == 3
        assert dict(added) == dict.fromkeys(schemas, 2)
