import base64
import json
import threading
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.identity.issuer_keys import IssuerUnavailable
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.identity.tokens import TokenChecker, TokenRefused
from tests.support.waiting import until

from .conftest import UNIT, Issuer, ListedIssuers, tenant_named


def refusal(checker: TokenChecker, token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        checker.check(token)
    return refused.value.code


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_good_token_names_a_person_of_its_issuers_county(checker, issuer, claims, listed):
    principal = checker.check(issuer.token(claims | {"units": ["schulverwaltung", "elsewhere"]}))
    assert principal.tenant == listed.tenant
    assert principal.roles == {Role.CASEWORKER}
    assert (principal.name, principal.assurance_level, principal.units) == ("Anna Berg", "high", (UNIT,))


def test_a_realm_vouches_for_its_own_roles_only(checker, issuer, claims):
    every = {"realm_access": {"roles": [role.value for role in Role]}}
    in_county = checker.check(issuer.token(claims | every | {"home_tenant": "wartburgkreis"}))
    assert not in_county.roles & {Role.OPERATOR, Role.GRANTING_AUTHORITY, Role.SERVICE_TEAM_LEAD, Role.TOPIC_LEAD}
    assert in_county.home_tenant is None
    issuer.address = "https://id.example/realms/service-team"
    in_team = checker.check(issuer.token(claims | every | {"iss": issuer.address, "home_tenant": "wartburgkreis"}))
    assert in_team.roles == {Role.TOPIC_LEAD, Role.SERVICE_TEAM_LEAD}
    assert (in_team.tenant, in_team.home_tenant) == (None, "wartburgkreis")


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another-api"},
        {"aud": []},
        {"aud": None},
        {"azp": "another-client"},
        {"azp": None},
        {"azp": ["kreisbund-pages"]},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\x00b"},
        {"sub": "x" * 256},
        {"sub": None},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": 1e300},
        {"exp": True},
    ],
)
def test_a_token_with_one_wrong_claim_is_refused(checker, issuer, claims, change: dict[str, Any]):
    wrong = {name: value for name, value in (claims | change).items() if value is not None}
    assert refusal(checker, issuer.token(wrong))


@pytest.mark.parametrize(("claim", "seconds"), [("nbf", 31), ("iat", 31)])
def test_beginnings_hold_with_thirty_seconds_of_leeway(checker, issuer, claims, clock, claim: str, seconds: int):
    now = int(clock.now().timestamp())
    assert refusal(checker, issuer.token(claims | {claim: now + seconds}))
    assert checker.check(issuer.token(claims | {claim: now + seconds - 2}))


def test_the_end_holds_to_the_second(checker, issuer, claims, clock):
    now = int(clock.now().timestamp())
    assert refusal(checker, issuer.token(claims | {"exp": now})) == "EXPIRY"
    assert checker.check(issuer.token(claims | {"exp": now + 1}))


def test_an_unknown_issuer_is_refused_without_a_network_call(checker, issuer, claims):
    for address in ("https://evil.example", "", None, ["https://id.example/realms/nordhausen"], 5):
        assert refusal(checker, issuer.token(claims | {"iss": address})) == "UNKNOWN_ISSUER"
    assert issuer.asked == []


def test_another_countys_realm_cannot_vouch_here(listed, claims, clock, rsa_key):
    other = Issuer("https://id.example/realms/wartburgkreis", [RSAKey.generate_key(2048, auto_kid=True)])
    own = Issuer("https://id.example/realms/nordhausen", [rsa_key])
    both = {own.address: own, other.address: other}
    checker = TokenChecker(
        listed,
        "kreisbund-api",
        clock,
        fetch=lambda url: both[url.split("/.well-known")[0].removesuffix("/certs")].fetch(url),
    )
    assert refusal(checker, other.token(claims)) == "UNKNOWN_KEY"
    forged = other.token(claims, header={"kid": own.keys[0].kid})
    assert refusal(checker, forged) == "BadSignatureError"


