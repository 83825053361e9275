"""The headers of every page: no scripts but our own, no frames, no other origin, no address given away."""

from collections.abc import Callable

from anyio.to_thread import run_sync
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kreisbund_platform.database.session import DatabaseUnavailableError

AREAS = ("/portal", "/desk", "/studio", "/state", "/operations", "/assets")
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'{issuers}"
)


class PageHeaders:
    """Sets the security headers on each answer that does not bring its own."""

    def __init__(self, app: ASGIApp, issuers: Callable[[], str]) -> None:
        self._app = app
        self._issuers = issuers
        self._policy = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through; answers of the pages leave with their headers."""
        if scope["type"] != "http" or not _is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        policy = await self._current_policy()

        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), policy)
            await send(message)

        await self._app(scope, receive, sender)

    async def _current_policy(self) -> str:
        """With the issuers' origins once they are known; a page that says the database is away needs none."""
        if not self._policy:
            try:
                self._policy = POLICY.format(issuers=await run_sync(self._issuers))
            except DatabaseUnavailableError:
                return POLICY.format(issuers="")
        return self._policy


def _add(headers: MutableHeaders, policy: str) -> None:
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")


def _is_page(path: str) -> bool:
    return path == "/" or path.startswith(AREAS)
