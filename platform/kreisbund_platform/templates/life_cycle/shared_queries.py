"""SQL of drafts, reviews and publications, where more than one row or table is concerned (workspace `catalogue`)."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from kreisbund_platform.templates.life_cycle.models import (
    CooperationAgreement,
    NaturalPersonAccount,
    SigningKey,
    VersionSignature,
)
from kreisbund_platform.templates.life_cycle.rows import Rows


def tenant_slug(connection: Rows, tenant_id: UUID) -> str | None:
    """A county's slug."""
    row = connection.execute("SELECT slug FROM shared.tenant WHERE id = %s", (tenant_id,)).fetchone()
    return row[0] if row else None


def tenant_id_of(connection: Rows, slug: str) -> UUID | None:
    """A county that works, by its slug."""
    query = "SELECT id FROM shared.tenant WHERE slug = %s AND status IN ('ACTIVE', 'SUSPENDED')"
    row = connection.execute(query, (slug,)).fetchone()
    return row[0] if row else None


def agreement_in_force(connection: Rows) -> CooperationAgreement | None:
    """The agreement signed last."""
    with connection.cursor(row_factory=class_row(CooperationAgreement)) as cursor:
        return cursor.execute(
            "SELECT * FROM shared.cooperation_agreement ORDER BY signed_on DESC, id DESC LIMIT 1"
        ).fetchone()


def members_of(connection: Rows, agreement_id: UUID) -> list[UUID]:
    """Counties of an agreement that still exist."""
    return [
        row[0]
        for row in connection.execute(
            "SELECT m.tenant_id FROM shared.agreement_member m JOIN shared.tenant t ON t.id = m.tenant_id"
            " WHERE m.agreement_id = %s AND t.status IN ('ACTIVE', 'SUSPENDED') ORDER BY t.slug",
            (agreement_id,),
        )
    ]


def overtake(connection: Rows, draft_id: UUID, at: datetime) -> None:
    """A draft's content changed: the open round and the open proposal are about something that is gone."""
    connection.execute(
        "UPDATE shared.review_round SET status = 'OVERTAKEN', closed_at = %s, version = version + 1"
        " WHERE draft_id = %s AND status = 'OPEN'",
        (at, draft_id),
    )
    connection.execute(
        "UPDATE shared.publication_proposal SET status = 'WITHDRAWN' WHERE draft_id = %s AND status = 'OPEN'",
        (draft_id,),
    )


def next_round(connection: Rows, draft_id: UUID) -> int:
    """The number of a draft's round to come; the caller holds the draft's row."""
    row = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM shared.review_round WHERE draft_id = %s", (draft_id,)
    ).fetchone()
    assert row is not None
    return int(row[0])


def choices(connection: Rows, round_id: UUID) -> dict[UUID, str]:
    """Each county's vote."""
    query = "SELECT tenant_id, choice FROM shared.review_vote WHERE round_id = %s"
    return dict(connection.execute(query, (round_id,)).fetchall())


def signatures_of(connection: Rows, target_id: UUID) -> list[tuple[VersionSignature, SigningKey]]:
    """Signatures in their order, each with its public key."""
    with connection.cursor(row_factory=class_row(VersionSignature)) as cursor:
        signed = cursor.execute(
            "SELECT * FROM shared.version_signature WHERE target_id = %s ORDER BY signed_at, key_id", (target_id,)
        ).fetchall()
    with connection.cursor(row_factory=class_row(SigningKey)) as cursor:
        keys = cursor.execute(
            "SELECT * FROM shared.signing_key WHERE id = ANY(%s)", ([each.key_id for each in signed],)
        ).fetchall()
    by_id = {key.id: key for key in keys}
    return [(each, by_id[each.key_id]) for each in signed if each.key_id in by_id]


def accounts_of(connection: Rows, keys: list[SigningKey]) -> list[NaturalPersonAccount]:
    """What is known about the persons behind these keys' accounts."""
    with connection.cursor(row_factory=class_row(NaturalPersonAccount)) as cursor:
        return cursor.execute(
            "SELECT * FROM shared.natural_person_account WHERE (realm, subject) IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[]))",
            ([key.realm for key in keys], [key.subject for key in keys]),
        ).fetchall()