def test_unsigned_and_symmetric_tokens_are_refused(checker, issuer, claims):
    kid = issuer.keys[0].kid
    assert refusal(checker, f"{b64({'alg': 'none', 'kid': kid})}.{b64(claims)}.") == "ALGORITHM"
    signed = f"{b64({'alg': 'HS256', 'kid': kid})}.{b64(claims)}"
    mac = hmac.HMAC(issuer.keys[0].as_pem(private=False), hashes.SHA256())
    mac.update(signed.encode())
    confused = f"{signed}.{base64.urlsafe_b64encode(mac.finalize()).rstrip(b'=').decode()}"
    assert refusal(checker, confused) == "ALGORITHM"


def test_a_key_that_nobody_announced_raises_an_alarm_and_an_announced_one_none(listed, issuer, claims, clock):
    raised = []
    entry = listed.by_issuer(issuer.address)
    for record, expected in ((None, []), ({issuer.keys[0].kid}, []), (set(), [(issuer.address, issuer.keys[0].kid)])):
        announced = None if record is None else frozenset(record)
        registry = SimpleNamespace(
            by_issuer=lambda _issuer, known=announced: replace(entry, announced=known), units_of=listed.units_of
        )
        checker = TokenChecker(
            registry, "kreisbund-api", clock, fetch=issuer.fetch, alarm=lambda *found: raised.append(found)
        )
        assert checker.check(issuer.token(claims)).subject == claims["sub"]
        with pytest.raises(TokenRefused):
            checker.check(issuer.token(claims | {"exp": 1}))  # what proves nothing alarms nobody
        assert raised == expected


def test_the_algorithm_must_fit_the_published_key(checker, issuer, claims):
    curve = ECKey.generate_key("P-256")
    token = jwt.encode({"alg": "ES256", "kid": issuer.keys[0].kid}, claims, curve)
    assert refusal(checker, token)


@pytest.mark.parametrize("kid", ["../../etc/passwd", "http://evil.example/key", "", "x" * 201, None, 5])
def test_a_key_id_is_looked_up_and_nothing_else(checker, issuer, claims, kid):
    header = {"alg": "RS256", "kid": kid, "jku": "http://evil.example/jwks", "jwk": {"kty": "oct", "k": "AA"}}
    good = issuer.token(claims)
    forged = f"{b64(header)}.{good.split('.', 1)[1]}"
    assert refusal(checker, forged) in ("UNKNOWN_KEY", "NO_KEY_ID")
    assert all(url.startswith(issuer.address) for url in issuer.asked)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "....",
        "ä.ö.ü",
        "e30.e30.",
        "\x00.\x00.\x00",
        "W10.W10.x",
        "bnVsbA.e30.x",
        "🦉",
        "\ud800",
    ],
)
def test_garbage_is_refused(checker, token: str):
    assert refusal(checker, token)


def test_deep_and_huge_tokens_are_refused(checker, issuer, claims):
    deep = base64.urlsafe_b64encode(b"[" * 11000).decode().rstrip("=")
    assert refusal(checker, f"{deep}.{deep}.x") == "TOO_LONG"
    nested = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")
    assert refusal(checker, f"{nested}.e30.x") == "MALFORMED"
    assert refusal(checker, issuer.token(claims | {"pad": "x" * 16_384})) == "TOO_LONG"


def test_a_critical_header_is_not_ignored(checker, issuer, claims):
    body = issuer.token(claims).split(".", 1)[1]
    header = {"alg": "RS256", "kid": issuer.keys[0].kid, "crit": ["exp"]}
    assert refusal(checker, f"{b64(header)}.{body}") == "ALGORITHM"


