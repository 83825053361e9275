"""When somebody logged in, as the demo issuer's tokens say it: a refresh does not make an old login new."""

from datetime import timedelta

import httpx

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.freshness import fresh_login_problem
from kreisbund_tenants.demo.people import people_of

from .conftest import Running
from .test_demo_issuer import TOKEN, county_realm, password_form


def test_a_password_is_a_fresh_login_and_a_refresh_is_none(running: Running) -> None:
    services, address = running.services, f"{running.base_url}{TOKEN}"
    someone = people_of(county_realm("nordhausen"), ["nordhausen"])[0]
    given = httpx.post(address, data=password_form(someone.username), trust_env=False).json()
    first = services.tokens.check(given["access_token"])
    assert first.authenticated_at is not None
    assert first.authentication_methods == {"pwd"}
    now = SystemClock().now()
    assert fresh_login_problem(first, "createTenant", services.settings, now) is None
    assert fresh_login_problem(first, "createTenant", services.settings, now + timedelta(minutes=16)) is not None
    form = {"grant_type": "refresh_token", "client_id": "kreisbund-demo", "refresh_token": given["refresh_token"]}
    again = services.tokens.check(httpx.post(address, data=form, trust_env=False).json()["access_token"])
    assert again.authenticated_at == first.authenticated_at
