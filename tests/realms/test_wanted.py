"""What a realm should be, what counts as a difference, and what production refuses: without a Keycloak."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from kreisbund_platform.identity.principals import ROLES_OF_REALM, RealmKind
from kreisbund_tenants import manifest
from kreisbund_tenants.demo.realms import DemoRealm, county_realm, shared_realms
from kreisbund_tenants.realms.comparing import differences
from kreisbund_tenants.realms.plan import RealmPlan, RealmState, plan_of
from kreisbund_tenants.realms.production import KeycloakFacts, refusals
from kreisbund_tenants.realms.second_factor import address_problem
from kreisbund_tenants.realms.wanted import document, wanted

BUNDID = {"single_sign_on_url": "https://sso.example/", "entity_id": "https://sso.example/id"}
COUNTY = county_realm("nordhausen", "Landkreis Nordhausen")


def plan(realm: DemoRealm = COUNTY, identity: Mapping[str, Any] | None = None, *, demo: bool = True) -> RealmPlan:
    settings: Any = SimpleNamespace(demo=demo, base_url="https://kreisbund.example")
    return plan_of(settings, realm, identity or {}, ["nordhausen", "wartburgkreis"])


def found_like(state: RealmState) -> RealmState:
    """A realm that is exactly so, as Keycloak would answer."""
    return copy.deepcopy(state)


@pytest.mark.parametrize("realm", [COUNTY, *shared_realms()], ids=lambda realm: realm.name)
@pytest.mark.parametrize("demo", [True, False])
def test_a_realm_as_wanted_differs_in_nothing(realm: DemoRealm, demo: bool) -> None:
    state = wanted(plan(realm, demo=demo))
    assert differences(state, found_like(state)) == []
    assert {role for role in state.roles if not role.startswith("needs_")} == set(ROLES_OF_REALM[realm.kind])


def test_the_password_grant_and_the_people_are_the_demonstrations_alone() -> None:
    here, there = wanted(plan()), wanted(plan(demo=False))
    assert here.clients["kreisbund-demo"]["directAccessGrantsEnabled"]
    assert "kreisbund-demo" not in there.clients
    assert not any(client["directAccessGrantsEnabled"] for client in there.clients.values())
    assert document(plan(demo=False))["users"] == []
    assert differences(there, here)[0].startswith("setting ")
    assert "client kreisbund-demo: password grant is allowed, which is for demonstrations alone" in differences(
        there, here
    )


def test_staff_need_a_second_factor_in_production_and_where_the_manifest_says_so() -> None:
    assert wanted(plan()).settings["browserFlow"] == "browser"
    for strict in (plan(demo=False), plan(identity={"staff_second_factor": True})):
        roles = wanted(strict).roles
        assert roles["county_admin"] == {"needs_security_key"}
        assert roles["caseworker"] == {"needs_one_time_code"}
        assert roles["citizen"] == frozenset()
    assert plan(identity={"staff_second_factor": False}, demo=False).second_factor
    for realm in shared_realms():
        marks = set(frozenset().union(*wanted(plan(realm, demo=False)).roles.values()))
        assert marks == ({"needs_one_time_code"} if realm.kind is RealmKind.STATE else {"needs_security_key"})


@pytest.mark.parametrize(
    ("issuers_at", "problem"),
    [
        ("https://id.kreis.example", None),
        ("http://localhost:8431", None),
        ("http://127.0.0.1:8431", "security keys need a name for a host, 127.0.0.1 is a number"),
        ("https://[2001:db8::1]/", "security keys need a name for a host, 2001:db8::1 is a number"),
        ("http://id.kreis.example", "security keys need https, id.kreis.example has none"),
    ],
)
def test_an_address_where_no_browser_makes_a_key_is_named_to_whom_it_matters(
    issuers_at: str, problem: str | None
) -> None:
    for realm in shared_realms():
        said = address_problem(plan(realm, demo=False), issuers_at)
        assert said == (None if realm.kind is RealmKind.STATE else problem)
    assert address_problem(plan(identity={"staff_second_factor": True}), issuers_at) == problem
    assert address_problem(plan(), issuers_at) is None


def test_nobody_but_an_administrator_writes_what_becomes_a_claim() -> None:
    for name in ("assurance_level", "account_kind", "home_tenant", "units"):
        assert wanted(plan()).profile[name]["permissions"] == {"view": ["admin"], "edit": ["admin"]}


def test_a_broker_is_enabled_once_it_is_filled_in() -> None:
    whole = {"bundid": BUNDID | {"signing_certificate": "MII"}}
    assert not wanted(plan(identity={"bundid": BUNDID})).brokers["bundid"]["enabled"]
    enabled = wanted(plan(identity=whole)).brokers
    assert (enabled["bundid"]["enabled"], enabled["unternehmenskonto"]["enabled"]) == (True, False)
    assert enabled["bundid"]["config"]["principalType"] == "ATTRIBUTE"
    assert wanted(plan(shared_realms()[0])).brokers == {}


def test_a_countys_name_is_no_pattern_and_stands_on_the_page() -> None:
    texts = wanted(plan(county_realm("x-kreis", "Kreis d'Est {0}"))).texts
    assert texts["loginAccountTitle"] == "Anmelden bei Kreis d''Est '{'0'}'"


def test_each_difference_is_one_line_that_names_it() -> None:
    state = wanted(plan())
    pages = {**state.clients["kreisbund-pages"], "redirectUris": ["https://evil.example/*"]}
    found = replace(
        state,
        settings={**state.settings, "accessTokenLifespan": 300},
        roles={name: includes for name, includes in state.roles.items() if name != "citizen"},
        clients={**state.clients, "kreisbund-pages": pages, "rogue": {"enabled": True}},
        mappers={**state.mappers, "kreisbund-pages": {**state.mappers["kreisbund-pages"], "forge": {}}},
        people=state.people - {min(state.people)},
    )
    assert differences(state, found) == [
        "setting accessTokenLifespan: is 300, should be 60",
        "role citizen: missing",
        "client rogue: not declared",
        "client kreisbund-pages redirectUris: is ['https://evil.example/*'], should be"
        " ['https://kreisbund.example/session/callback']",
        "client kreisbund-pages: mapper forge: not declared",
        f"account {min(state.people)}: missing",
    ]


@pytest.mark.parametrize(
    "identity",
    [
        'staff_second_factor = "no"',
        "second_factor = true",
        "[identity.bundid]\nsecret = 'x'",
        "[identity.bundid]\nentity_id = 1",
        "bundid = 7",
    ],
)
def test_a_manifest_that_says_it_wrongly_is_refused(identity: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = (manifest.COUNTIES / "nordhausen" / "county.toml").read_text("utf-8")
    path = tmp_path_factory.mktemp("county") / "county.toml"
    path.write_text(f"{text}\n[identity]\n{identity}\n", "utf-8")
    with pytest.raises(manifest.ManifestError, match="wrong type"):
        manifest.load(path)


SAFE = KeycloakFacts(
    base_url="https://kreisbund.example",
    url="https://login.example",
    admin_url="https://admin.internal.example",
    databases=("kreisbund", "postgres"),
    master_admins=(),
    impersonators=(),
    console_answers_in_public=False,
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://login.example"}, "not https"),
        ({"databases": ("kreisbund", "kreisbund_keycloak")}, "database kreisbund_keycloak"),
        ({"master_admins": ("root",)}, "root holds master's role admin"),
        ({"master_admins": None}, "cannot be seen"),
        ({"impersonators": ("root",)}, "root may impersonate"),
        ({"impersonators": None}, "cannot be seen"),
        ({"console_answers_in_public": True}, "public host"),
        ({"admin_url": "https://login.example"}, "public host"),
        ({"admin_url": "https://kreisbund.example/kc"}, "public host"),
    ],
)
def test_production_refuses(change: dict[str, Any], said: str) -> None:
    assert refusals(SAFE) == []
    found = refusals(replace(SAFE, **change))
    assert len(found) == 1
    assert said in found[0]
