"""The demo issuer's page: a form with user name and password, and the demo people to choose from."""

import hashlib
import hmac
import secrets
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from kreisbund_platform.identity.principals import Role
from kreisbund_platform.texts import _
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.demo.realms import DemoRealm

COOKIE = "kreisbund_demo_login"
STYLESHEET = "/assets/kreisbund.css"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # the address of the login carries its state: nothing of it may leave
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("demo_pages")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def role_titles() -> dict[Role, str]:
    """What a role is called in an office."""
    return {
        Role.CITIZEN: _("Bürgerin oder Bürger"),
        Role.CASEWORKER: _("Sachbearbeitung"),
        Role.TEAM_LEAD: _("Sachgebietsleitung"),
        Role.RECORDS_OFFICER: _("Registratur"),
        Role.TREASURER: _("Kämmerei"),
        Role.CASHIER: _("Kasse"),
        Role.COUNTY_ADMIN: _("Verwaltung der Plattform im Landkreis"),
        Role.DATA_PROTECTION_OFFICER: _("Datenschutz"),
        Role.TEMPLATE_AUTHOR: _("Prozessgestaltung"),
        Role.TOPIC_LEAD: _("Themenverantwortung"),
        Role.SERVICE_TEAM_LEAD: _("Leitung des Serviceteams"),
        Role.GRANTING_AUTHORITY: _("Bewilligungsbehörde"),
        Role.FUNDING_AUDITOR: _("Prüfung der Verwendung"),
        Role.OPERATOR: _("Betrieb"),
    }


class LoginForms:
    """Ties a form to the browser and the login it was made for, so that nobody logs another person in."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def token(self, browser: str, request: Request) -> str:
        """The form's token for this browser and this address, its query included."""
        bound = f"{browser}\n{request.url.path}\n{request.url.query}"
        return hmac.new(self._secret, bound.encode(), hashlib.sha256).hexdigest()

    def holds(self, request: Request, submitted: str) -> bool:
        """Whether the form came from this page in this browser."""
        browser = request.cookies.get(COOKIE, "")
        expected = self.token(browser, request)
        return bool(browser) and hmac.compare_digest(expected.encode(), submitted.encode("utf-8", "replace"))

    def page(
        self,
        request: Request,
        realm: DemoRealm,
        people: tuple[DemoPerson, ...],
        *,
        problem: str | None = None,
        username: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """The page, with its cookie."""
        browser = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
        html = PAGES.get_template("login.html").render(
            _=_,
            heading=_("Anmelden bei {name}").format(name=realm.title),
            stylesheet=STYLESHEET,
            action=f"{request.url.path}?{request.url.query}",
            form_token=self.token(browser, request),
            people=people,
            roles=role_titles(),
            problem=problem,
            username=username,
        )
        answer = HTMLResponse(html, status, HEADERS)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, browser, path=request.url.path, httponly=True, samesite="lax", secure=secure, max_age=3600
        )
        return answer


def refusal_page(title: str, problem: str, status: int) -> HTMLResponse:
    """A page that says why no login is possible."""
    html = PAGES.get_template("login.html").render(
        _=_, heading=title, stylesheet=STYLESHEET, problem=problem, form_token=None
    )
    return HTMLResponse(html, status, HEADERS)
