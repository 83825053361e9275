"""How long a request's head may take to arrive, and how large it may be; bodies have `transport.body_of`.

The server reads heads as slowly as they come. Whoever opens a thousand connections and sends a byte a minute would
hold them all; a proxy before it helps only where there is one. The clock runs only for what has not come yet.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kreisbund_api.departure import Joining
from kreisbund_api.transport import ARRIVED

HEAD_SECONDS = 20.0
LARGEST_HEAD = 64 * 1024  # bytes; a token is 16 KiB at most


class PatientProtocol(HttpToolsProtocol):
    """Hangs up on who is too slow or too long before the head is complete."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._hang_up: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new connection: its first head is awaited."""
        super().connection_made(transport)
        self.transport = Joining(transport)  # type: ignore[assignment]
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Counts what comes before the head is complete."""
        if self._hang_up is not None:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD and not self._is_complete_in(data):
                self.transport.abort()
                return
        super().data_received(data)
        if self._in_head and self._hang_up is None:
            self._await_head()

    def _is_complete_in(self, data: bytes) -> bool:
        """The end of the head may come with much of the body behind it."""
        return b"\r\n\r\n" in data[: max(0, LARGEST_HEAD - (self._head_bytes - len(data)))]

    def on_message_begin(self) -> None:
        """Another request on the same connection."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head = False
        self._forget()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body, too."""
        self.scope[ARRIVED] = True  # type: ignore[literal-required]
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._forget()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._hang_up = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._too_slow)

    def _too_slow(self) -> None:
        self._hang_up = None
        self.transport.abort()

    def _forget(self) -> None:
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None