def test_a_new_key_is_found_but_unknown_ones_ask_only_every_ten_seconds(checker, issuer, claims, clock):
    checker.check(issuer.token(claims))
    asked = len(issuer.asked)
    issuer.keys = [RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)]
    assert checker.check(issuer.token(claims)).name == "Anna Berg", "though the keys were fetched this moment"
    assert len(issuer.asked) == asked + 2
    strange = RSAKey.generate_key(2048, auto_kid=True)
    for seconds in (0, 1, 8.9):
        claims = later_by(clock, claims, seconds=seconds)
        assert refusal(checker, issuer.token(claims, key=strange)) == "UNKNOWN_KEY"
    assert len(issuer.asked) == asked + 2
    claims = later_by(clock, claims, seconds=0.2)
    assert refusal(checker, issuer.token(claims, key=strange)) == "UNKNOWN_KEY"
    assert len(issuer.asked) == asked + 4


def later_by(clock: ManualClock, claims, **time: float):
    clock.set(clock.now() + timedelta(**time))
    return claims | {"exp": int(clock.now().timestamp()) + 300}


def test_keys_are_fetched_anew_behind_who_comes_often_and_nobody_waits(checker, issuer, claims, clock):
    checker.check(issuer.token(claims))
    asked, answer = len(issuer.asked), threading.Event()
    fetch = issuer.fetch
    checker._issuers[issuer.address]._fetch = lambda url: answer.wait(10) and fetch(url)
    old, issuer.keys = issuer.keys, [RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)]
    for minutes in (6, 0.1, 0.1):
        claims = later_by(clock, claims, minutes=minutes)
        assert checker.check(issuer.token(claims, key=old[0])), "while the issuer thinks"
    assert len(issuer.asked) == asked
    answer.set()
    until(lambda: len(issuer.asked) == asked + 2)
    until(lambda: refusal(checker, issuer.token(later_by(clock, claims, seconds=1), key=old[0])) == "UNKNOWN_KEY")


def test_keys_of_ten_minutes_are_fetched_before(checker, issuer, claims, clock):
    checker.check(issuer.token(claims))
    old, issuer.keys = issuer.keys, [RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)]
    claims = later_by(clock, claims, minutes=10)
    assert refusal(checker, issuer.token(claims, key=old[0])) == "UNKNOWN_KEY"


def test_known_keys_outlive_a_silent_issuer_for_a_day(checker, issuer, claims, clock: ManualClock):
    checker.check(issuer.token(claims))
    issuer.down = True
    clock.set(clock.now() + timedelta(hours=23, minutes=59))
    later = claims | {"exp": int(clock.now().timestamp()) + 300}
    assert checker.check(issuer.token(later))
    assert checker.keys_state().ready
    clock.set(clock.now() + timedelta(minutes=2))
    with pytest.raises(IssuerUnavailable):
        checker.check(issuer.token(later | {"jti": "2"}))
    assert checker.keys_state().unavailable == (issuer.address,)


def test_an_issuer_that_never_answered_is_unavailable_and_recovers(checker, issuer, claims, clock):
    issuer.down = True
    with pytest.raises(IssuerUnavailable):
        checker.check(issuer.token(claims))
    asked = len(issuer.asked)
    with pytest.raises(IssuerUnavailable):
        checker.check(issuer.token(claims))
    assert len(issuer.asked) == asked
    issuer.down = False
    clock.set(clock.now() + timedelta(seconds=3))
    assert checker.check(issuer.token(claims))


@pytest.mark.parametrize(
    "fault", [{"claims_to_be": "https://id.example/realms/wartburgkreis"}, {"keys_at": "http://169.254.169.254/keys"}]
)
def test_discovery_that_speaks_for_others_is_not_believed(checker, issuer, claims, fault: dict[str, str]):
    for name, value in fault.items():
        setattr(issuer, name, value)
    with pytest.raises(IssuerUnavailable):
        checker.check(issuer.token(claims))
    assert all(url.startswith(issuer.address) for url in issuer.asked)


def test_weak_and_symmetric_published_keys_do_not_count(checker, issuer, claims, clock):
    class Weak(Issuer):
        def fetch(self, url: str) -> Any:
            answer = super().fetch(url)
            if "keys" in answer:
                return {"keys": [{"kty": "oct", "kid": self.keys[0].kid, "k": "c2VjcmV0"}]}
            return answer

    weak = Weak(issuer.address, issuer.keys)
    strict = TokenChecker(ListedIssuers(), "kreisbund-api", clock, fetch=weak.fetch)  # type: ignore[arg-type]
    with pytest.raises(IssuerUnavailable):
        strict.check(issuer.token(claims))


