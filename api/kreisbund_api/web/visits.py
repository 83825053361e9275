"""One request for a page: who visits which area of which county, and how it is answered.

Handlers are `async def page(visit: Visit) -> Response`; what they may not show ends in `PageRefusedError`, which
becomes a German page. Foreign and unknown look alike: 404.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.to_thread import run_sync
from fastapi import FastAPI
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kreisbund_api import session
from kreisbund_api.services import Services
from kreisbund_api.transport import ARRIVAL_SECONDS, RefusedError
from kreisbund_api.turns import lane_of
from kreisbund_api.web import assets, kept, rendering
from kreisbund_platform import telemetry
from kreisbund_platform.database.session import DatabaseUnavailableError
from kreisbund_platform.identity.freshness import FRESH_LOGIN_REQUIRED
from kreisbund_platform.identity.issuer_keys import IssuerUnavailable
from kreisbund_platform.identity.kept_forms import KeptForm
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.rights.four_eyes import SECOND_PERSON_NEEDED
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import IssuerEntry
from kreisbund_platform.texts import _

# what a form of ours may carry: long applications, a few files
MOST_FIELDS, MOST_FILES = 5_000, 20
MOST_BYTES = 21 * 1024 * 1024
STATUS_OF_CODE = {"FORBIDDEN": 403, "BAD_USER_INPUT": 400, "UNAVAILABLE": 503, "RATE_LIMITED": 429}


class PageRefusedError(Exception):
    """The page is not shown; `status` says which German page stands for it."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers: dict[str, str] = {}


class LoginNeededError(Exception):
    """The visitor may be entitled, but nobody is logged in."""


class SecondPersonNeededError(Exception):
    """The change stands as a proposal until a second person confirms it."""


class FreshLoginNeededError(Exception):
    """The visitor may do this, but has to prove first that it is still them."""


