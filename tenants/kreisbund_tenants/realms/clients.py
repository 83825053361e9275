"""The clients of a realm and the mappers that put into tokens what the platform reads there."""

from kreisbund_platform.identity.tokens import API_AUDIENCE, DEMO_CLIENT, PAGES_CLIENT
from kreisbund_tenants.realms.plan import RealmPlan, Representation

SERVICE_CLIENT = "kreisbund-service"
BACKCHANNEL_PATH = "/session/backchannel-logout"
# made by Keycloak itself in every realm
BUILT_IN = frozenset(
    ("account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console")
)
# what only an administrator may write into an account, and the claim it becomes
ATTRIBUTES = {"assurance_level": False, "account_kind": False, "home_tenant": False, "units": True}
SCOPES = ("acr", "basic", "profile", "roles")
CLOSED = {
    "enabled": True,
    "publicClient": False,
    "bearerOnly": False,
    "standardFlowEnabled": False,
    "implicitFlowEnabled": False,
    "directAccessGrantsEnabled": False,
    "serviceAccountsEnabled": False,
    "redirectUris": [],
    "webOrigins": [],
}


def clients(plan: RealmPlan) -> dict[str, Representation]:
    """By client id. `admin-cli` is Keycloak's own and would take passwords in every realm: switched off."""
    wanted = [_pages(plan), _client(API_AUDIENCE), _client(SERVICE_CLIENT, serviceAccountsEnabled=True), _admin_cli()]
    if plan.demo:
        wanted.append(_demo())
    return {client["clientId"]: client for client in wanted}


def mappers(plan: RealmPlan) -> dict[str, dict[str, Representation]]:
    """Client to mappers by name. Clients that get tokens for the API get the same."""
    asking = (PAGES_CLIENT, SERVICE_CLIENT, *((DEMO_CLIENT,) if plan.demo else ()))
    listed = [_audience(), _methods(), *(_attribute(name, many=many) for name, many in ATTRIBUTES.items())]
    return {client: {mapper["name"]: mapper for mapper in listed} for client in asking} | {API_AUDIENCE: {}}


def _client(client_id: str, **changes: object) -> Representation:
    scopes = {"defaultClientScopes": list(SCOPES), "optionalClientScopes": []}
    return {
        "clientId": client_id,
        "protocol": "openid-connect",
        **CLOSED,
        "fullScopeAllowed": True,
        **scopes,
        **changes,
    }


def _pages(plan: RealmPlan) -> Representation:
    """Public with PKCE: it runs on our server, but one secret per realm more would guard nothing that PKCE does not."""
    attributes = {
        "pkce.code.challenge.method": "S256",
        "post.logout.redirect.uris": f"{plan.base_url}/",
        "backchannel.logout.url": f"{plan.base_url}{BACKCHANNEL_PATH}",
        "backchannel.logout.session.required": "true",
        "backchannel.logout.revoke.offline.tokens": "true",
    }
    return _client(
        PAGES_CLIENT,
        name="Kreisbund",
        publicClient=True,
        standardFlowEnabled=True,
        redirectUris=[f"{plan.base_url}/session/callback"],
        attributes=attributes,
    )


def _demo() -> Representation:
    """Takes passwords. Without refresh tokens each of its tokens is a login, whose `iat` stands for `auth_time`."""
    attributes = {"use.refresh.tokens": "false"}
    return _client(DEMO_CLIENT, publicClient=True, directAccessGrantsEnabled=True, attributes=attributes)


def _admin_cli() -> Representation:
    return {"clientId": "admin-cli", "enabled": False, "publicClient": True, "directAccessGrantsEnabled": False}


def _audience() -> Representation:
    config = {"included.client.audience": API_AUDIENCE, "access.token.claim": "true", "id.token.claim": "false"}
    return _mapper(API_AUDIENCE, "oidc-audience-mapper", config)


def _methods() -> Representation:
    """`amr`: by what the person proved who they are (RFC 8176); the login flow's lines name themselves."""
    return _mapper("amr", "oidc-amr-mapper", {"access.token.claim": "true", "id.token.claim": "false"})


def _attribute(name: str, *, many: bool) -> Representation:
    """`many`: a list of texts, else one text. Only in access tokens."""
    config = {
        "user.attribute": name,
        "claim.name": name,
        "jsonType.label": "String",
        "multivalued": str(many).lower(),
        "access.token.claim": "true",
        "id.token.claim": "false",
        "userinfo.token.claim": "false",
    }
    return _mapper(name, "oidc-usermodel-attribute-mapper", config)


def _mapper(name: str, kind: str, config: dict[str, str]) -> Representation:
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config}