def test_a_remembered_check_ends_with_the_token_and_sees_a_suspension(checker, issuer, claims, clock, listed):
    token = issuer.token(claims | {"exp": int(clock.now().timestamp()) + 10})
    checker.check(token)
    suspended = tenant_named("nordhausen", "SUSPENDED")
    entry = listed.entries[issuer.address]
    listed.entries[issuer.address] = type(entry)(entry.issuer, entry.realm, entry.kind, suspended)
    assert checker.check(token).tenant == suspended
    clock.set(clock.now() + timedelta(seconds=41))
    assert refusal(checker, token) == "ExpiredTokenError"


@pytest.fixture
def lasting(claims, clock):
    """Claims of an hour: long enough to be checked again."""
    return claims | {"exp": int((clock.now() + timedelta(hours=1)).timestamp())}


def without_signatures(monkeypatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("the signature is checked again")

    monkeypatch.setattr("kreisbund_platform.identity.tokens.jwt.decode", refuse)


def test_a_signature_that_held_is_not_checked_again_while_its_key_is_published(
    checker, issuer, lasting, clock, monkeypatch
):
    token = issuer.token(lasting)
    first = checker.check(token)
    without_signatures(monkeypatch)
    for _minute in range(4):
        clock.set(clock.now() + timedelta(seconds=61))
        assert checker.remembered(token) is first
    issuer.keys = [type(issuer.keys[0]).import_key(issuer.keys[0].as_dict())]  # the same key, fetched once more
    clock.set(clock.now() + timedelta(seconds=61))
    assert checker.remembered(token) is first
    until(lambda: checker._issuers[issuer.address]._published.fetched_at == clock.now())
    clock.set(clock.now() + timedelta(seconds=61))
    assert checker.remembered(token) is first


def test_a_remembered_check_ends_when_the_key_is_withdrawn(checker, issuer, lasting, clock):
    token = issuer.token(lasting)
    checker.check(token)
    issuer.keys = [RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)]
    clock.set(clock.now() + timedelta(minutes=11))
    assert checker.remembered(token) is None
    assert refusal(checker, token) == "UNKNOWN_KEY"


def test_another_key_of_the_same_id_is_not_the_key_that_it_held_for(checker, issuer, lasting, clock):
    token, kid = issuer.token(lasting), issuer.keys[0].kid
    checker.check(token)
    issuer.keys = [RSAKey.generate_key(2048, {"use": "sig", "kid": kid})]
    clock.set(clock.now() + timedelta(minutes=11))
    assert refusal(checker, token) == "BadSignatureError"


def test_a_check_once_more_sees_the_end_and_the_units(checker, issuer, lasting, clock, listed, monkeypatch):
    token = issuer.token(lasting | {"units": ["kfz", "bau"]})
    before = checker.check(token)
    unit = uuid4()
    monkeypatch.setattr(listed, "units_of", lambda _tenant: {"bau": unit})
    assert checker.remembered(token) is before, "for a minute"
    clock.set(clock.now() + timedelta(seconds=61))
    without_signatures(monkeypatch)
    assert checker.remembered(token).units == (unit,)
    monkeypatch.undo()
    clock.set(clock.now() + timedelta(hours=1))
    assert checker.remembered(token) is None
    assert refusal(checker, token)


def test_an_id_token_answers_one_login_only(checker, issuer, claims):
    identity = claims | {"aud": "kreisbund-pages", "typ": "ID", "nonce": "n1"}
    assert checker.check_id_token(issuer.token(identity), "kreisbund-pages", "n1") == (claims["sub"], None)
    for wrong in (identity | {"nonce": "n2"}, identity | {"typ": "Bearer"}, identity | {"azp": "other"}):
        with pytest.raises(TokenRefused):
            checker.check_id_token(issuer.token(wrong), "kreisbund-pages", "n1")