@dataclass
class Visit:
    """A visitor at a page. `county` is None in studio, state and operations; `form` is filled for a POST."""

    request: Request
    services: Services
    area: str
    county: TenantContext | None
    realm: str | None
    principal: Principal | None
    csrf_token: str
    form: FormData = field(default_factory=FormData)

    @property
    def home(self) -> str:
        """The area's first page."""
        if self.area == "start":
            return "/"
        return f"/{self.area}/{self.county.slug}/" if self.county else f"/{self.area}/"

    @property
    def login_address(self) -> str:
        """Where this area's people log in and come back to this page."""
        path = self.request.url.path if self.request.method == "GET" else self.home
        county = self.county.slug if self.county else None
        return session.login_address(county=county, workspace=self.area, next_path=path)

    @property
    def is_suspended(self) -> bool:
        """Whether the county takes no applications and no work at the moment."""
        return self.county is not None and self.county.status == "SUSPENDED"

    def roles(self) -> frozenset[str]:
        """The visitor's roles; none for a guest."""
        return frozenset(self.principal.roles) if self.principal else frozenset()

    def sent(self, name: str, default: str = "") -> str:
        """One text of the form."""
        value = self.form.get(name, default)
        return value if isinstance(value, str) else default

    def number(self, name: str, missing: int | None = None) -> int | None:
        """A whole number of the form, of at most nine digits; None where it holds anything else."""
        if name not in self.form:
            return missing
        text = self.sent(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None

    def texts(self) -> dict[str, list[str]]:
        """All texts of the form by name, files left out."""
        found: dict[str, list[str]] = {}
        for name, value in self.form.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
        return found

    def files(self) -> list[tuple[str, UploadFile]]:
        """Chosen files by the name of their field."""
        items = self.form.multi_items()
        return [(name, file) for name, file in items if isinstance(file, UploadFile) and file.filename]


async def ask(visit: Visit, name: str, **variables: Any) -> dict[str, Any]:
    """Runs the page's document `<area>/<name>.graphql`; a field's refusal ends in a page that says so."""
    return await _asked(visit, name, variables, changes=False)


async def _asked(visit: Visit, name: str, variables: Mapping[str, Any], *, changes: bool) -> dict[str, Any]:
    document = rendering.document(visit.area, name)
    answer = await visit.services.turns.run(
        lane_of(visit.principal, visit.county),
        visit.services.execute,
        visit.principal,
        visit.county,
        document,
        variables,
        changes=changes,
    )
    if answer.errors or answer.data is None:
        code = str(answer.errors[0].get("extensions", {}).get("code")) if answer.errors else ""
        if code == "UNAUTHENTICATED" or (code == "FORBIDDEN" and visit.principal is None):
            raise LoginNeededError
        raise PageRefusedError(STATUS_OF_CODE.get(code, 500))
    return answer.data


async def change(visit: Visit, name: str, **values: Any) -> dict[str, Any]:
    """Runs a mutation's document and answers its union member; the key comes from the form, so a resend is safe."""
    key = visit.sent("idempotency_key") or secrets.token_urlsafe(18)
    data = await _asked(visit, name, {"input": {**values, "idempotencyKey": key}}, changes=True)
    result: dict[str, Any] = next(iter(data.values()))
    if result["__typename"] == "NotFound":
        raise PageRefusedError(404)
    if result["__typename"] == "Forbidden":
        if result["code"] == FRESH_LOGIN_REQUIRED:
            raise FreshLoginNeededError
        if result["code"] == SECOND_PERSON_NEEDED and visit.area == "desk":
            raise SecondPersonNeededError
        if visit.principal is None and not visit.is_suspended:
            raise LoginNeededError
        raise PageRefusedError(403)
    return result


def show(visit: Visit, page: str, status: int = 200, /, **values: Any) -> Response:
    """The HTML page `<area>/<page>.html` for this visit."""
    common = {
        "visit": visit,
        "asset": assets.address(visit.services.settings.home),
        "fresh_key": secrets.token_urlsafe(18),
        "errors": {},
        "problem": None,
    }
    return HTMLResponse(rendering.html(page, common | values), status, {"Cache-Control": "no-store"})


def errors_of(result: Mapping[str, Any]) -> dict[str, str]:
    """What a refused change says of single fields: path → message."""
    return {error["path"]: error["message"] for error in result.get("fieldErrors", ())}


def go(address: str) -> Response:
    """To another page after a change; a reload then repeats nothing."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """A page's address (below its area), its handler, and whether only people logged in see it."""

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("GET",)
    login: bool = False


def install_pages(app: FastAPI, services: Services, area: str, pages: tuple[Page, ...], of_county: bool) -> None:
    """Adds an area's pages; those of a county carry its slug."""
    prefix = f"/{area}/{{slug}}" if of_county else f"/{area}"
    for page in pages:
        methods = [*page.methods, "HEAD"] if "GET" in page.methods else list(page.methods)
        app.add_route(prefix + page.path, _endpoint(services, area, page, of_county), methods, include_in_schema=False)


def _endpoint(services: Services, area: str, page: Page, of_county: bool) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        visit = Visit(request, services, area, None, None, None, "")
        try:
            return await _answer(visit, page, of_county)
        except FreshLoginNeededError:
            return go(await run_sync(_fresh_login_address, visit))
        except SecondPersonNeededError:
            return go(f"{visit.home}approvals")
        except (PageRefusedError, RefusedError) as refused:
            return refusal(visit, refused.status, refused.headers)
        except (IssuerUnavailable, DatabaseUnavailableError):
            return refusal(visit, 503)
        except Exception as surprise:
            telemetry.log("page_surprise", problem=surprise)
            return refusal(visit, 500)

    return endpoint


async def _answer(visit: Visit, page: Page, of_county: bool) -> Response:
    try:
        await _enter(visit, of_county)
        visit.services.quotas.count(visit.principal, visit.county)
        if page.login and visit.principal is None:
            raise LoginNeededError
        if visit.request.method == "POST":
            await _receive(visit)
        return await page.handler(visit)
    except LoginNeededError:
        if page.path != "/" and await session.is_logged_in_anywhere(visit.request):
            # somebody of another county or office: as little as for a page that never was
            return refusal(visit, 404)
        return go(visit.login_address)


async def _enter(visit: Visit, of_county: bool) -> None:
    """Finds the county of the address and the person of its realm."""
    slug = visit.request.path_params.get("slug") if of_county else None
    registry = visit.services.registry
    visit.county = await run_sync(registry.by_slug, slug) if slug else None
    if of_county and (visit.county is None or visit.county.status not in ("ACTIVE", "SUSPENDED")):
        visit.county = None
        raise PageRefusedError(404)
    entry = await run_sync(entry_of, visit)
    if entry:
        visit.realm = entry.realm
        visit.principal = await session.current(visit.request, entry.realm)
        visit.csrf_token = await session.csrf_token(visit.request, entry.realm)


def entry_of(visit: Visit) -> IssuerEntry | None:
    """The realm whose people come to this page."""
    where = {"county": visit.county.slug} if visit.county else {"workspace": visit.area}
    return session.realm_of(visit.services.registry, **where)


def _fresh_login_address(visit: Visit) -> str:
    """Where the visitor logs in again, and then finds what they sent."""
    entry, person = entry_of(visit), visit.principal
    assert entry is not None, "somebody is logged in"
    assert person is not None, "somebody is logged in"
    texts = [(name, text) for name, text in visit.form.multi_items() if isinstance(text, str)]
    fields = [(name, text) for name, text in texts if name != session.CSRF_FIELD]
    form_id = kept.keep(visit.services, entry, person, KeptForm(visit.request.url.path, fields))
    next_path = f"{visit.home}continue/{form_id}" if form_id else visit.home
    county = visit.county.slug if visit.county else None
    return session.login_address(county=county, workspace=visit.area, next_path=next_path, anew=True)


async def _receive(visit: Visit) -> None:
    """Reads the form, but only one of our own pages': another origin is refused before anything is looked at."""
    if not session.same_origin(visit.request, visit.services.settings):
        raise PageRefusedError(403)
    length = visit.request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise PageRefusedError(413)
    try:
        with anyio.fail_after(ARRIVAL_SECONDS):
            visit.form = await visit.request.form(max_fields=MOST_FIELDS, max_files=MOST_FILES, max_part_size=2_000_000)
    except TimeoutError as error:
        raise PageRefusedError(408) from error
    except MultiPartException as error:
        raise PageRefusedError(400) from error
    if visit.realm and not await session.check_post(visit.request, visit.realm, visit.sent(session.CSRF_FIELD)):
        raise PageRefusedError(403)


def refusal(visit: Visit, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The German page for a refusal."""
    titles: Mapping[int, tuple[str, str]] = {
        400: (_("Diese Eingabe ist nicht lesbar"), _("Bitte gehen Sie zurück und versuchen Sie es noch einmal.")),
        403: (_("Kein Zugriff"), _("Mit Ihrem Konto oder von dieser Adresse aus ist diese Seite nicht zugänglich.")),
        404: (_("Seite nicht gefunden"), _("Diese Seite gibt es nicht oder sie ist nicht für Sie bestimmt.")),
        408: (_("Die Eingabe kam nicht an"), _("Die Verbindung war zu langsam. Bitte versuchen Sie es noch einmal.")),
        413: (_("Zu große Eingabe"), _("Dateien dürfen zusammen höchstens 20 MB groß sein.")),
        429: (_("Zu viele Anfragen"), _("Bitte warten Sie einen Augenblick und versuchen Sie es dann noch einmal.")),
        503: (_("Zurzeit nicht erreichbar"), _("Bitte versuchen Sie es in wenigen Minuten noch einmal.")),
    }
    failed = (_("Das hat nicht funktioniert"), _("Der Fehler ist aufgezeichnet. Bitte versuchen Sie es noch einmal."))
    title, text = titles.get(status, failed)
    if status == 403 and visit.is_suspended:
        title, text = _("Zurzeit nicht möglich"), _("Der Landkreis nimmt zurzeit keine Eingaben an.")
    answer = show(visit, "refusal.html", status, title=title, text=text)
    answer.headers.update(headers or {})
    return answer
