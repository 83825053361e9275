"""A realm's rotation record: which of its signing keys its operators announced, and which signed all the same."""

from collections.abc import Iterator
from typing import Any

import psycopg

from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.role_check import Deviation

Rows = psycopg.Connection[Any]


def present(admin: Any) -> frozenset[str]:
    """Ids of the keys that sign, or still may be asked for, in the realm that `admin` works in."""
    keys = admin.get_keys()["keys"]
    return frozenset(
        key["kid"] for key in keys if key.get("use") == "SIG" and key.get("status") in ("ACTIVE", "PASSIVE")
    )


def announced(connection: Rows, issuer: str) -> frozenset[str] | None:
    """The record; None where none is kept yet."""
    row = connection.execute("SELECT announced_kids FROM shared.issuer WHERE issuer = %s", (issuer,)).fetchone()
    return None if row is None or row[0] is None else frozenset(row[0])


def announce(connection: Rows, issuer: str, kids: frozenset[str]) -> None:
    """Makes these the record; alarms about keys that are in it have found their answer."""
    with connection.transaction():
        connection.execute("UPDATE shared.issuer SET announced_kids = %s WHERE issuer = %s", (sorted(kids), issuer))
        connection.execute("DELETE FROM shared.key_alarm WHERE issuer = %s AND kid = ANY(%s)", (issuer, sorted(kids)))


def begin_record(connection: Rows, settings: Settings, realm: str, admin: Any) -> None:
    """A realm that was just made announces the keys it was made with; a record that stands is not touched."""
    issuer = settings.issuer_of(realm)
    if announced(connection, issuer) is None:
        announce(connection, issuer, present(admin))


def alarms(connection: Rows) -> Iterator[Deviation]:
    """Keys that signed without having been announced."""
    query = (
        "SELECT i.realm, a.kid, a.first_seen_at FROM shared.key_alarm a JOIN shared.issuer i USING (issuer)"
        " ORDER BY a.first_seen_at"
    )
    for realm, kid, at in connection.execute(query):
        yield Deviation(
            f"realm {realm}", f"key {kid} signed tokens and nobody announced it (since {at:%Y-%m-%d %H:%M} UTC)"
        )
