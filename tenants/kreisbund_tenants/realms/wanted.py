"""A realm as it should be: everything that `RealmState` lists, and the one document that makes it."""

from collections.abc import Sequence
from typing import Any

from kreisbund_platform.identity.principals import ROLES_OF_REALM, Role
from kreisbund_platform.texts import _
from kreisbund_tenants.demo.people import DemoPerson
from kreisbund_tenants.realms import brokers, clients, second_factor
from kreisbund_tenants.realms.plan import RealmPlan, RealmState, Representation

LANGUAGE = "de"
# A role that is taken away, or an account that is disabled, counts once this token has ended (design, section 3).
ACCESS_TOKEN_SECONDS = 60
IDLE_SECONDS = 30 * 60
LONGEST_SESSION_SECONDS = 10 * 60 * 60
EVENTS_KEPT_SECONDS = 90 * 24 * 60 * 60
PASSWORD_POLICY = "length(12) and maxLength(128) and notUsername(undefined) and notEmail(undefined)"  # noqa: S105
PRODUCTION_POLICY = f"{PASSWORD_POLICY} and passwordHistory(5)"


def wanted(plan: RealmPlan) -> RealmState:
    """The realm of a plan."""
    return RealmState(
        settings=_settings(plan),
        roles=_roles(plan),
        clients=clients.clients(plan),
        mappers=clients.mappers(plan),
        brokers=brokers.brokers(plan),
        broker_mappers=brokers.broker_mappers(plan),
        profile=_profile(),
        texts=_texts(plan),
        flow=second_factor.flow(plan),
        people=frozenset(person.username for person in plan.people),
    )


def document(plan: RealmPlan, accounts: Sequence[Representation] = ()) -> dict[str, Any]:
    """The realm for Keycloak's import, in one request; the login flow follows, because import would drop the others.

    `accounts` come from an export; a demonstration's person among them keeps the known password.
    """
    state = wanted(plan)
    people = {person.username: user_document(person) for person in plan.people}
    people |= {each["username"]: people.get(each["username"], {}) | dict(each) for each in accounts}
    settings = {name: value for name, value in state.settings.items() if name != "browserFlow"}
    return settings | {
        "roles": {"realm": [role_document(name, includes) for name, includes in state.roles.items()]},
        "clients": [
            {**client, "protocolMappers": list(state.mappers.get(client_id, {}).values())}
            for client_id, client in state.clients.items()
        ],
        "identityProviders": list(state.brokers.values()),
        "identityProviderMappers": [one for each in state.broker_mappers.values() for one in each.values()],
        "users": list(people.values()),
        "localizationTexts": {LANGUAGE: dict(state.texts)},
    }


def role_document(name: str, includes: frozenset[str]) -> Representation:
    """A role with the roles it includes."""
    return {"name": name, "composite": bool(includes), "composites": {"realm": sorted(includes)}}


def user_document(person: DemoPerson) -> dict[str, Any]:
    """A demonstration account. Its `id` becomes the token's `sub`, as at the demo issuer; an import honours it.

    Names and an address are there because the password grant refuses accounts that lack them.
    """
    given, family = person.name.split(" ", 1)
    attributes = {"assurance_level": [person.assurance_level.value], "account_kind": ["person"]}
    return {
        "id": person.subject,
        "username": person.username,
        "enabled": True,
        "email": f"{person.username}@{person.realm}.example",
        "emailVerified": True,
        "firstName": given,
        "lastName": family,
        "attributes": attributes | ({"home_tenant": [person.home_tenant]} if person.home_tenant else {}),
        "credentials": [{"type": "password", "value": person.password, "temporary": False}],
        "realmRoles": [person.role.value, f"default-roles-{person.realm}"],
    }


def _settings(plan: RealmPlan) -> Representation:
    return {
        "realm": plan.name,
        "enabled": True,
        "displayName": plan.title,
        "browserFlow": second_factor.flow_name(plan),
        "sslRequired": "external" if plan.demo else "all",
        "internationalizationEnabled": True,
        "supportedLocales": [LANGUAGE],
        "defaultLocale": LANGUAGE,
        **_account_rules(plan),
        **_lifetimes(),
        **_record(),
    }


def _account_rules(plan: RealmPlan) -> Representation:
    """Nobody registers here: staff are entered, citizens come through a broker. Guessing locks for up to 15 min."""
    return {
        "registrationAllowed": False,
        "editUsernameAllowed": False,
        "rememberMe": False,
        "duplicateEmailsAllowed": False,
        "passwordPolicy": PASSWORD_POLICY if plan.demo else PRODUCTION_POLICY,
        "bruteForceProtected": True,
        "permanentLockout": False,
        "failureFactor": 5,
        "waitIncrementSeconds": 60,
        "maxFailureWaitSeconds": 900,
        "webAuthnPolicyRpEntityName": "Kreisbund",
        "webAuthnPolicyUserVerificationRequirement": "required",
    }


def _lifetimes() -> Representation:
    return {
        "accessTokenLifespan": ACCESS_TOKEN_SECONDS,
        "ssoSessionIdleTimeout": IDLE_SECONDS,
        "ssoSessionMaxLifespan": LONGEST_SESSION_SECONDS,
        "offlineSessionMaxLifespanEnabled": True,
        "offlineSessionMaxLifespan": LONGEST_SESSION_SECONDS,
    }


def _record() -> Representation:
    """Logins and changes are recorded; not their contents, which would be personal data."""
    return {
        "eventsEnabled": True,
        "eventsExpiration": EVENTS_KEPT_SECONDS,
        "adminEventsEnabled": True,
        "adminEventsDetailsEnabled": False,
    }


def _roles(plan: RealmPlan) -> dict[str, frozenset[str]]:
    marks: dict[str, frozenset[str]] = {}
    if plan.second_factor:
        marks = dict.fromkeys((second_factor.ONE_TIME_CODE_ROLE, second_factor.SECURITY_KEY_ROLE), frozenset())
    ours = sorted(ROLES_OF_REALM[plan.kind], key=list(Role).index)
    return marks | {role.value: second_factor.included(plan, role) for role in ours}


def _profile() -> dict[str, Representation]:
    """Attributes of an account by name. What becomes a claim is for administrators alone, to read and to write."""
    everybody = {"view": ["admin", "user"], "edit": ["admin", "user"]}
    admin = {"view": ["admin"], "edit": ["admin"]}
    own = {name: {"name": name, "permissions": everybody} for name in ("username", "email", "firstName", "lastName")}
    return own | {
        name: {"name": name, "permissions": admin, "multivalued": many} for name, many in clients.ATTRIBUTES.items()
    }


def _texts(plan: RealmPlan) -> dict[str, str]:
    """What Keycloak's own pages say in German, with the county's name."""
    title = _pattern(plan.title)
    return {
        "loginAccountTitle": _("Anmelden bei {name}").format(name=title),
        "loginTitle": _("Anmelden bei {name}").format(name=title),
        "loginTitleHtml": title,
        "doLogIn": _("Anmelden"),
    }


def _pattern(text: str) -> str:
    """The text as java.text.MessageFormat prints it: quotes doubled, braces quoted."""
    return "".join({"'": "''", "{": "'{'", "}": "'}'"}.get(letter, letter) for letter in text)
