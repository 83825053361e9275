"""The pages' login: authorization code flow with PKCE, and a session whose tokens never reach the browser.

One session per realm (cookie `kreisbund_session_<realm>`): a tester can be citizen in one county and caseworker
in another at once, but only one person within a realm. All blocking work runs in threads, because in the demo the
issuer that answers lives in this very process.
"""

import hmac
from collections.abc import Mapping
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from kreisbund_api.oidc_login import LOGIN_LASTS_SECONDS, LoginFailed, OidcLogin, PendingLogin
from kreisbund_api.services import Services
from kreisbund_api.transport import RefusedError, body_of
from kreisbund_platform.identity.issuer_keys import IssuerUnavailable
from kreisbund_platform.identity.outgoing import issuer_egress
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.identity.sessions import LASTS_AT_MOST, WebSession
from kreisbund_platform.identity.tokens import LONGEST_TOKEN, TokenRefused
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.registry import IssuerEntry, Registry
from kreisbund_platform.texts import _

SESSION_COOKIE = "kreisbund_session_"
LOGIN_COOKIE = "kreisbund_login_"
CSRF_FIELD = "csrf_token"
# workspaces that no county owns, and the kind of realm whose people work there
WORKSPACES = {"studio": "SERVICE_TEAM", "state": "STATE", "operations": "OPERATIONS"}
LARGEST_NOTICE_BYTES = 2 * LONGEST_TOKEN
NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}

Session = tuple[WebSession, Principal]


def install(app: Starlette, services: Services) -> None:
    """Adds `/session/…` and makes the functions of this module work for requests to `app`."""
    egress = issuer_egress(services.settings, services.registry)
    login = OidcLogin(services.settings, services.connections, services.tokens, services.clock, egress)
    pages = PageSessions(services.settings, services.registry, login)
    app.state.page_sessions = pages
    app.router.routes.extend(pages.routes())


async def current(request: Request, realm: str) -> Principal | None:
    """Who is logged in to this realm in this browser. Raises IssuerUnavailable (answer 503)."""
    session = await _sessions(request).session(request, realm)
    return session[1] if session else None


async def is_logged_in_anywhere(request: Request) -> bool:
    """Whether this browser holds a living session of any realm."""
    realms = [name.removeprefix(SESSION_COOKIE) for name in request.cookies if name.startswith(SESSION_COOKIE)]
    for realm in realms:
        if await current(request, realm) is not None:
            return True
    return False


async def csrf_token(request: Request, realm: str) -> str:
    """The value of the hidden field `csrf_token` in each form; empty for a guest, who has nothing to protect."""
    session = await _sessions(request).session(request, realm)
    return session[0].csrf_token if session else ""


async def check_post(request: Request, realm: str, submitted: str | None) -> bool:
    """Whether a POST comes from our own page: same origin and, with a session, the session's own token.

    Call it before anything is read from the form but `csrf_token`; answer 403 where it says no.
    """
    if not same_origin(request, _sessions(request).settings):
        return False
    token = await csrf_token(request, realm)
    return not token or hmac.compare_digest(token.encode(), (submitted or "").encode("utf-8", "replace"))


def login_address(
    *, county: str | None = None, workspace: str | None = None, next_path: str, anew: bool = False
) -> str:
    """Where to log in to a county, or to `studio`, `state`, `operations`, and then go on to `next_path`.

    `anew`: even who is logged in proves again who they are.
    """
    where = {"county": county} if county else {"workspace": workspace or ""}
    how = {"anew": "1"} if anew else {}
    return f"/session/login?{urlencode({**where, 'next': next_path, **how}, safe='/')}"


def realm_of(registry: Registry, *, county: str | None = None, workspace: str | None = None) -> IssuerEntry | None:
    """The issuer of a county by its slug, or of a workspace; `.realm` is what the functions above take."""
    tenant = registry.by_slug(county) if county else None
    kind = WORKSPACES.get(workspace or "")
    for entry in registry.issuers():
        if (tenant and entry.tenant and entry.tenant.id == tenant.id) or (kind and not county and entry.kind == kind):
            return entry
    return None


