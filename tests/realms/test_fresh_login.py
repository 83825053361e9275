"""What the real Keycloak says about when and how somebody logged in."""

import hashlib
import hmac
import html
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.freshness import SECOND_FACTORS
from kreisbund_platform.identity.principals import Principal
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.realms import service
from kreisbund_tenants.realms.keycloak import administration
from kreisbund_tenants.realms.wanted import user_document

from .conftest import PATIENCE_SECONDS, County, Stage
from .test_keycloak import as_browsers_do, log_in, wear_out, who

SECRET = "kreisbund-one-time-code"
JUST_NOW = timedelta(minutes=2)


def principal_in(stage: Stage, county: County, browser: httpx.Client) -> Principal:
    """Whom the access token of the browser's session speaks for."""
    deployment = stage.running.deployment
    number = browser.cookies[f"kreisbund_session_{county.slug}"]
    with deployment.connections.for_workspace("registry") as connection:
        found = sessions.find_session(connection, deployment.settings, SystemClock(), number)
    assert found is not None
    return stage.tokens.check(found.tokens.access_token)


def test_a_login_by_code_says_when_and_a_refresh_does_not_change_it(stage: Stage) -> None:
    with closing(log_in(stage, stage.here, stage.here.person("caseworker"))) as browser:
        first = principal_in(stage, stage.here, browser).authenticated_at
        assert first is not None
        assert abs(SystemClock().now() - first) < JUST_NOW
        wear_out(stage, stage.here, browser)
        time.sleep(1.1)  # `auth_time` counts whole seconds
        assert who(stage, stage.here, browser) is not None
        assert principal_in(stage, stage.here, browser).authenticated_at == first


def test_a_login_by_password_is_a_fresh_one_and_cannot_be_prolonged(stage: Stage) -> None:
    answer = stage.granted(stage.here, stage.here.person("caseworker")).json()
    since = stage.tokens.check(answer["access_token"]).authenticated_at
    assert since is not None
    assert abs(SystemClock().now() - since) < JUST_NOW
    assert "refresh_token" not in answer


def test_who_is_still_logged_in_is_asked_for_the_password_when_it_must_be_anew(stage: Stage) -> None:
    with closing(log_in(stage, stage.here, stage.here.person("caseworker"))) as browser:
        address = f"{stage.running.base_url}/session/login?county={stage.here.slug}&next=/"
        remembered = browser.get(browser.get(address).headers["location"])
        assert remembered.status_code == 302, "Keycloak remembers the login"
        asked = browser.get(browser.get(f"{address}&anew=1").headers["location"])
        assert asked.status_code == 200
        assert 'name="password"' in asked.text


@pytest.fixture
def strict(stage: Stage) -> Iterator[DemoPerson]:
    """The second county with second factors, and a caseworker of it who has one."""
    asking = replace(stage.there.plan, identity={"staff_second_factor": True})
    service.ensure(stage.access, asking)
    assert service.check(stage.access, asking) == []
    someone = replace(stage.there.person("caseworker"), username=f"otp-{secrets.token_hex(3)}", name="Ole Tepe")
    document = {name: value for name, value in user_document(someone).items() if name not in ("id", "realmRoles")}
    code = {
        "type": "otp",
        "secretData": f'{{"value": "{SECRET}"}}',
        "credentialData": '{"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}',
    }
    with administration(stage.access, stage.there.slug) as admin:
        user = admin.create_user({**document, "credentials": [*document["credentials"], code]})
        admin.assign_realm_roles(user, [admin.get_realm_role("caseworker")])
    yield someone
    with administration(stage.access, stage.there.slug) as admin:
        admin.delete_user(user)
    service.ensure(stage.access, stage.there.plan)


def one_time_code() -> str:
    """RFC 6238: six digits of this half minute."""
    digest = hmac.digest(SECRET.encode(), int(time.time() // 30).to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def test_the_second_factor_is_asked_for_and_named_in_the_token(stage: Stage, strict: DemoPerson) -> None:
    with closing(httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS)) as browser:
        slug = stage.there.slug
        started = browser.get(f"{stage.running.base_url}/session/login?county={slug}&next=/who/{slug}")
        page = browser.get(started.headers["location"])
        as_browsers_do(browser)
        page = browser.post(action_of(page), data={"username": strict.username, "password": strict.password})
        as_browsers_do(browser)
        assert 'name="otp"' in page.text
        back = browser.post(action_of(page), data={"otp": one_time_code()})
        assert back.status_code == 302, back.text
        as_browsers_do(browser)
        assert browser.get(back.headers["location"]).status_code == 303
        assert who(stage, stage.there, browser) == strict.name
        methods = principal_in(stage, stage.there, browser).authentication_methods
        assert methods == {"pwd", "otp"}
        assert methods & SECOND_FACTORS


def action_of(page: httpx.Response) -> str:
    found = re.search(r'action="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])
