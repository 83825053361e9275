"""All pages of the application."""

from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kreisbund_api.graphql.refusals import Code
from kreisbund_api.services import Services
from kreisbund_api.transport import RefusedError
from kreisbund_api.web import assets, continuing
from kreisbund_api.web.desk import (
    accounts,
    approvals,
    cases,
    data_protection,
    emergencies,
    incidents,
    mining,
    releases,
    substitutes,
    support,
    tasks,
    transfers,
    upgrades,
    variants,
    variants_rebase,
)
from kreisbund_api.web.desk import templates as county_templates
from kreisbund_api.web.headers import AREAS, PageHeaders
from kreisbund_api.web.operations import emergencies as operators_emergencies
from kreisbund_api.web.operations import tenants
from kreisbund_api.web.portal import applications, applications_new, my_data
from kreisbund_api.web.portal import services as public_services
from kreisbund_api.web.start import overview
from kreisbund_api.web.state import dashboard
from kreisbund_api.web.studio import agreements, bundles, drafts, reviews, templates, versions
from kreisbund_api.web.studio import support as invitations
from kreisbund_api.web.visits import Visit, install_pages, refusal
from kreisbund_platform.texts import _

DESK = (
    *cases.PAGES,
    *incidents.PAGES,
    *tasks.PAGES,
    *county_templates.PAGES,
    *releases.PAGES,
    *variants.PAGES,
    *variants_rebase.PAGES,
    *upgrades.PAGES,
    *mining.PAGES,
    *transfers.PAGES,
    *data_protection.PAGES,
    *substitutes.PAGES,
    *accounts.PAGES,
    *approvals.PAGES,
    *support.PAGES,
    *emergencies.PAGES,
    *continuing.PAGES,
)
OPERATIONS = (*tenants.PAGES, *operators_emergencies.PAGES, *continuing.PAGES)
STUDIO = (
    *templates.PAGES,
    *drafts.PAGES,
    *reviews.PAGES,
    *versions.PAGES,
    *agreements.PAGES,
    *bundles.PAGES,
    *invitations.PAGES,
    *continuing.PAGES,
)


def install(app: FastAPI, services: Services) -> None:
    """Adds every page, the assets, the headers, and German pages for addresses that do not exist."""
    overview.install(app, services)
    install_pages(app, services, "portal", public_services.PAGES, of_county=True)
    install_pages(app, services, "portal", applications_new.PAGES + applications.PAGES, of_county=True)
    install_pages(app, services, "portal", my_data.PAGES, of_county=True)
    install_pages(app, services, "desk", DESK, of_county=True)
    install_pages(app, services, "studio", STUDIO, of_county=False)
    install_pages(app, services, "state", dashboard.PAGES, of_county=False)
    install_pages(app, services, "operations", OPERATIONS, of_county=False)
    assets.install(app, services.settings.home)
    _install_refusals(app, services)
    app.add_middleware(PageHeaders, issuers=lambda: _issuer_origins(services))


def _issuer_origins(services: Services) -> str:
    """Where logging out may lead, where that is not this origin."""
    parts = [urlsplit(entry.issuer) for entry in services.registry.issuers()]
    found = {f"{each.scheme}://{each.netloc}" for each in parts}
    return "".join(f" {origin}" for origin in sorted(found))


def _install_refusals(app: FastAPI, services: Services) -> None:
    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.url.path
        if path != "/" and not path.startswith(AREAS) and "text/html" not in request.headers.get("accept", ""):
            headers = dict(error.headers or {})
            return RefusedError(Code.BAD_USER_INPUT, _("Das gibt es nicht."), error.status_code, headers).response()
        return refusal(Visit(request, services, "start", None, None, None, ""), error.status_code)

    app.add_exception_handler(HTTPException, refuse)
