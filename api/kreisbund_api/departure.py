"""How answers leave: the server writes a head and its body one after the other, and both go out as one piece.

Two pieces are two system calls here, and the client is woken twice.
"""

import asyncio
from typing import Any


class Joining:
    """A connection's transport, as far as the server writes to it: of two pieces of one moment the first waits for the
    second. Never more than one is held back.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Leaves with the next piece, or when nothing more comes at this moment."""
        if self._held:
            self._held += data
            self._let_go()
        else:
            self._held = data
            self._call_soon(self._let_go)

    def close(self) -> None:
        """After what is held back."""
        self._let_go()
        self._transport.close()

    def _let_go(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
