"""What a database error means to a caller, so that no layer above needs the driver's classes."""

from enum import Enum

import psycopg
from psycopg import errors

from kreisbund_platform.database.session import DatabaseUnavailableError


class Failure(Enum):
    """UNAVAILABLE: try again later; TOO_LONG: the statement's own time is over; SURPRISE: a fault of ours."""

    UNAVAILABLE = "unavailable"
    TOO_LONG = "too_long"
    SURPRISE = "surprise"


def classify(problem: BaseException) -> Failure:
    """What kind of failure an exception is."""
    if isinstance(problem, errors.QueryCanceled):
        return Failure.TOO_LONG
    away = (DatabaseUnavailableError, psycopg.OperationalError, psycopg.InterfaceError)
    return Failure.UNAVAILABLE if isinstance(problem, away) else Failure.SURPRISE
