"""The code flow over real HTTP, at the demo issuer, with sessions in a real database."""

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpcore
import httpx
import pytest

from kreisbund_api import session
from kreisbund_api.oidc_login import OidcLogin
from kreisbund_platform.clock import ManualClock, SystemClock
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.issuer_keys import IssuerUnavailable
from kreisbund_platform.identity.outgoing import issuer_egress
from kreisbund_platform.identity.sessions import Tokens

from .conftest import Running

COOKIE = "kreisbund_session_nordhausen"


def form_token(page: str) -> str:
    found = re.search(r'name="login_token" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def people(page: str) -> list[str]:
    return re.findall(r'name="demo_person" value="([^"]+)"', page)


def begin(browser: httpx.Client, query: str = "county=nordhausen&next=/who/nordhausen") -> httpx.Response:
    started = browser.get(f"/session/login?{query}")
    assert started.status_code == 303, started.text
    return browser.get(started.headers["location"])


def choose(browser: httpx.Client, page: httpx.Response, person: str) -> httpx.Response:
    sent = {"login_token": form_token(page.text), "demo_person": person}
    back = browser.post(page.url, data=sent, headers={"Origin": str(browser.base_url).rstrip("/")})
    assert back.status_code == 303, back.text
    return back


def log_in(browser: httpx.Client, number: int = 0) -> httpx.Response:
    page = begin(browser)
    back = choose(browser, page, people(page.text)[number])
    return browser.get(back.headers["location"])


def test_a_person_logs_in_by_one_click_and_out_again(browser: httpx.Client):
    page = begin(browser)
    assert page.status_code == 200
    assert "<h1>Anmelden bei Landkreis Nordhausen</h1>" in page.text
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    done = browser.get(choose(browser, page, people(page.text)[0]).headers["location"])
    assert (done.status_code, done.headers["location"]) == (303, "/who/nordhausen")
    cookie = next(line for line in done.headers.get_list("set-cookie") if line.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    me = browser.get("/who/nordhausen").json()
    assert me["name"]
    assert browser.get("/who/wartburgkreis").json()["name"] is None
    out = browser.post("/session/logout", data={"realm": "nordhausen", "csrf_token": me["csrf_token"]})
    assert out.status_code == 303
    assert "token" not in out.headers["location"]
    assert browser.get("/who/nordhausen").json()["name"] is None


def test_name_and_password_work_and_wrong_ones_come_back_with_an_alert(browser: httpx.Client):
    page = begin(browser)
    name = people(page.text)[1]
    wrong = {"login_token": form_token(page.text), "username": name, "password": "guessed"}
    again = browser.post(page.url, data=wrong)
    assert again.status_code == 401
    assert 'role="alert"' in again.text
    assert 'aria-invalid="true"' in again.text
    right = {"login_token": form_token(again.text), "username": name, "password": f"demo-{name}"}
    assert browser.post(page.url, data=right).status_code == 303


def test_a_session_from_before_the_login_is_not_taken_over(browser: httpx.Client):
    browser.cookies.set(COOKIE, "planted", domain="127.0.0.1", path="/")
    log_in(browser)
    values = {cookie.value for cookie in browser.cookies.jar if cookie.name == COOKIE}
    assert "planted" not in values
    first = values.pop()
    log_in(browser, 1)
    second = browser.cookies.get(COOKIE)
    assert second != first
    stale = httpx.get(f"{browser.base_url}/who/nordhausen", cookies={COOKIE: first}, trust_env=False)
    assert stale.json()["name"] is None


def test_a_callback_counts_only_in_the_browser_that_began(running: Running, browser: httpx.Client):
    page = begin(browser)
    back = choose(browser, page, people(page.text)[0]).headers["location"]
    with httpx.Client(base_url=running.base_url, trust_env=False) as victim:
        assert victim.get(back).status_code == 400
        begin(victim)
        assert victim.get(back).status_code == 400
        assert COOKIE not in victim.cookies
    tampered = back.replace("state=", "state=x")
    assert browser.get(tampered).status_code == 400
    assert browser.get(re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", back)).status_code == 400


def test_a_code_is_good_once(browser: httpx.Client):
    page = begin(browser)
    back = choose(browser, page, people(page.text)[0]).headers["location"]
    cookies = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    browser.cookies.update(cookies)
    assert browser.get(back).status_code == 400


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "javascript:1", "", "/a%0d%0ab"]
)
def test_the_way_back_is_a_path_of_this_site(browser: httpx.Client, target: str):
    answer = browser.get("/session/login", params={"county": "nordhausen", "next": target.replace("%0d%0a", "\r\n")})
    assert answer.status_code == 400


def test_an_unknown_county_has_no_login(browser: httpx.Client):
    assert browser.get("/session/login?county=atlantis").status_code == 404
    assert browser.get("/session/login").status_code == 404


def test_workspaces_have_their_own_people(browser: httpx.Client):
    for workspace, count in (("studio", 4), ("state", 4), ("operations", 2)):
        page = begin(browser, f"workspace={workspace}&next=/")
        assert len(people(page.text)) == count, workspace


def test_a_post_counts_from_our_own_page_only(browser: httpx.Client, running: Running):
    log_in(browser)
    token = browser.get("/who/nordhausen").json()["csrf_token"]

    def post(headers: dict[str, str], csrf: str = token) -> int:
        return browser.post("/who/nordhausen", data={"csrf_token": csrf}, headers=headers).status_code

    assert post({"Origin": running.base_url}) == 200
    assert post({"Referer": f"{running.base_url}/desk"}) == 200
    assert post({"Origin": "null", "Sec-Fetch-Site": "same-origin"}) == 200
    assert post({"Origin": "null"}) == 403
    assert post({"Origin": "http://evil.example"}) == 403
    assert post({"Referer": "http://evil.example/x"}) == 403
    assert post({"Sec-Fetch-Site": "cross-site"}) == 403
    assert post({"Origin": running.base_url}, csrf="") == 403
    assert post({"Origin": running.base_url}, csrf="guessed") == 403
    out = browser.post("/session/logout", data={"realm": "nordhausen"}, headers={"Origin": "http://evil.example"})
    assert out.status_code == 403
    assert browser.get("/who/nordhausen").json()["name"]


def test_a_login_form_from_another_page_is_refused(browser: httpx.Client, running: Running):
    page = begin(browser)
    name = people(page.text)[0]
    token = form_token(page.text)
    assert browser.post(page.url, data={"demo_person": name}).status_code == 403
    with httpx.Client(base_url=running.base_url, trust_env=False) as other:
        assert other.post(page.url, data={"demo_person": name, "login_token": token}).status_code == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redirect_uri", "http://evil.example/"),
        ("client_id", "kreisbund-demo"),
        ("code_challenge_method", "plain"),
        ("code_challenge", ""),
        ("response_type", "token"),
        ("state", ""),
    ],
)
def test_the_issuer_refuses_a_login_asked_for_wrongly(browser: httpx.Client, name: str, value: str):
    started = browser.get("/session/login?county=nordhausen&next=/")
    address = urlsplit(started.headers["location"])
    query = {key: values[0] for key, values in parse_qs(address.query).items()} | {name: value}
    answer = browser.get(address.path, params=query)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert 'role="alert"' in answer.text


