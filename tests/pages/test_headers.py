"""Pages keep their headers when the database is away, and learn the issuers once it is back."""

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from kreisbund_api.web.headers import PageHeaders
from kreisbund_platform.database.session import DatabaseUnavailableError


@pytest.mark.parametrize("away", [0, 2])
def test_headers_with_and_without_the_registry(away):
    left = [away]

    def issuers():
        if left[0]:
            left[0] -= 1
            raise DatabaseUnavailableError
        return " https://issuer.example"

    async def page(_request):
        return PlainTextResponse("Seite")

    app = PageHeaders(Starlette(routes=[Route("/portal/x", page)]), issuers)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return [await client.get("/portal/x") for _ in range(3)]

    answers = anyio.run(ask)
    assert [answer.status_code for answer in answers] == [200] * 3
    policies = [answer.headers["content-security-policy"] for answer in answers]
    assert all("frame-ancestors 'none'" in policy for policy in policies)
    assert ["issuer.example" in policy for policy in policies] == [number >= away for number in range(3)]
