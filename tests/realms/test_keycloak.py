"""Against a real Keycloak: a realm from creation to removal, and people who log in, out and are thrown out."""

import base64
import html
import json
import os
import re
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.principals import AssuranceLevel, Role
from kreisbund_platform.identity.sessions import Tokens
from kreisbund_platform.identity.tokens import TokenRefused
from kreisbund_tenants import provisioning
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.demo.principals import principals
from kreisbund_tenants.realms import service
from kreisbund_tenants.realms.keycloak import RealmError, administration, realm_exists

from .conftest import PATIENCE_SECONDS, County, Stage


def log_in(stage: Stage, county: County, person: DemoPerson) -> httpx.Client:
    """A browser after the code flow through Keycloak's own page."""
    browser = httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS)
    started = browser.get(f"{stage.running.base_url}/session/login?county={county.slug}&next=/who/{county.slug}")
    page = browser.get(started.headers["location"])
    as_browsers_do(browser)
    assert f"Anmelden bei {county.plan.title}" in page.text
    action = re.search(r'action="([^"]+)"', page.text)
    assert action
    sent = {"username": person.username, "password": person.password, "credentialId": ""}
    back = browser.post(html.unescape(action[1]), data=sent)
    assert back.status_code == 302, back.text
    as_browsers_do(browser)
    done = browser.get(back.headers["location"])
    assert (done.status_code, done.headers["location"]) == (303, f"/who/{county.slug}"), done.text
    return browser


def as_browsers_do(browser: httpx.Client) -> None:
    """Browsers send a cookie marked Secure to the loopback address without TLS; httpx would keep it back."""
    for cookie in browser.cookies.jar:
        cookie.secure = False


def who(stage: Stage, county: County, browser: httpx.Client) -> Any:
    return browser.get(f"{stage.running.base_url}/who/{county.slug}").json()["name"]


def wear_out(stage: Stage, county: County, browser: httpx.Client) -> None:
    """Lets the access token of the browser's session be at its end, as it is after a minute."""
    deployment = stage.running.deployment
    number = browser.cookies[f"kreisbund_session_{county.slug}"]
    with deployment.connections.for_workspace("registry") as connection:
        found = sessions.find_session(connection, deployment.settings, SystemClock(), number)
        assert found is not None
        worn = Tokens("worn out", found.tokens.refresh_token, found.tokens.id_token, 0)
        sessions.keep_tokens(connection, deployment.settings, found, worn)


def test_a_new_realm_is_what_was_wanted_and_stays_so_when_made_again(stage: Stage) -> None:
    assert service.check(stage.access, stage.here.plan) == []
    service.ensure(stage.access, stage.here.plan)
    assert service.check(stage.access, stage.here.plan) == []


def test_a_token_says_who_somebody_is(stage: Stage) -> None:
    person = stage.here.person("caseworker")
    answer = stage.granted(stage.here, person).json()
    assert answer["expires_in"] <= 60
    principal = stage.tokens.check(answer["access_token"])
    assert (principal.subject, principal.name) == (person.subject, person.name)
    assert (principal.tenant, principal.roles) == (stage.here.tenant, {Role.CASEWORKER})
    assert principal.assurance_level is AssuranceLevel.HIGH


def test_the_listed_principals_log_in(stage: Stage) -> None:
    listed = [
        each
        for each in principals(stage.settings, stage.running.deployment.registry)
        if each["tenant"] == stage.there.slug
    ]
    assert len(listed) == len(stage.there.plan.people)
    entry = listed[0]
    form = {"grant_type": "password"} | {name: entry[name] for name in ("client_id", "username", "password")}
    assert httpx.post(entry["token_url"], data=form, trust_env=False, timeout=PATIENCE_SECONDS).status_code == 200


def test_a_person_logs_in_by_code_and_out_again_everywhere(stage: Stage) -> None:
    person = stage.here.person("caseworker")
    with closing(log_in(stage, stage.here, person)) as browser:
        assert who(stage, stage.here, browser) == person.name
        csrf = browser.get(f"{stage.running.base_url}/who/{stage.here.slug}").json()["csrf_token"]
        form = {"realm": stage.here.slug, "csrf_token": csrf}
        out = browser.post(f"{stage.running.base_url}/session/logout", data=form)
        assert out.headers["location"] == f"{stage.running.base_url}/"
        assert who(stage, stage.here, browser) is None
        address = f"{stage.running.base_url}/session/login?county={stage.here.slug}&next=/"
        page = browser.get(browser.get(address).headers["location"])
        assert page.status_code == 200, "Keycloak asks for the password again"


