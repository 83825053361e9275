"""Reads a realm as it stands into the shape of a wanted one."""

from typing import Any

from kreisbund_tenants.realms import second_factor
from kreisbund_tenants.realms.keycloak import answered
from kreisbund_tenants.realms.plan import FlowStep, RealmState, Representation
from kreisbund_tenants.realms.wanted import LANGUAGE


def found(admin: Any, state: RealmState) -> RealmState:
    """The realm that `admin` works in. `state` is the wanted one: what it does not speak of need not be asked for."""
    realm = admin.get_current_realm()
    listed = {client["clientId"]: client for client in admin.get_clients()}
    brokers = {broker["alias"]: broker for broker in admin.get_idps()}
    return RealmState(
        settings=admin.get_realm(realm),
        roles=_roles(admin, state),
        clients=listed,
        mappers={name: _by_name(client.get("protocolMappers", [])) for name, client in listed.items()},
        brokers=brokers,
        broker_mappers={alias: _by_name(admin.get_idp_mappers(alias)) for alias in brokers},
        profile=_by_name(admin.get_realm_users_profile()["attributes"]),
        texts=texts(admin),
        flow=flow(admin) if _has_flow(admin) else (),
        people=frozenset(user["username"] for user in admin.get_users({"briefRepresentation": True}))
        if state.people
        else frozenset(),
    )


def _by_name(entries: list[Any]) -> dict[str, Representation]:
    return {entry["name"]: entry for entry in entries}


def _roles(admin: Any, state: RealmState) -> dict[str, frozenset[str]]:
    names = [role["name"] for role in admin.get_realm_roles()]
    return {name: included(admin, name) for name in names if name in state.roles}


def included(admin: Any, role: str) -> frozenset[str]:
    """The realm roles that a role includes."""
    return frozenset(each["name"] for each in admin.get_composite_realm_roles_of_role(role))


def texts(admin: Any) -> dict[str, str]:
    """The realm's own German texts."""
    address = f"admin/realms/{admin.get_current_realm()}/localization/{LANGUAGE}"
    return dict(answered(admin.connection.raw_get(address)))


def _has_flow(admin: Any) -> bool:
    return any(each["alias"] == second_factor.FLOW for each in admin.get_authentication_flows())


def flow(admin: Any) -> tuple[FlowStep, ...]:
    """The lines of our login flow."""
    return tuple(_step(admin, line) for line in admin.get_authentication_flow_executions(second_factor.FLOW))


def _step(admin: Any, line: Representation) -> FlowStep:
    name = line["displayName"] if line.get("authenticationFlow") else line["providerId"]
    role = method = None
    if config_id := line.get("authenticationConfig"):
        kept = admin.get_authenticator_config(config_id)
        role = kept["config"].get("condUserRole")
        # Keycloak shows asterisks for the value itself
        method = second_factor.method_named(kept["alias"]) if "default.reference.value" in kept["config"] else None
    return FlowStep(line["level"], name, line["requirement"], role, method)
