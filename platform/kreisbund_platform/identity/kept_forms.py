"""What somebody sent and was first asked to log in again for: theirs alone, wrapped, for a quarter of an hour.

Services: they never commit. Files are not kept.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.exceptions import InvalidTag
from psycopg import Connection

from kreisbund_platform import ids
from kreisbund_platform.clock import Clock
from kreisbund_platform.identity import queries
from kreisbund_platform.identity.models import KeptFormRow
from kreisbund_platform.identity.wrapping import unwrap, wrap
from kreisbund_platform.settings import Settings

KEPT_FOR = timedelta(minutes=15)
LARGEST_BYTES = 1_000_000


@dataclass(frozen=True)
class KeptForm:
    """Where the form was sent to, and its texts in order."""

    path: str
    fields: Sequence[tuple[str, str]]


def keep(
    connection: Connection, settings: Settings, clock: Clock, *, issuer: str, subject: str, form: KeptForm
) -> UUID | None:
    """Keeps a form of this person and answers its id; None for one that is too large. Forgets old ones."""
    content = json.dumps({"path": form.path, "fields": list(form.fields)}).encode()
    if len(content) > LARGEST_BYTES:
        return None
    now = clock.now()
    queries.delete_old_forms(connection, now - KEPT_FOR)
    identifier = ids.new_id(ids.Kind.KEPT_FORM, now)
    wrapped = wrap(settings.wrapping_key, content, bound_to=identifier.bytes)
    queries.insert_form(connection, KeptFormRow(identifier, issuer, subject, wrapped, now))
    return identifier


def find(
    connection: Connection, settings: Settings, clock: Clock, *, issuer: str, subject: str, form_id: str
) -> KeptForm | None:
    """The form of this id, if it is this person's and not too old."""
    identifier = ids.parse_id(form_id, ids.Kind.KEPT_FORM)
    row = queries.kept_form(connection, identifier, clock.now() - KEPT_FOR) if identifier else None
    if row is None or (row.issuer, row.subject) != (issuer, subject):
        return None
    try:
        content = json.loads(unwrap(settings.wrapping_key, row.wrapped, bound_to=row.id.bytes))
    except InvalidTag:
        return None  # the deployment's key has changed since
    return KeptForm(content["path"], [(name, value) for name, value in content["fields"]])