def same_origin(request: Request, settings: Settings) -> bool:
    """False where the browser names another origin. `null` counts only with `Sec-Fetch-Site: same-origin`.

    A request without Origin, Referer and Sec-Fetch-Site comes from no browser; the session's token protects it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin == "null" and site == "same-origin":
        return True
    named = origin or request.headers.get("referer")
    own = {urlsplit(settings.base_url)[:2], (request.url.scheme, request.headers.get("host", ""))}
    return named is None or urlsplit(named)[:2] in own


def local_path(text: str) -> str | None:
    """The text if it is a path on this site and can be nothing else to any browser."""
    if not text.startswith("/") or text.startswith(("//", "/\\")) or len(text) > 2000:
        return None
    if "\\" in text or not text.isprintable() or " " in text:
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc else text


class PageSessions:
    """The endpoints below `/session`, and the sessions behind the cookies."""

    def __init__(self, settings: Settings, registry: Registry, login: OidcLogin) -> None:
        self.settings = settings
        self._registry = registry
        self._login = login

    def routes(self) -> list[Route]:
        """Login and callback by GET, as OpenID Connect has it; logout by POST alone."""
        return [
            Route("/session/login", self.begin, methods=["GET"]),
            Route("/session/callback", self.callback, methods=["GET"]),
            Route("/session/logout", self.logout, methods=["POST"]),
            Route("/session/backchannel-logout", self.backchannel_logout, methods=["POST"]),
        ]

    async def session(self, request: Request, realm: str) -> Session | None:
        """The session of this realm, found once per request."""
        found: dict[str, Session | None] = request.scope.setdefault("kreisbund_sessions", {})
        if realm not in found:
            cookie = request.cookies.get(SESSION_COOKIE + realm)
            entry = await run_sync(self._entry_of_realm, realm) if cookie else None
            found[realm] = await run_sync(self._login.session_of, cookie, entry) if cookie and entry else None
        return found[realm]

    async def begin(self, request: Request) -> Response:
        """Sends the browser to the issuer."""
        query = request.query_params
        next_path = local_path(query.get("next", "/"))
        if next_path is None:
            return _refused(_("Die Adresse, zu der es weitergehen soll, ist nicht zulässig."), 400)
        if self._is_other_host(request):
            return RedirectResponse(f"{self.settings.base_url}/session/login?{request.url.query}", 303, NO_STORE)
        entry = await run_sync(self._entry_asked, query)
        if entry is None:
            return _refused(_("Diesen Bereich gibt es nicht."), 404)
        try:
            begin = partial(self._login.begin, entry, next_path, anew="anew" in query)
            address, pending = await run_sync(begin)
        except IssuerUnavailable:
            return _unavailable()
        answer = RedirectResponse(address, 303, NO_STORE)
        self._set(answer, LOGIN_COOKIE + pending.slot, self._login.sealed(pending), "/session", LOGIN_LASTS_SECONDS)
        return answer

    async def callback(self, request: Request) -> Response:
        """The issuer sends the browser back: a new session under a new id, whatever the browser held before."""
        query = request.query_params
        slot = PendingLogin.slot_of(query.get("state", ""))
        sealed = request.cookies.get(LOGIN_COOKIE + slot, "")
        try:
            pending, session_id = await run_sync(self._login.finish, sealed, dict(query))
        except LoginFailed as failure:
            if str(failure) == "BLOCKED":
                return _refused(_("Ihr Konto ist gesperrt. Bitte wenden Sie sich an Ihren Landkreis."), 403)
            return _refused(_("Die Anmeldung ist nicht gelungen. Bitte beginnen Sie von vorn."), 400)
        except IssuerUnavailable:
            return _unavailable()
        if earlier := request.cookies.get(SESSION_COOKIE + pending.realm):
            await run_sync(self._login.close, earlier)
        answer = RedirectResponse(pending.next_path, 303, NO_STORE)
        self._set(answer, SESSION_COOKIE + pending.realm, session_id, "/", int(LASTS_AT_MOST.total_seconds()))
        answer.delete_cookie(LOGIN_COOKIE + slot, path="/session")
        return answer

    async def logout(self, request: Request) -> Response:
        """Ends the session here and at the issuer. Form: `realm`, `csrf_token`."""
        form = await request.form()
        realm, token = str(form.get("realm", "")), str(form.get(CSRF_FIELD, ""))
        try:
            session = await self.session(request, realm)
        except IssuerUnavailable:
            return _unavailable()
        if session is None:
            return RedirectResponse("/", 303, NO_STORE) if same_origin(request, self.settings) else _foreign_post()
        if not await check_post(request, realm, token):
            return _foreign_post()
        answer = RedirectResponse(await run_sync(self._login.end, session[0]), 303, NO_STORE)
        answer.delete_cookie(SESSION_COOKIE + realm, path="/")
        return answer

    async def backchannel_logout(self, request: Request) -> Response:
        """The issuer itself ends logins (OpenID Connect Back-Channel Logout 1.0): 200, or 400 for a bad token."""
        token = await _logout_token(request)
        try:
            await run_sync(self._login.end_by_notice, token)
        except TokenRefused:
            return JSONResponse({"error": "invalid_request"}, 400, NO_STORE)
        except IssuerUnavailable:
            return _unavailable()
        return Response(status_code=200, headers=NO_STORE)

    def _entry_of_realm(self, realm: str) -> IssuerEntry | None:
        return next((entry for entry in self._registry.issuers() if entry.realm == realm), None)

    def _entry_asked(self, query: Mapping[str, str]) -> IssuerEntry | None:
        return realm_of(self._registry, county=query.get("county"), workspace=query.get("workspace"))

    def _is_other_host(self, request: Request) -> bool:
        """Whether a tester came as `localhost`: the cookies must lie where the issuer leads back to."""
        return self.settings.demo and request.headers.get("host") != urlsplit(self.settings.base_url).netloc

    def _set(self, answer: Response, name: str, value: str, path: str, seconds: int) -> None:
        secure = self.settings.base_url.startswith("https:")
        answer.set_cookie(name, value, seconds, path=path, secure=secure, httponly=True, samesite="lax")


async def _logout_token(request: Request) -> str:
    """The form's `logout_token`; empty where the body is too large for one, dawdles, or is no form."""
    try:
        body = await body_of(request, LARGEST_NOTICE_BYTES)
    except RefusedError:
        return ""
    return dict(parse_qsl(body.decode("utf-8", "replace"))).get("logout_token", "")


def _sessions(request: Request) -> PageSessions:
    sessions: PageSessions = request.app.state.page_sessions
    return sessions


def _refused(text: str, status: int) -> Response:
    return PlainTextResponse(text, status, NO_STORE)


def _foreign_post() -> Response:
    return _refused(_("Die Eingabe kam nicht von dieser Seite."), 403)


def _unavailable() -> Response:
    return _refused(_("Die Anmeldung ist zurzeit nicht erreichbar. Bitte versuchen Sie es gleich noch einmal."), 503)
