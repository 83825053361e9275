"""Identity providers that a county's citizens come from: BundID and Mein Unternehmenskonto, both SAML 2.0.

They stand in every county's realm, disabled until the manifest names address, entity and certificate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_platform.identity.principals import AccountKind, RealmKind, Role
from kreisbund_tenants.manifest import BROKER_KEYS
from kreisbund_tenants.realms.plan import RealmPlan, Representation

# Keycloak asks for an address even of a disabled provider; nothing answers under .invalid (RFC 6761)
NOWHERE = "https://not-filled-in.invalid/"


@dataclass(frozen=True)
class Broker:
    """`principal` is the attribute that names a person for ever: the NameID is transient and new at each login."""

    alias: str
    title: str
    principal: str
    account_kind: AccountKind
    attributes: Mapping[str, str]


BROKERS = (
    Broker("bundid", "BundID", "bPK2", AccountKind.PERSON, {"givenName": "firstName", "surname": "lastName"}),
    Broker(
        "unternehmenskonto",
        "Mein Unternehmenskonto",
        "ElsterDatenkranzId",
        AccountKind.ORGANISATION,
        {"Vorname": "firstName", "Name": "lastName"},
    ),
)


def brokers(plan: RealmPlan) -> dict[str, Representation]:
    """By alias; none but in a county's realm."""
    if plan.kind is not RealmKind.COUNTY:
        return {}
    return {broker.alias: _provider(broker, plan.identity.get(broker.alias, {})) for broker in BROKERS}


def broker_mappers(plan: RealmPlan) -> dict[str, dict[str, Representation]]:
    """Provider to mappers by name: everyone from there is a citizen, with a name and a kind of account."""
    if plan.kind is not RealmKind.COUNTY:
        return {}
    return {broker.alias: {mapper["name"]: mapper for mapper in _mappers(broker)} for broker in BROKERS}


def _provider(broker: Broker, given: Mapping[str, Any]) -> Representation:
    return {
        "alias": broker.alias,
        "displayName": broker.title,
        "providerId": "saml",
        "enabled": all(given.get(name) for name in BROKER_KEYS),
        "trustEmail": False,
        "storeToken": False,
        "config": _saml(broker, given),
    }


def _saml(broker: Broker, given: Mapping[str, Any]) -> dict[str, str]:
    """A transient NameID needs the principal's type ATTRIBUTE, or Keycloak answers 400."""
    return {
        "singleSignOnServiceUrl": given.get("single_sign_on_url", NOWHERE),
        "idpEntityId": given.get("entity_id", NOWHERE),
        "signingCertificate": given.get("signing_certificate", ""),
        "nameIDPolicyFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        "principalType": "ATTRIBUTE",
        "principalAttribute": broker.principal,
        "postBindingAuthnRequest": "true",
        "postBindingResponse": "true",
        "validateSignature": "true",
        "wantAssertionsSigned": "true",
        "wantAuthnRequestsSigned": "true",
        "signatureAlgorithm": "RSA_SHA256",
        "syncMode": "FORCE",
    }


def _mappers(broker: Broker) -> list[Representation]:
    role = {"role": Role.CITIZEN.value, "syncMode": "INHERIT"}
    kind = {"attribute": "account_kind", "attribute.value": broker.account_kind.value, "syncMode": "INHERIT"}
    return [
        _mapper(broker, "citizen", "oidc-hardcoded-role-idp-mapper", role),
        _mapper(broker, "account_kind", "hardcoded-attribute-idp-mapper", kind),
        *(_name(broker, theirs, ours) for theirs, ours in broker.attributes.items()),
    ]


def _name(broker: Broker, theirs: str, ours: str) -> Representation:
    config = {"attribute.friendly.name": theirs, "user.attribute": ours, "syncMode": "INHERIT"}
    return _mapper(broker, ours, "saml-user-attribute-idp-mapper", config)


def _mapper(broker: Broker, name: str, kind: str, config: dict[str, str]) -> Representation:
    return {"name": name, "identityProviderAlias": broker.alias, "identityProviderMapper": kind, "config": config}
