"""Keys that nobody announced: whoever slips a key into a realm can sign as everybody there, so it must be noticed.

The token is accepted, since a forgotten announcement must not lock a county out; the alarm is in the log at once, on
the operations page, and in `tenants check` until somebody announces the key or removes it.
"""

import logging
import threading
from collections.abc import Callable

from kreisbund_platform import telemetry
from kreisbund_platform.clock import Clock
from kreisbund_platform.database.session import DatabaseUnavailableError
from kreisbund_platform.tenancy.connections import Connections

Alarm = Callable[[str, str], None]  # issuer, key id


class KeyAlarms:
    """Raises each alarm once per process. Thread-safe."""

    def __init__(self, connections: Connections, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock
        self._raised: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def __call__(self, issuer: str, kid: str) -> None:
        """A valid token of this issuer was signed by this key, which its record does not announce."""
        with self._lock:
            if (issuer, kid) in self._raised:
                return
            self._raised.add((issuer, kid))
        telemetry.log("unannounced_key", level=logging.ERROR, issuer=issuer, kid=kid)
        try:
            with self._connections.for_workspace("registry") as connection:
                connection.execute(
                    "INSERT INTO shared.key_alarm (issuer, kid, first_seen_at) VALUES (%s, %s, %s)"
                    " ON CONFLICT DO NOTHING",
                    (issuer, kid, self._clock.now()),
                )
        except DatabaseUnavailableError:
            with self._lock:
                self._raised.discard((issuer, kid))  # the next token tries again