def test_a_demo_name_cannot_break_out_of_the_page(browser: httpx.Client):
    page = begin(browser)
    sent = {"login_token": form_token(page.text), "username": '"><script>alert(1)</script>', "password": "x"}
    again = browser.post(page.url, data=sent)
    assert "<script>" not in again.text
    assert html.escape("<script>") in again.text


TOKENS = Tokens("access", "refresh", "identity", 1)


def test_a_session_ends_when_idle_or_old_and_opens_for_its_own_number_only(running: Running):
    clock = ManualClock(SystemClock().now())
    settings, connections = running.deployment.settings, running.deployment.connections
    with connections.for_workspace("registry") as connection:
        number = sessions.open_session(connection, settings, clock, issuer="i", subject="s", tokens=TOKENS)
        found = sessions.find_session(connection, settings, clock, number)
        assert found is not None
        assert found.tokens == TOKENS
        assert sessions.find_session(connection, settings, clock, number + "x") is None
        row = connection.execute("SELECT wrapped FROM shared.web_session WHERE id_hash = %s", (found.id_hash,))
        assert b"access" not in row.fetchone()[0]
        clock.set(clock.now() + timedelta(minutes=29))
        assert sessions.find_session(connection, settings, clock, number)
        clock.set(clock.now() + timedelta(minutes=29))
        assert sessions.find_session(connection, settings, clock, number)
        clock.set(clock.now() + timedelta(minutes=31))
        assert sessions.find_session(connection, settings, clock, number) is None
        clock.set(clock.now() - timedelta(minutes=31))
        assert sessions.find_session(connection, settings, clock, number) is None


def test_nobody_stays_longer_than_ten_hours(running: Running):
    clock = ManualClock(SystemClock().now())
    settings, connections = running.deployment.settings, running.deployment.connections
    with connections.for_workspace("registry") as connection:
        number = sessions.open_session(connection, settings, clock, issuer="i", subject="s", tokens=TOKENS)
        for _step in range(23):
            clock.set(clock.now() + timedelta(minutes=25))
            assert sessions.find_session(connection, settings, clock, number)
        clock.set(clock.now() + timedelta(minutes=25))
        assert sessions.find_session(connection, settings, clock, number) is None


def test_while_the_issuer_is_away_a_session_goes_on_until_its_token_ends(
    running: Running, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    log_in(browser)
    services, connections = running.services, running.deployment.connections
    number, clock = browser.cookies[COOKIE], ManualClock(SystemClock().now())
    egress = issuer_egress(services.settings, services.registry)
    login = OidcLogin(services.settings, connections, services.tokens, clock, egress)
    entry = session.realm_of(services.registry, county="nordhausen")
    assert entry is not None

    def away(*_arguments: object, **_named: object) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("refused")

    with connections.for_workspace("registry") as connection:
        found = sessions.find_session(connection, services.settings, clock, number)
        assert found is not None
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", away)
    ends = datetime.fromtimestamp(found.tokens.expires_at, UTC)
    clock.set(ends - timedelta(seconds=5))
    assert login.session_of(number, entry) is not None
    clock.set(ends + timedelta(seconds=1))
    with pytest.raises(IssuerUnavailable):
        login.session_of(number, entry)


def test_an_expiring_access_token_is_refreshed(running: Running, browser: httpx.Client):
    log_in(browser)
    settings, connections = running.deployment.settings, running.deployment.connections
    number = browser.cookies[COOKIE]
    with connections.for_workspace("registry") as connection:
        found = sessions.find_session(connection, settings, SystemClock(), number)
        assert found is not None
        worn = Tokens("worn out", found.tokens.refresh_token, found.tokens.id_token, 0)
        sessions.keep_tokens(connection, settings, found, worn)
        assert browser.get("/who/nordhausen").json()["name"]
        again = sessions.find_session(connection, settings, SystemClock(), number)
    assert again is not None
    assert again.tokens.access_token != "worn out"
