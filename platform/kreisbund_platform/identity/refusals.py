"""What every service answers alike: nothing there, or somebody else was faster."""

from kreisbund_platform.errors import Conflict, NotFound
from kreisbund_platform.texts import _


def not_found() -> NotFound:
    """The same answer for unreadable, foreign and unknown ids."""
    return NotFound("NOT_FOUND", _("Das gibt es nicht."))


def stale(current: int, expected: int) -> Conflict | None:
    """Whether somebody else changed the thing meanwhile."""
    if current == expected:
        return None
    return Conflict("STALE_VERSION", _("Das wurde inzwischen geändert."), current)
