"""Logout tokens of the issuer: what counts as one, and that it ends sessions."""

import uuid
from typing import Any

import httpx
import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.sessions import Tokens
from kreisbund_platform.identity.tokens import LOGOUT_EVENT, PAGES_CLIENT, LogoutNotice, TokenRefused
from kreisbund_tenants.demo.issuing import signed
from kreisbund_tenants.demo.realms import issuer_of

from .conftest import Running

ADDRESS = "/session/backchannel-logout"
TOKENS = Tokens("access", "refresh", "identity", 1)


@pytest.fixture
def notice(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims of a good logout token."""
    kept = {name: claims[name] for name in ("iss", "sub", "iat", "exp")}
    return kept | {"aud": PAGES_CLIENT, "typ": "Logout", "jti": "1", "sid": "s-1", "events": {LOGOUT_EVENT: {}}}


def test_a_notice_names_a_person_a_login_or_both(checker, issuer, notice):
    whole = LogoutNotice(notice["iss"], notice["sub"], "s-1")
    assert checker.check_logout_token(issuer.token(notice), PAGES_CLIENT) == whole
    for left_out, expected in (("sub", (None, "s-1")), ("sid", (notice["sub"], None))):
        token = issuer.token({name: value for name, value in notice.items() if name != left_out})
        found = checker.check_logout_token(token, PAGES_CLIENT)
        assert (found.subject, found.sid) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
        {"events": None},
        {"events": {}},
        {"events": {LOGOUT_EVENT: "yes"}},
        {"events": [LOGOUT_EVENT]},
        {"nonce": "n"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"sub": None, "sid": None},
        {"sid": 7},
        {"sub": ""},
    ],
)
def test_what_is_no_logout_token_ends_nothing(checker, issuer, notice, change: dict[str, Any]):
    wrong = {name: value for name, value in (notice | change).items() if value is not None}
    with pytest.raises(TokenRefused):
        checker.check_logout_token(issuer.token(wrong), PAGES_CLIENT)


def test_a_logout_token_is_no_access_token(checker, issuer, notice):
    with pytest.raises(TokenRefused):
        checker.check(issuer.token(notice | {"aud": "kreisbund-api", "azp": PAGES_CLIENT}))


def opened(running: Running, issuer: str, subject: str, sid: str | None) -> str:
    deployment = running.deployment
    with deployment.connections.for_workspace("registry") as connection:
        return sessions.open_session(
            connection, deployment.settings, SystemClock(), issuer=issuer, subject=subject, tokens=TOKENS, sid=sid
        )


def lives(running: Running, number: str) -> bool:
    deployment = running.deployment
    with deployment.connections.for_workspace("registry") as connection:
        return sessions.find_session(connection, deployment.settings, SystemClock(), number) is not None


def told(running: Running, browser: httpx.Client, **named: str) -> int:
    settings = running.deployment.settings
    now = int(SystemClock().now().timestamp())
    claims = {"iss": issuer_of(settings, "nordhausen"), "aud": PAGES_CLIENT, "iat": now, "exp": now + 60, "jti": "1"}
    token = signed(settings, "nordhausen", claims | {"events": {LOGOUT_EVENT: {}}} | named)
    return browser.post(ADDRESS, data={"logout_token": token}).status_code


def test_the_issuer_ends_one_login_or_all_of_a_person_and_of_nobody_else(running: Running, browser: httpx.Client):
    own, other = (issuer_of(running.deployment.settings, realm) for realm in ("nordhausen", "wartburgkreis"))
    anna, berta = str(uuid.uuid4()), str(uuid.uuid4())
    first, second = opened(running, own, anna, "s-1"), opened(running, own, anna, None)
    colleague, elsewhere = opened(running, own, berta, "s-3"), opened(running, other, anna, "s-1")
    assert told(running, browser, sub=anna, sid="s-1") == 200
    assert [lives(running, number) for number in (first, second, colleague, elsewhere)] == [False, True, True, True]
    assert told(running, browser, sub=anna) == 200
    assert [lives(running, number) for number in (second, colleague, elsewhere)] == [False, True, True]
    assert told(running, browser, sid="s-3") == 200
    assert [lives(running, number) for number in (colleague, elsewhere)] == [False, True]


@pytest.mark.parametrize("body", [{}, {"logout_token": "garbage"}, {"logout_token": "x" * 100_000}])
def test_garbage_is_refused(browser: httpx.Client, body: dict[str, str]):
    answer = browser.post(ADDRESS, data=body)
    assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")
