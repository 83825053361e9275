from dataclasses import replace

import httpx
import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity.principals import AssuranceLevel, RealmKind, Role
from kreisbund_platform.identity.tokens import TokenRefused
from kreisbund_tenants.demo.issuer_keys import signing_key
from kreisbund_tenants.demo.people import STAFF_ROLES, people_of
from kreisbund_tenants.demo.principals import principals
from kreisbund_tenants.demo.realms import DemoRealm, refuse_outside_demo

from .conftest import Running

TOKEN = "/realms/nordhausen/protocol/openid-connect/token"


def county_realm(slug: str) -> DemoRealm:
    return DemoRealm(slug, slug, RealmKind.COUNTY, slug)


def password_form(username: str, /, **changes: str) -> dict[str, str]:
    form = {"grant_type": "password", "client_id": "kreisbund-demo", "username": username}
    return form | {"password": f"demo-{username}"} | changes


def test_each_county_has_two_of_each_role_and_three_citizens_of_its_own():
    here, there = (people_of(county_realm(slug), [slug]) for slug in ("nordhausen", "eichsfeld"))
    for role in STAFF_ROLES:
        assert sum(person.role is role for person in here) == 2
    levels = [person.assurance_level for person in here if person.role is Role.CITIZEN]
    assert levels == [AssuranceLevel.SUBSTANTIAL, AssuranceLevel.SUBSTANTIAL, AssuranceLevel.BASIC]
    assert len({person.username for person in here}) == len(here)
    assert {person.name for person in here} != {person.name for person in there}
    assert {person.subject for person in here}.isdisjoint(person.subject for person in there)
    assert people_of(county_realm("nordhausen"), []) == here


def test_each_county_delegates_one_member_whose_name_stays_when_others_join():
    team = DemoRealm("service-team", "Serviceteam", RealmKind.SERVICE_TEAM)
    few = people_of(team, ["nordhausen", "wartburgkreis"])
    many = people_of(team, ["nordhausen", "wartburgkreis", *(f"county-{number}" for number in range(400))])
    assert set(few) <= set(many)
    assert [person.home_tenant for person in few] == ["nordhausen"] * 3 + ["wartburgkreis"]
    assert len({person.username for person in many}) == len(many)


def test_every_principal_logs_in_and_none_of_the_faulty_tokens_counts(running: Running):
    services = running.services
    listed = principals(running.deployment.settings, running.deployment.registry)
    assert {entry["tenant"] for entry in listed} == {"nordhausen", "wartburgkreis", None}
    for entry in [*listed[:2], *listed[17:21], *listed[-8:]]:
        form = password_form(entry["username"], password=entry["password"], client_id=entry["client_id"])
        answer = httpx.post(entry["token_url"], data=form, trust_env=False)
        principal = services.tokens.check(answer.json()["access_token"])
        assert principal.roles == {Role(entry["role"])}
        assert (principal.tenant.slug if principal.tenant else None) == entry["tenant"]
        assert principal.name == entry["name"]
        assert set(entry["faulty_tokens"]) == {"expired", "not_yet_valid", "no_audience", "other_audience"}
        for token in entry["faulty_tokens"].values():
            with pytest.raises(TokenRefused) as refused:
                services.tokens.check(token)
            assert refused.value.code in {"ExpiredTokenError", "InvalidClaimError", "MissingClaimError"}