def test_a_session_of_one_county_opens_nothing_in_another(stage: Stage) -> None:
    with closing(log_in(stage, stage.here, stage.here.person("caseworker"))) as browser:
        number = browser.cookies[f"kreisbund_session_{stage.here.slug}"]
        browser.cookies.set(f"kreisbund_session_{stage.there.slug}", number, domain="127.0.0.1", path="/")
        assert who(stage, stage.there, browser) is None
    foreign = stage.granted(stage.there, stage.there.person("caseworker")).json()["access_token"]
    assert stage.tokens.check(foreign).tenant == stage.there.tenant


def test_an_access_token_is_refreshed_with_the_roles_of_now(stage: Stage, admin: Any) -> None:
    person = stage.here.person("team_lead")
    with closing(log_in(stage, stage.here, person)) as browser:
        admin.delete_realm_roles_of_user(person.subject, [admin.get_realm_role("team_lead")])
        wear_out(stage, stage.here, browser)
        assert who(stage, stage.here, browser) == person.name
    token = stage.granted(stage.here, person).json()["access_token"]
    assert stage.tokens.check(token).roles == frozenset()


def test_a_disabled_person_is_out_when_the_token_ends(stage: Stage, admin: Any) -> None:
    person = stage.here.person("cashier")
    with closing(log_in(stage, stage.here, person)) as browser:
        admin.update_user(person.subject, {"enabled": False})
        wear_out(stage, stage.here, browser)
        assert who(stage, stage.here, browser) is None
    assert stage.granted(stage.here, person).status_code == 400


def test_a_login_ended_at_the_issuer_ends_here(stage: Stage, admin: Any) -> None:
    person = stage.here.person("treasurer")
    with closing(log_in(stage, stage.here, person)) as browser:
        assert who(stage, stage.here, browser) == person.name
        admin.user_logout(person.subject)  # Keycloak calls the pages before it answers
        end = time.monotonic() + 20
        while who(stage, stage.here, browser) is not None and time.monotonic() < end:
            time.sleep(0.1)
        assert who(stage, stage.here, browser) is None


def test_a_new_key_counts_within_seconds_and_alarms_until_somebody_announces_it(stage: Stage, admin: Any) -> None:
    slug, deployment = stage.there.slug, stage.running.deployment
    admin.change_current_realm(slug)
    key = {"providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider", "name": "slipped in"}
    admin.create_component(key | {"config": {"priority": ["500"], "algorithm": ["RS256"], "keySize": ["2048"]}})
    token = stage.granted(stage.there, stage.there.person("caseworker")).json()["access_token"]
    end = time.monotonic() + 30
    while not accepted(stage, token):  # keys are asked for once in ten seconds
        assert time.monotonic() < end
        time.sleep(0.5)
    kid = jws_header(token)["kid"]
    with deployment.database.owner() as owner:
        found = [line.finding for line in service.deviations(owner, stage.settings) if line.subject == f"realm {slug}"]
        assert any(line.startswith(f"key {kid} signed tokens and nobody announced it") for line in found), found
        assert service.rotation(owner, stage.settings, slug, announce=False)[kid] == "NOT ANNOUNCED"
        assert set(service.rotation(owner, stage.settings, slug, announce=True).values()) == {"announced"}
        assert not [line for line in service.deviations(owner, stage.settings) if line.subject == f"realm {slug}"]
    deployment.registry.refresh()


def accepted(stage: Stage, token: str) -> bool:
    try:
        return stage.tokens.check(token).tenant == stage.there.tenant
    except TokenRefused:
        return False


def jws_header(token: str) -> Any:
    first = token.split(".", maxsplit=1)[0]
    return json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))


