"""Rows with markers in a county's schema, how they would show, and a digest that says whether they are whole."""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from kreisbund_platform.tenancy.context import TenantContext

Rows = psycopg.Connection[Any]
CASES = 20


@dataclass(frozen=True)
class Marker:
    """One county's marker: words and a number that stand nowhere else."""

    slug: str
    text: str
    number: int

    def needles(self) -> list[str]:
        """How it would show in an answer: as it is, turned round, in hex, and in base64 at each alignment."""
        encoded = self.text.encode()
        shifted = (base64.b64encode(b"x" * shift + encoded)[4:-4].decode() for shift in range(3))
        return [self.text, self.text[::-1], encoded.hex(), str(self.number), *shifted]


def marker_of(tenant: TenantContext) -> Marker:
    """A fresh one."""
    return Marker(tenant.slug, f"MARKER-{secrets.token_hex(12)}", 1_000_000_000 + secrets.randbelow(1_000_000_000))


def plant(county: Rows, marker: Marker) -> None:
    """Writes the marker into names, free texts, numbers and codes; `county` is the county's own connection."""
    m = marker.text
    county.execute("INSERT INTO case_number_counter VALUES (1234, %s)", (marker.number,))
    for number in range(CASES):
        row = county.execute(
            "INSERT INTO case_record (id, case_number, status, version, channel, applicant_name, data, state,"
            " received_at, received_on, opened_at) VALUES (gen_random_uuid(), %s, 'IN_PROGRESS', 1, %s, %s,"
            " json_build_object('iban', %s::text), '{}', now(), current_date, now()) RETURNING id",
            (f"{m}-{number}", m, m, m),
        ).fetchone()
        assert row is not None
        case = row[0]
        for statement in (
            "INSERT INTO party (id, case_id, role, kind, name, position)"
            " VALUES (gen_random_uuid(), %(case)s, 'applicant', 'person', %(m)s, 1)",
            "INSERT INTO note (id, case_id, event_id, author, text, written_at)"
            " VALUES (gen_random_uuid(), %(case)s, gen_random_uuid(), %(m)s, %(m)s, now())",
            "INSERT INTO message (id, case_id, direction, author, subject, text, sent_at)"
            " VALUES (gen_random_uuid(), %(case)s, 'TO_APPLICANT', %(m)s, %(m)s, %(m)s, now())",
            "INSERT INTO document (id, case_id, kind, title, media_type, size_bytes, sha256, storage_key,"
            " visible_to_applicant, created_by, created_at)"
            " VALUES (gen_random_uuid(), %(case)s, 'upload', %(m)s, %(m)s, 1, 'x', %(m)s, true, %(m)s, now())",
            "INSERT INTO outbox (topic, payload, created_at)"
            " VALUES (%(m)s, json_build_object('a', %(m)s::text), now())",
            "SELECT code.chain_event(gen_random_uuid(), %(case)s, 1, now(), %(m)s, %(m)s, NULL, '{}')",
        ):
            county.execute(statement, {"case": case, "m": m})


def plant_shared(owner: Rows, marker: Marker) -> None:
    """What lies in `shared` and is nobody's: sessions, stored answers."""
    m = marker.text
    owner.execute(
        "INSERT INTO shared.web_session VALUES (%s, %s, %s, %s, now(), now())", (m.encode(), m, m, m.encode())
    )
    owner.execute(
        "INSERT INTO shared.idempotency (subject, mutation, key, request_hash, document_hash, answer, created_at)"
        " VALUES (%s, %s, %s, 'x', 'x', %s, now())",
        (m, m, m, m),
    )


def digests(owner: Rows, schemas: list[str]) -> dict[str, str]:
    """A hash over every row of every table, by table; nothing else in these schemas may have appeared or gone."""
    query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2"
    found = {}
    for schema, table in owner.execute(query, (schemas,)).fetchall():
        statement = sql.SQL("SELECT coalesce(md5(string_agg(x::text, ',' ORDER BY x::text)), '') FROM {} x")
        row = owner.execute(statement.format(sql.Identifier(schema, table))).fetchone()
        assert row is not None
        found[f"{schema}.{table}"] = row[0]
    made = """
    SELECT n.nspname || '.' || c.relname, c.relkind::text || c.relowner::regrole
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%s)
    """
    return found | {f"relation {name}": kind for name, kind in owner.execute(made, (schemas,)).fetchall()}
