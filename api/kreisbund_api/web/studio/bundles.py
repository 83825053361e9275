"""Templates as one file: a version to take away, a file from elsewhere to begin a draft with."""

from uuid import UUID

from anyio.to_thread import run_sync
from starlette.responses import Response

from kreisbund_api.web.studio import drafts
from kreisbund_api.web.visits import Page, PageRefusedError, Visit, ask, change, go
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import bundles
from kreisbund_platform.templates.life_cycle import contents, exchange
from kreisbund_platform.texts import _

MEDIA_TYPE = "application/zip"


async def download(visit: Visit) -> Response:
    """The file of a version; who may read the version may take it."""
    found = (await ask(visit, "bundle", id=visit.request.path_params["id"]))["node"]
    if not found or "number" not in found:
        raise PageRefusedError(404)
    content = await run_sync(_content, visit, UUID(found["id"]))
    if content is None:
        raise PageRefusedError(404)
    name = f"{found['template']['slug']}-{found['number']}.kbt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


def _content(visit: Visit, version_id: UUID) -> bytes | None:
    with visit.services.connections.for_workspace("catalogue") as connection:
        return exchange.file_of(connection, version_id)


async def begin(visit: Visit) -> Response:
    """Begins a draft with a file from another deployment; its author is believed nothing."""
    sent = [file for name, file in visit.files() if name == "file"]
    if not sent:
        return await _again(visit, "", _("Bitte wählen Sie eine Datei."))
    source = await run_sync(bundles.read, await sent[0].read())
    if isinstance(source, Invalid):
        problem = source.field_errors[0]
        return await _again(visit, source.message, f"{problem.path} {problem.message}".strip())
    topic = source.manifest.get("topic")
    order = {
        "slug": str(source.manifest.get("slug", "")),
        "topic": str(topic.get("slug", "")) if isinstance(topic, dict) else "",
        "files": contents.files_of(source),
    }
    result = await change(visit, "create_draft", **order)
    if result["__typename"] == "DraftSuccess":
        return go(f"/studio/drafts/{result['draft']['id']}")
    texts = [error["message"] for error in result.get("fieldErrors", ())]
    return await _again(visit, result["message"], " ".join(texts) or result["message"])


async def _again(visit: Visit, problem: str, message: str) -> Response:
    return await drafts.new(visit, {"file": message}, problem or None)


PAGES = (
    Page("/versions/{id}/file", download, login=True),
    Page("/bundles", begin, ("POST",), login=True),
)
