"""The demo issuer: OpenID Connect below `/realms/{realm}/`, at the addresses that Keycloak uses.

Lives inside the API process, answers on the loopback interface only and is refused in production.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from anyio.to_thread import run_sync
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kreisbund_api.demo_login_page import HEADERS, LoginForms, refusal_page
from kreisbund_api.services import Services
from kreisbund_platform.clock import Clock
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_platform.texts import _
from kreisbund_tenants.demo.grants import AuthorizationRequest, DemoGrants, GrantRefused, authorization_request
from kreisbund_tenants.demo.issuer_keys import signing_key
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.demo.realms import DemoRealm, issuer_of, realm_named, refuse_outside_demo

LARGEST_FORM_BYTES = 32 * 1024
NOT_STORED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def install(app: Starlette, services: Services, host: str = "127.0.0.1") -> None:
    """Adds the issuer to the application that listens on `host`; ends the process outside a demonstration."""
    refuse_outside_demo(services.settings, host)
    app.router.routes.extend(DemoIssuer(services.settings, services.registry, services.clock).routes())


class DemoIssuer:
    """The issuer's endpoints. All realms that the registry knows exist at once."""

    def __init__(self, settings: Settings, registry: Registry, clock: Clock) -> None:
        self._settings = settings
        self._registry = registry
        self._grants = DemoGrants(settings, registry, clock)
        self._forms = LoginForms()

    def routes(self) -> list[Route]:
        """The addresses, Keycloak's."""
        protocol = "/realms/{realm}/protocol/openid-connect"
        return [
            Route("/realms/{realm}/.well-known/openid-configuration", self.discovery),
            Route(f"{protocol}/certs", self.certs),
            Route(f"{protocol}/auth", self.login_page, methods=["GET"]),
            Route(f"{protocol}/auth", self.login, methods=["POST"]),
            Route(f"{protocol}/token", self.token, methods=["POST"]),
            Route(f"{protocol}/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route(f"{protocol}/logout", self.logout, methods=["GET", "POST"]),
        ]

    async def discovery(self, request: Request) -> Response:
        """OpenID Connect Discovery 1.0."""
        realm = await self._realm(request)
        return _no_realm() if realm is None else JSONResponse(_configuration(issuer_of(self._settings, realm.name)))

    async def certs(self, request: Request) -> Response:
        """The realm's public key as a JWK set (RFC 7517)."""
        realm = await self._realm(request)
        if realm is None:
            return _no_realm()
        key = await run_sync(signing_key, self._settings, realm.name)
        return JSONResponse(KeySet([key]).as_dict(private=False))

    async def login_page(self, request: Request) -> Response:
        """The form for a login that a client asked for."""
        asked = await self._asked(request)
        if isinstance(asked, Response):
            return asked
        realm, _request = asked
        return self._forms.page(request, realm, await run_sync(self._grants.people, realm.name))

    async def login(self, request: Request) -> Response:
        """The form sent: back to the client with a code, or the page again with what was wrong."""
        asked = await self._asked(request)
        if isinstance(asked, Response):
            return asked
        realm, login = asked
        form = await _form(request)
        if not self._forms.holds(request, form.get("login_token", "")):
            return await self._again(request, realm, _("Die Seite war veraltet. Bitte melden Sie sich noch einmal an."))
        try:
            person = await run_sync(self._person, realm.name, form)
        except GrantRefused as refusal:
            return await self._again(request, realm, _login_problem(refusal), form.get("username", ""), refusal.status)
        return self._back(person, login)

    async def token(self, request: Request) -> Response:
        """Tokens for a code, a password or a refresh token."""
        realm = await self._realm(request)
        if realm is None:
            return _no_realm()
        form = await _form(request)
        try:
            return JSONResponse(await run_sync(self._grants.tokens, realm.name, form), headers=NOT_STORED)
        except GrantRefused as refusal:
            return _oauth_error(refusal)

    async def userinfo(self, request: Request) -> Response:
        """Who the bearer token is about."""
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _oauth_error(GrantRefused("invalid_token", "bearer token missing", 401))
        try:
            about = await run_sync(self._grants.userinfo, request.path_params["realm"], token)
        except GrantRefused:
            return _oauth_error(GrantRefused("invalid_token", "token not valid", 401))
        return JSONResponse(about, headers=NOT_STORED)

    async def logout(self, request: Request) -> Response:
        """Ends a login by its refresh token (POST); by address (RP-initiated) it only leads back: none is kept."""
        if await self._realm(request) is None:
            return _no_realm()
        form = await _form(request) if request.method == "POST" else {}
        if refresh_token := form.get("refresh_token"):
            try:
                await run_sync(self._grants.end, request.path_params["realm"], refresh_token)
            except GrantRefused as refusal:
                return _oauth_error(refusal)
            return Response(status_code=204)
        target = request.query_params.get("post_logout_redirect_uri", f"{self._settings.base_url}/")
        if urlsplit(target)[:2] != urlsplit(self._settings.base_url)[:2]:
            return refusal_page(_("Abmelden"), _("Die Adresse für die Rückkehr ist nicht bekannt."), 400)
        return RedirectResponse(target, 303, NOT_STORED)

    async def _realm(self, request: Request) -> DemoRealm | None:
        return await run_sync(realm_named, self._registry, request.path_params["realm"])

    async def _asked(self, request: Request) -> tuple[DemoRealm, AuthorizationRequest] | Response:
        realm = await self._realm(request)
        if realm is None:
            return _no_realm_page()
        try:
            return realm, authorization_request(self._settings, request.query_params)
        except GrantRefused:
            problem = _("Diese Anmeldung wurde nicht richtig angefordert. Bitte beginnen Sie von vorn.")
            return refusal_page(_("Anmelden nicht möglich"), problem, 400)

    async def _again(
        self, request: Request, realm: DemoRealm, problem: str, username: str = "", status: int = 403
    ) -> Response:
        people = await run_sync(self._grants.people, realm.name)
        return self._forms.page(request, realm, people, problem=problem, username=username, status=status)

    def _person(self, realm: str, form: Mapping[str, str]) -> DemoPerson:
        if chosen := form.get("demo_person"):
            return self._grants.person(realm, chosen)
        return self._grants.by_password(realm, form.get("username", ""), form.get("password", ""))

    def _back(self, person: DemoPerson, login: AuthorizationRequest) -> Response:
        code = self._grants.code_for(person, login)
        answer = {"code": code, "state": login.state, "iss": issuer_of(self._settings, person.realm)}
        return RedirectResponse(f"{login.redirect_uri}?{urlencode(answer)}", 303, HEADERS)


def _configuration(issuer: str) -> dict[str, Any]:
    protocol = f"{issuer}/protocol/openid-connect"
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{protocol}/auth",
        "token_endpoint": f"{protocol}/token",
        "jwks_uri": f"{protocol}/certs",
        "userinfo_endpoint": f"{protocol}/userinfo",
        "end_session_endpoint": f"{protocol}/logout",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "password", "refresh_token"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "profile"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


async def _form(request: Request) -> dict[str, str]:
    """The urlencoded form; a large or unreadable one counts as empty."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM_BYTES:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _login_problem(refusal: GrantRefused) -> str:
    if refusal.status == 429:
        return _("Zu viele falsche Passwörter. Bitte warten Sie eine Minute.")
    return _("Benutzername oder Passwort stimmen nicht.")


def _oauth_error(refusal: GrantRefused) -> JSONResponse:
    """RFC 6749 section 5.2."""
    headers = dict(NOT_STORED)
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    body = {"error": refusal.error, "error_description": refusal.description}
    return JSONResponse(body, refusal.status, headers)


def _no_realm() -> JSONResponse:
    return JSONResponse({"error": "Realm does not exist"}, 404, NOT_STORED)


def _no_realm_page() -> Response:
    return refusal_page(_("Anmelden nicht möglich"), _("Diesen Bereich gibt es nicht."), 404)