def test_drift_is_named_and_mended(stage: Stage, admin: Any) -> None:
    plan = stage.there.plan
    admin.change_current_realm(plan.name)
    pages = admin.get_client_id("kreisbund-pages")
    admin.update_realm(plan.name, {"accessTokenLifespan": 3600, "bruteForceProtected": False})
    admin.update_client(pages, {**admin.get_client(pages), "redirectUris": ["*"], "directAccessGrantsEnabled": True})
    config = {"claim.name": "assurance_level", "claim.value": "high", "access.token.claim": "true"}
    forging = {"name": "forge", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper"}
    admin.add_mapper_to_client(pages, forging | {"config": config})
    admin.delete_realm_role("records_officer")
    admin.delete_idp("bundid")
    admin.delete_user(stage.there.person("citizen").subject)
    found = service.check(stage.access, plan)
    for text in (
        "setting accessTokenLifespan: is 3600, should be 60",
        "setting bruteForceProtected: is False, should be True",
        "client kreisbund-pages redirectUris: is ['*']",
        "client kreisbund-pages: password grant is allowed",
        "client kreisbund-pages: mapper forge: not declared",
        "role records_officer: missing",
        "identity provider bundid: missing",
        f"account {stage.there.person('citizen').username}: missing",
    ):
        assert any(line.startswith(text) for line in found), (text, found)
    service.ensure(stage.access, plan)
    assert service.check(stage.access, plan) == []


def test_outside_a_demonstration_the_password_grant_is_reported_and_staff_get_a_second_factor(stage: Stage) -> None:
    strict = replace(stage.there.plan, demo=False, people=())
    found = service.check(stage.access, strict)
    assert any("kreisbund-demo: password grant" in line for line in found), found
    assert any("role county_admin: includes none, should include needs_security_key" in line for line in found)
    service.ensure(stage.access, strict)
    assert service.check(stage.access, strict) == ["client kreisbund-demo: not declared"]
    with administration(stage.access, strict.name) as admin:
        demo = admin.get_client(admin.get_client_id("kreisbund-demo"))
    assert not demo["directAccessGrantsEnabled"]
    service.ensure(stage.access, stage.there.plan)
    assert service.check(stage.access, stage.there.plan) == []


def test_a_county_whose_realm_failed_is_completed_and_a_deleted_one_leaves_none(stage: Stage) -> None:
    deployment, slug = stage.running.deployment, f"{stage.here.slug}x"
    away = replace(stage.settings, keycloak=replace(stage.access, admin_url="http://127.0.0.1:9"))
    with deployment.database.owner() as owner:
        clock = SystemClock()
        provisioning.create_tenant(owner, away, clock, slug=slug, name="Kreis X", regional_key="999990000000")
        with pytest.raises(RealmError, match="not reachable"):
            service.ensure_for(owner, away, slug)
        plan = next(plan for plan in service.plans(owner, stage.settings) if plan.name == slug)
        assert service.check(stage.access, plan) == ["realm is missing"]
        service.ensure(stage.access, plan)
        assert service.check(stage.access, plan) == []
        provisioning.delete(owner, clock, slug)
    assert service.remove(stage.access, slug)
    assert not service.remove(stage.access, slug)


def test_the_command_line_makes_compares_and_removes(stage: Stage) -> None:
    settings, slug = stage.settings, f"{stage.here.slug}y"
    folder = settings.home / "secrets"
    folder.mkdir(exist_ok=True)
    (folder / "wrapping.key").write_bytes(base64.b64encode(settings.wrapping_key))
    secret = folder / "keycloak"
    secret.touch(0o600)
    secret.write_text(stage.access.client_secret)
    environment = os.environ | {
        "KREISBUND_HOME": str(settings.home),
        "KREISBUND_BASE_URL": settings.base_url,
        "KREISBUND_KEYCLOAK_URL": stage.access.url,
        "KREISBUND_KEYCLOAK_ADMIN": stage.access.client_id,
        "KREISBUND_KEYCLOAK_SECRET_FILE": str(secret),
        "DATABASE_URL": settings.database_url,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kreisbund_tenants.command", "tenants", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    environment["KREISBUND_ENV"] = "production"
    refused = subprocess.run(
        [sys.executable, "-m", "kreisbund_tenants.command", "setup"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "production refuses this Keycloak: the issuers' address is not https; " in refused.stderr
    assert "the admin console answers on the public host" in refused.stderr
    environment["KREISBUND_ENV"] = "demo"
    made = run("create", slug, "--name", "Kreis Y", "--regional-key", "999980000000")
    assert (made.returncode, made.stdout) == (0, f"{slug} ACTIVE\n"), made.stderr
    checked = run("check")
    assert "realm service-team: " in checked.stderr  # nobody has made it
    assert f"realm {slug}:" not in checked.stderr
    assert run("delete", slug, "--yes").returncode == 0
    with administration(stage.access, slug) as admin:
        assert not realm_exists(admin, slug)
