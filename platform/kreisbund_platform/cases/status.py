"""A guest sees the status by case number and secret; tries are limited."""

import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from kreisbund_platform.cases import queries
from kreisbund_platform.errors import NotFound
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext

MOST_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)


def guest_application(work: WorkContext, case_number: str, secret: str) -> UUID | NotFound:
    """The application's id for who knows number and secret.

    Five wrong secrets lock the number for a quarter of an hour; locked, wrong and unknown answer alike.
    The count is written in the running transaction, which the caller commits in any case.
    """
    found = queries.lock_guest_application(work.connection, case_number)
    now = work.clock.now()
    if found is None or (found.status_locked_until and found.status_locked_until > now):
        return refusals.not_found()
    given = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
    if hmac.compare_digest(given, found.status_secret_hash or b""):
        queries.count_try(work.connection, found.id, 0, None)
        return found.id
    tries = found.status_tries + 1
    locked_until = now + LOCKED_FOR if tries >= MOST_TRIES else None
    queries.count_try(work.connection, found.id, 0 if locked_until else tries, locked_until)
    return refusals.not_found()
