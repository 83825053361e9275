"""What the counties' triggers call stands once, and works on the county whose table was written, whoever writes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.tenancy.context import TenantContext
from tests.support.fixtures import START, Deployment

Rows = psycopg.Connection[Any]
BASE, TEMPLATE = new_id(Kind.TEMPLATE_VERSION, START), new_id(Kind.PROCESS_TEMPLATE, START)
VARIANT = """INSERT INTO {}.template_variant (id, template_id, base_version_id, number, status, operations,
    content_hash, manifest, bpmn_xml, decisions, forms, letters, created_at, created_by)
    VALUES (%s, %s, %s, 1, 'IN_FORCE', '[]', '', '{{}}', '', '{{}}', '{{}}', '{{}}', now(), 'x')"""
ADOPTION = (
    "INSERT INTO {}.template_adoption (template_id, version_id, adopted_at, adopted_by) VALUES (%s, %s, now(), 'x')"
)
ADOPTED = "SELECT variant_id FROM {}.template_adoption WHERE template_id = %s"
EVENT = """INSERT INTO {}.event (seq, id, at, type, body, hash)
    VALUES (1000000, '00000000-0000-0000-0000-000000000000', now(), 'x', '{{}}', '')"""
APPROVAL = """INSERT INTO {}.approval (id, operation, content_hash, content, roles, proposed_at, proposed_by,
    proposing_persons, until, version)
    VALUES ('00000000-0000-0000-0000-000000000000', 'x', '', '{{}}', '{{}}', now(), 'x', '{{x}}', now(), 1)"""
CASE = """INSERT INTO {}.case_record (id, case_number, status, version, channel, state, received_at, received_on,
    opened_at) VALUES ('00000000-0000-0000-0000-000000000000', 'x', 'CLOSED', 1, 'x', '{{}}', now(), now(), now())"""
EMERGENCY = """INSERT INTO {}.emergency_access (id, case_id, reason, requested_at, requested_by, requested_by_name,
    requesting_person, confirm_until, version)
    VALUES ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', repeat('x', 20), now(), 'x',
    'x', 'x', now() + interval '60 minutes', 1)"""


class Writer:
    """Writes in counties' schemas by whole names."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def __call__(self, statement: str, county: TenantContext, *values: object) -> "psycopg.Cursor[Any]":
        query = sql.SQL(cast(LiteralString, statement)).format(sql.Identifier(county.schema_name))
        return self._connection.execute(query, values)

    def variant(self, county: TenantContext) -> UUID:
        """In force, for an adopted version."""
        variant = new_id(Kind.TEMPLATE_VARIANT, START)
        self(VARIANT, county, variant, TEMPLATE, BASE)
        return variant

    def undone(self) -> AbstractContextManager[object]:
        """A savepoint."""
        return self._connection.transaction(force_rollback=True)


@pytest.fixture(params=["owner", "county"])
def writer(
    request: pytest.FixtureRequest, deployment: Deployment, county: TenantContext, other_county: TenantContext
) -> Iterator[Writer]:
    """The owner or the county itself, with a search_path that finds the other county first; all is undone."""
    own = deployment.connections.for_tenant(county)
    with deployment.database.owner() if request.param == "owner" else own as connection:
        with connection.transaction(force_rollback=True):
            connection.execute(f"SET LOCAL search_path = {other_county.schema_name}, pg_catalog")  # type: ignore[arg-type]
            yield Writer(connection)


def test_an_adoption_names_the_variant_of_its_own_county(writer: Writer, county: TenantContext) -> None:
    variant = writer.variant(county)
    writer(ADOPTION, county, TEMPLATE, BASE)
    assert writer(ADOPTED, county, TEMPLATE).fetchone() == (variant,)
    writer("UPDATE {}.template_variant SET status = 'REPLACED' WHERE id = %s", county, variant)
    assert writer(ADOPTED, county, TEMPLATE).fetchone() == (None,)


def test_a_variant_comes_into_force_in_its_own_county(
    deployment: Deployment, county: TenantContext, other_county: TenantContext
) -> None:
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute(f"SET LOCAL search_path = {county.schema_name}")  # type: ignore[arg-type]
        writer = Writer(owner)
        for each in (county, other_county):
            writer(ADOPTION, each, TEMPLATE, BASE)
        variant = writer.variant(other_county)
        assert writer(ADOPTED, other_county, TEMPLATE).fetchone() == (variant,)
        assert writer(ADOPTED, county, TEMPLATE).fetchone() == (None,)


@pytest.mark.parametrize(
    ("made", "changed", "said"),
    [
        ([EVENT], "UPDATE {}.event SET type = 'y'", "append-only"),
        ([EVENT], "DELETE FROM {}.event", "append-only"),
        ([APPROVAL], "UPDATE {}.approval SET content_hash = 'y'", "approval does not change"),
        ([CASE, EMERGENCY], "UPDATE {}.emergency_access SET reason = repeat('y', 20)", "access does not change"),
    ],
)
def test_what_stays_stays(
    deployment: Deployment, county: TenantContext, made: list[str], changed: str, said: str
) -> None:
    """Of the owner, too, who may do everything else."""
    with deployment.database.owner() as owner, owner.transaction(force_rollback=True):
        owner.execute("SET LOCAL search_path = pg_catalog")
        writer = Writer(owner)
        for statement in made:
            writer(statement, county)
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=said):
            writer(changed, county)


def test_a_variant_that_was_in_force_stays(writer: Writer, county: TenantContext) -> None:
    variant = writer.variant(county)
    for statement in (
        "UPDATE {}.template_variant SET bpmn_xml = 'y' WHERE id = %s",
        "DELETE FROM {}.template_variant WHERE id = %s",
    ):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="never changes"), writer.undone():
            writer(statement, county, variant)
