"""SQL of data protection, in one county's schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.pq.abc import PGresult
from psycopg.rows import class_row, dict_row

from kreisbund_platform.database.prepared import Statement, bytes_of

Rows = Connection[Any]


def adopted_versions(connection: Rows) -> list[dict[str, Any]]:
    """What the county offers now: manifest and forms of each adopted version, its variant's where there is one."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT v.number, coalesce(o.manifest, v.manifest) AS manifest, coalesce(o.forms, v.forms) AS forms"
            " FROM template_adoption a JOIN shared.template_version v ON v.id = a.version_id"
            " LEFT JOIN template_variant o ON o.id = a.variant_id WHERE a.ended_at IS NULL"
            " ORDER BY coalesce(o.manifest, v.manifest) ->> 'title'"
        ).fetchall()


@dataclass(frozen=True)
class WrappedKeys:
    """The county's key and those of holders that have one, all wrapped."""

    county: bytes | None
    of_holders: Mapping[str, bytes]


WRAPPED_KEYS = Statement(
    "wrapped_keys",
    "SELECT c.wrapped, k.holder, k.wrapped FROM (SELECT 1) x LEFT JOIN county_key c ON true"
    " LEFT JOIN subject_key k ON k.holder = ANY($1::text[])",
)


def wrapped_keys(connection: Rows, holders: Sequence[str]) -> WrappedKeys:
    """What there is of the county's and the holders' keys."""
    return wrapped_keys_in(WRAPPED_KEYS.run(connection, list(holders)))


def wrapped_keys_in(result: PGresult) -> WrappedKeys:
    """What `WRAPPED_KEYS` answered."""
    county, found = result.get_value(0, 0), {}
    for row in range(result.ntuples):
        holder, wrapped = result.get_value(row, 1), result.get_value(row, 2)
        if holder is not None and wrapped is not None:
            found[holder.decode()] = bytes_of(wrapped)
    return WrappedKeys(None if county is None else bytes_of(county), found)


def keep_county_key(connection: Rows, wrapped: bytes) -> bytes:
    """Stores the county's first key; answers it, or the one that somebody else stored meanwhile."""
    connection.execute("INSERT INTO county_key (wrapped) VALUES (%s) ON CONFLICT DO NOTHING", (wrapped,))
    row = connection.execute("SELECT wrapped FROM county_key").fetchone()
    assert row is not None
    return bytes(row[0])


def keep_subject_keys(connection: Rows, wrapped: Mapping[str, bytes], now: datetime) -> None:
    """Stores new keys; one that is there already stays."""
    connection.execute(
        "INSERT INTO subject_key (holder, wrapped, created_at) SELECT holder, wrapped, %s"
        " FROM unnest(%s::text[], %s::bytea[]) k(holder, wrapped) ON CONFLICT DO NOTHING",
        (now, list(wrapped), list(wrapped.values())),
    )


def case_of(connection: Rows, identifier: object) -> UUID | None:
    """The case that an id belongs to, whatever it names of a case."""
    if identifier is None:
        return None
    row = connection.execute("SELECT code.case_behind(%s::uuid)", (identifier,)).fetchone()
    return row[0] if row else None


def cases_of_applicant(connection: Rows, account: str) -> tuple[UUID, ...]:
    """The cases that an account applied in, oldest first."""
    rows = connection.execute(
        "SELECT case_id FROM application WHERE applicant_subject = %s ORDER BY submitted_at, id", (account,)
    )
    return tuple(row[0] for row in rows)


def parties_of(connection: Rows, account: str, cases: Sequence[UUID]) -> tuple[UUID, ...]:
    """The rows of `party` that are this person: by account, or as applicant of their own cases."""
    rows = connection.execute(
        "SELECT id FROM party WHERE subject = %s OR (case_id = ANY(%s) AND role = 'applicant') ORDER BY id",
        (account, list(cases)),
    )
    return tuple(row[0] for row in rows)


@dataclass(frozen=True)
class FoundParty:
    """A party, as far as it says who it is."""

    case_id: UUID
    role: str
    account: str | None


def party(connection: Rows, party_id: UUID) -> FoundParty | None:
    """One party."""
    with connection.cursor(row_factory=class_row(FoundParty)) as cursor:
        statement = "SELECT case_id, role, subject AS account FROM party WHERE id = %s"
        return cursor.execute(statement, (party_id,)).fetchone()


def labels_of(connection: Rows, cases: Sequence[UUID]) -> list[Mapping[str, Any]]:
    """The forms that these cases were filled in with."""
    rows = connection.execute(
        "SELECT DISTINCT ON (v.id, o.id) coalesce(o.forms, v.forms) FROM case_record c"
        " JOIN shared.template_version v ON v.id = c.template_version_id"
        " LEFT JOIN template_variant o ON o.id = c.variant_id WHERE c.id = ANY(%s)",
        (list(cases),),
    )
    return [row[0] for row in rows]


def cases_of_parties(connection: Rows, parties: Sequence[UUID]) -> list[UUID]:
    """The cases that these parties belong to."""
    return [row[0] for row in connection.execute("SELECT case_id FROM party WHERE id = ANY(%s)", (list(parties),))]


def is_known(connection: Rows, account: str) -> bool:
    """Whether anything of a person lies under this account."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM application WHERE applicant_subject = %(account)s)"
        " OR EXISTS (SELECT FROM party WHERE subject = %(account)s)"
        " OR EXISTS (SELECT FROM upload WHERE subject = %(account)s)"
        " OR EXISTS (SELECT FROM idempotency WHERE subject = %(account)s)",
        {"account": account},
    ).fetchone()
    return bool(row and row[0])
