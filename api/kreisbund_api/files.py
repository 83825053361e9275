"""GET /documents/{id} and POST /uploads: bytes in and out, for bearer tokens and for the pages' sessions.

Downloading a notice is the one GET with legal effect, so HEAD, ranges and prefetches do not count as one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from fastapi import FastAPI
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from kreisbund_api import session
from kreisbund_api.graphql.execution import Executor
from kreisbund_api.graphql.refusals import Code
from kreisbund_api.services import Services
from kreisbund_api.transport import RefusedError, bearer, body_of, json_response, unauthenticated
from kreisbund_api.turns import lane_of
from kreisbund_platform.database.idempotency import in_transaction
from kreisbund_platform.documents import downloads, uploads
from kreisbund_platform.documents.downloads import StoredFile
from kreisbund_platform.errors import Conflict, Invalid, NotFound
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.texts import _

LARGEST_UPLOAD = 20 * 1024 * 1024
MULTIPART_MARGIN = 64 * 1024
ENDINGS = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


@dataclass(frozen=True)
class Files:
    """The two routes of one process."""

    services: Services
    executor: Executor

    async def download(self, request: Request) -> Response:
        """The file as an attachment; foreign and unknown ids are one 404, what is in quarantine is a 409."""
        counts = _counts_as_retrieval(request)
        for principal in await self._candidates(request):
            work = partial(self._open, principal, request.path_params["document_id"], counts)
            found = await self.services.turns.run(lane_of(principal), work)
            if isinstance(found, StoredFile):
                return _attachment(found)
            if isinstance(found, Conflict):
                raise RefusedError(Code.BAD_USER_INPUT, found.message, 409, reason=found.code)
        raise RefusedError(Code.BAD_USER_INPUT, _("Das gibt es nicht."), 404, reason="NOT_FOUND")

    async def upload(self, request: Request) -> Response:
        """One file of a multipart body; answers its id, and whether a scanner has called it clean already."""
        principal = await bearer(request, self.services.tokens, self.services.turns.threads)
        await self.services.turns.admit(lane_of(principal), partial(self.services.quotas.count, principal))
        if principal.tenant is None:
            raise RefusedError(Code.FORBIDDEN, _("Dazu fehlt Ihnen die Berechtigung."))
        name, content = await _one_file(request)
        received = await self.services.turns.run(lane_of(principal), self._receive, principal, name, content)
        if isinstance(received, Invalid):
            raise RefusedError(Code.BAD_USER_INPUT, received.message, 422, reason=received.code)
        return json_response({"id": str(received.id), "scanState": received.scan_state}, 201)

    async def _candidates(self, request: Request) -> list[Principal]:
        """The bearer, or whoever is logged in to a county's pages in this browser. Raises RefusedError 401."""
        if "authorization" in request.headers:
            people: list[Principal | None] = [await bearer(request, self.services.tokens, self.services.turns.threads)]
            self.services.quotas.count(people[0])
        else:
            prefix = session.SESSION_COOKIE
            realms = [name.removeprefix(prefix) for name in request.cookies if name.startswith(prefix)]
            people = [await session.current(request, realm) for realm in realms[:20]]
        found = [person for person in people if person is not None]
        if not found:
            raise unauthenticated()
        return [person for person in found if person.tenant is not None]

    def _open(self, principal: Principal, document_id: str, counts: bool) -> StoredFile | Conflict | NotFound:
        with self.executor.operation(principal) as operation:
            work = operation.work
            return in_transaction(
                work.connection, lambda: downloads.open_document(work, document_id, counts_as_retrieval=counts)
            )

    def _receive(self, principal: Principal, name: str, content: bytes) -> uploads.UploadReceived | Invalid:
        examined = uploads.examine(self.services.settings, self.services.scanner, content)
        if isinstance(examined, Invalid):
            return examined
        with self.executor.operation(principal) as operation:
            work = operation.work
            return in_transaction(work.connection, lambda: uploads.receive(work, name, examined))


def _counts_as_retrieval(request: Request) -> bool:
    purposes = f"{request.headers.get('purpose', '')},{request.headers.get('sec-purpose', '')}".lower()
    return request.method == "GET" and "range" not in request.headers and "prefetch" not in purposes


def _attachment(found: StoredFile) -> Response:
    ending = ENDINGS.get(found.media_type, "")
    name = found.title if found.title.lower().endswith(ending) else found.title + ending
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(found.content, 200, headers, found.media_type)


async def _one_file(request: Request) -> tuple[str, bytes]:
    """Name and bytes of the one file sent. Raises RefusedError with a `reason`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        raise RefusedError(Code.BAD_USER_INPUT, _("Erwartet wird multipart/form-data."), 415, reason="NOT_MULTIPART")
    body = await body_of(request, LARGEST_UPLOAD + MULTIPART_MARGIN)
    async with _form(request, body) as form:
        files = [value for _name, value in form.multi_items() if isinstance(value, UploadFile)]
        if len(files) != 1:
            raise RefusedError(Code.BAD_USER_INPUT, _("Bitte senden Sie genau eine Datei."), reason="ONE_FILE")
        content = await files[0].read()
    if len(content) > LARGEST_UPLOAD:
        raise RefusedError(Code.BAD_USER_INPUT, _("Die Datei ist größer als 20 MB."), 413, reason="TOO_LARGE")
    return files[0].filename or "", content


@asynccontextmanager
async def _form(request: Request, body: bytes) -> AsyncIterator[FormData]:
    """The multipart body, closed afterwards. Starlette refuses a broken one by an HTTPException inside an app."""
    read = Request({**request.scope, "app": None}, _replay(body))
    try:
        form = await read.form(max_files=2, max_fields=20)
    except (HTTPException, MultiPartException, ValueError, KeyError):
        text = _("Die Datei kam nicht lesbar an.")
        raise RefusedError(Code.BAD_USER_INPUT, text, reason="BAD_MULTIPART") from None
    try:
        yield form
    finally:
        await form.close()


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def install(app: FastAPI, services: Services, executor: Executor) -> None:
    """Adds both routes."""
    files = Files(services, executor)
    app.add_route("/documents/{document_id}", files.download, methods=["GET", "HEAD"])
    app.add_route("/uploads", files.upload, methods=["POST"])
