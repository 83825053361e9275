"""What an error of database or disk means to a caller, so that no layer above needs the driver's classes."""

import errno
from enum import Enum

import psycopg
from psycopg import errors

from kreisbund_platform.database.session import DatabaseUnavailableError

# full, over its quota or limit, broken, read-only since it broke, or closed to us
DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)


class Failure(Enum):
    """UNAVAILABLE: try again later; TOO_LONG: the statement's own time is over; SURPRISE: a fault of ours."""

    UNAVAILABLE = "unavailable"
    TOO_LONG = "too_long"
    SURPRISE = "surprise"


def classify(problem: BaseException) -> Failure:
    """What kind of failure an exception is."""
    if isinstance(problem, errors.QueryCanceled):
        return Failure.TOO_LONG
    if is_disk_trouble(problem):
        return Failure.UNAVAILABLE
    away = (DatabaseUnavailableError, psycopg.OperationalError, psycopg.InterfaceError)
    return Failure.UNAVAILABLE if isinstance(problem, away) else Failure.SURPRISE


def is_disk_trouble(problem: BaseException) -> bool:
    """Whether a file could not be written or read for want of space or of a disk that works."""
    return isinstance(problem, OSError) and problem.errno in DISK_TROUBLE