def test_a_token_of_the_pages_id_kind_opens_nothing(running: Running, browser: httpx.Client):
    person = people_of(county_realm("nordhausen"), [])[0]
    answer = browser.post(TOKEN, data=password_form(person.username)).json()
    for kind in ("id_token", "refresh_token"):
        with pytest.raises(TokenRefused):
            running.services.tokens.check(answer[kind])


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"password": "wrong"}, 401, "invalid_grant"),
        ({"username": "nobody.here"}, 401, "invalid_grant"),
        ({"client_id": "kreisbund-pages"}, 400, "unauthorized_client"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x.y.z"}, 400, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "guessed"}, 400, "invalid_grant"),
        ({"password": "x" * 40_000}, 400, "unsupported_grant_type"),
    ],
)
def test_the_token_endpoint_refuses(browser: httpx.Client, changes: dict[str, str], status: int, error: str):
    person = people_of(county_realm("nordhausen"), [])[2]
    answer = browser.post(TOKEN, data=password_form(person.username, **changes))
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_person_of_one_county_does_not_exist_in_another(browser: httpx.Client):
    person = people_of(county_realm("wartburgkreis"), [])[0]
    assert browser.post(TOKEN, data=password_form(person.username)).status_code == 401
    assert browser.post(TOKEN.replace("nordhausen", "atlantis"), data=password_form("a")).status_code == 404
    assert browser.get("/realms/..%2fsecrets/protocol/openid-connect/certs").status_code == 404


def test_guessing_passwords_is_stopped_for_that_name_alone(browser: httpx.Client):
    guessed, other = (people_of(county_realm("nordhausen"), [])[number].username for number in (5, 6))
    for _try in range(20):
        assert browser.post(TOKEN, data=password_form(guessed, password="wrong")).status_code == 401
    stopped = browser.post(TOKEN, data=password_form(guessed))
    assert stopped.status_code == 429
    assert 0 < int(stopped.headers["retry-after"]) <= 60
    assert browser.post(TOKEN, data=password_form(other)).status_code == 200


def test_refreshing_ends_with_the_logout(browser: httpx.Client):
    person = people_of(county_realm("nordhausen"), [])[0]
    tokens = browser.post(TOKEN, data=password_form(person.username)).json()
    again = {
        "grant_type": "refresh_token",
        "client_id": "kreisbund-demo",
        "refresh_token": tokens["refresh_token"],
    }
    refreshed = browser.post(TOKEN, data=again)
    assert refreshed.status_code == 200
    assert browser.post(TOKEN, data=again | {"client_id": "kreisbund-pages"}).status_code == 400
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(TOKEN.replace("/token", "/userinfo"), headers=bearer).json()["name"] == person.name
    out = browser.post(TOKEN.replace("/token", "/logout"), data={"refresh_token": tokens["refresh_token"]})
    assert out.status_code == 204
    assert browser.post(TOKEN, data=again).status_code == 400


def test_the_logout_leads_to_this_site_only(browser: httpx.Client, running: Running):
    address = TOKEN.replace("/token", "/logout")
    assert browser.get(address, params={"post_logout_redirect_uri": f"{running.base_url}/"}).status_code == 303
    assert browser.get(address, params={"post_logout_redirect_uri": "https://evil.example/"}).status_code == 400


def test_keys_stay_are_private_and_only_the_public_part_is_published(running: Running, browser: httpx.Client):
    settings = running.deployment.settings
    key = signing_key(settings, "nordhausen")
    published = browser.get("/realms/nordhausen/protocol/openid-connect/certs").json()["keys"]
    assert [entry["kid"] for entry in published] == [key.kid]
    assert not {"d", "p", "q"} & set(published[0])
    path = settings.home / "secrets" / "demo-issuer" / "nordhausen.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for name in ("../../etc/passwd", "", "Nordhausen", "a/b"):
        with pytest.raises(ValueError, match="realm"):
            signing_key(settings, name)


def test_production_and_open_networks_have_no_demo_issuer(running: Running):
    settings = running.deployment.settings
    refuse_outside_demo(settings, "127.0.0.1")
    with pytest.raises(SystemExit, match="production"):
        refuse_outside_demo(replace(settings, environment="production"), "127.0.0.1")
    with pytest.raises(SystemExit, match="loopback"):
        refuse_outside_demo(settings, "0.0.0.0")
    with pytest.raises(SystemExit, match="loopback"):
        refuse_outside_demo(replace(settings, base_url="https://kreisbund.example"), "127.0.0.1")
    with pytest.raises(SystemExit, match="production"):
        principals(replace(settings, environment="production"), running.deployment.registry, SystemClock())
