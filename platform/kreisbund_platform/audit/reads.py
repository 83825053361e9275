"""The read log: whom, of the county's staff or invited from outside, was shown which kinds of a citizen's data, never
a value.

One statement a request, committed before the answer leaves: without a record there is no answer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.database.prepared import Statement
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import AccessBasis, Principal, Role

KEPT_YEARS = 3
LONGEST_OPERATION = 120
RECORD = Statement(
    "record_reads",
    "INSERT INTO case_read (case_id, at, subject, name, roles, unit_id, kinds, listed, operation, basis)"
    " SELECT x.case_id, $1::timestamptz, $2::text, $3::text, $4::text[], $5::uuid, string_to_array(x.kinds, ' '),"
    " $6::boolean, $7::text, $8::text FROM unnest($9::uuid[], $10::text[]) x(case_id, kinds)",
)


def record(work: WorkContext, operation: str, shown: Mapping[UUID, frozenset[str]], *, listed: bool) -> None:
    """Writes one row for each case shown. `shown`: kinds of data by case; `operation`: a page or asked fields."""
    RECORD.run(work.connection, *recorded(work.principal, work.clock.now(), operation, shown, listed=listed))


def recorded(
    person: Principal, now: datetime, operation: str, shown: Mapping[UUID, frozenset[str]], *, listed: bool
) -> tuple[object, ...]:
    """The values of RECORD."""
    return (
        now,
        person.subject,
        person.name,
        sorted(person.roles - {Role.CITIZEN}),
        person.units[0] if person.units else None,
        listed,
        operation[:LONGEST_OPERATION],
        person.invited_to.basis if person.invited_to else AccessBasis.OFFICE,
        list(shown),
        [" ".join(sorted(kinds)) for kinds in shown.values()],
    )


def forget_old(connection: Connection[Any], now: datetime) -> int:
    """Removes what is past its time: three years after the end of the year of the read; answers how many."""
    year = now.astimezone(BERLIN).year - KEPT_YEARS
    start = datetime(year, 1, 1, tzinfo=BERLIN)
    return connection.execute("DELETE FROM case_read WHERE at < %s", (start,)).rowcount
