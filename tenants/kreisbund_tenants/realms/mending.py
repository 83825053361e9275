"""Brings a realm to what is wanted, piece by piece; touches only what differs.

Accounts and clients that somebody added are left for a person, but the password grant is taken away and foreign
mappers go: such a mapper could write any claim.
"""

import json
from collections.abc import Mapping
from typing import Any

from kreisbund_tenants.realms import second_factor
from kreisbund_tenants.realms.comparing import password_grants, subset
from kreisbund_tenants.realms.keycloak import answered
from kreisbund_tenants.realms.plan import FlowStep, RealmPlan, RealmState, Representation
from kreisbund_tenants.realms.wanted import LANGUAGE, role_document, user_document

Named = Mapping[str, Representation]


def mend(admin: Any, plan: RealmPlan, wanted: RealmState, found: RealmState) -> None:
    """Everything of the realm that `admin` works in. Order matters: a flow stands before the realm uses it."""
    if wanted.flow and wanted.flow != found.flow:
        _build_flow(admin, wanted.flow, standing=bool(found.flow))
    _mend_settings(admin, wanted, found)
    _mend_roles(admin, wanted, found)
    for name in password_grants(found):
        if name not in wanted.clients:
            admin.update_client(found.clients[name]["id"], {"directAccessGrantsEnabled": False})
    for name, client in wanted.clients.items():
        _mend_client(admin, client, found.clients.get(name), wanted.mappers.get(name, {}))
    _mend_brokers(admin, wanted, found)
    _mend_profile(admin, wanted, found)
    _mend_texts(admin, wanted, found)
    _add_people(admin, plan, found)


def _mend_settings(admin: Any, wanted: RealmState, found: RealmState) -> None:
    if any(subset(wanted.settings, found.settings, "")):
        admin.update_realm(admin.get_current_realm(), dict(wanted.settings))


def _mend_roles(admin: Any, wanted: RealmState, found: RealmState) -> None:
    """First those that include nothing, so that the others find them."""
    for name, includes in sorted(wanted.roles.items(), key=lambda each: bool(each[1])):
        if name not in found.roles:
            admin.create_realm_role(dict(role_document(name, frozenset())), skip_exists=True)
        there = found.roles.get(name, frozenset())
        if more := includes - there:
            admin.add_composite_realm_roles_to_role(name, [admin.get_realm_role(role) for role in more])
        if less := there - includes:
            admin.remove_composite_realm_roles_to_role(name, [admin.get_realm_role(role) for role in less])


def _mend_client(admin: Any, client: Representation, found: Representation | None, mappers: Named) -> None:
    if found is None:
        admin.create_client({**client, "protocolMappers": list(mappers.values())})
        return
    if any(subset(client, found, "")):
        admin.update_client(found["id"], {**found, **client, **_attributes(client, found)})
        _mend_scopes(admin, client, found)
    if "redirectUris" in client:  # Keycloak's own clients keep their mappers
        _mend_mappers(admin, found, mappers)


def _attributes(client: Representation, found: Representation) -> Representation:
    return {"attributes": {**found.get("attributes", {}), **client.get("attributes", {})}}


def _mend_scopes(admin: Any, client: Representation, found: Representation) -> None:
    """An update of a client leaves its scopes as they are."""
    ids = {scope["name"]: scope["id"] for scope in admin.get_client_scopes()}
    for field, add, remove in (
        ("optionalClientScopes", admin.add_client_optional_client_scope, admin.delete_client_optional_client_scope),
        ("defaultClientScopes", admin.add_client_default_client_scope, admin.delete_client_default_client_scope),
    ):
        want, there = set(client.get(field, found[field])), set(found[field])
        for name in there - want:
            remove(found["id"], ids[name])
        for name in want - there:
            add(found["id"], ids[name], {})


def _mend_mappers(admin: Any, found: Representation, wanted: Named) -> None:
    there = {mapper["name"]: mapper for mapper in found.get("protocolMappers", [])}
    for name, mapper in there.items():
        if name not in wanted:
            admin.remove_client_mapper(found["id"], mapper["id"])
    for name, mapper in wanted.items():
        if name not in there:
            admin.add_mapper_to_client(found["id"], dict(mapper))
        elif any(subset(mapper, there[name], "")):
            admin.update_client_mapper(found["id"], there[name]["id"], {**there[name], **mapper})


def _mend_brokers(admin: Any, wanted: RealmState, found: RealmState) -> None:
    for alias in set(found.brokers) - set(wanted.brokers):
        admin.delete_idp(alias)
    for alias, broker in wanted.brokers.items():
        if alias not in found.brokers:
            admin.create_idp(dict(broker))
        elif any(subset(broker, found.brokers[alias], "")):
            admin.update_idp(alias, {**found.brokers[alias], **broker})
        _mend_broker_mappers(admin, alias, wanted.broker_mappers[alias], found.broker_mappers.get(alias, {}))


def _mend_broker_mappers(admin: Any, alias: str, wanted: Named, found: Named) -> None:
    for name, mapper in found.items():
        if name not in wanted:
            address = f"admin/realms/{admin.get_current_realm()}/identity-provider/instances/{alias}/mappers/"
            answered(admin.connection.raw_delete(f"{address}{mapper['id']}"))
    for name, mapper in wanted.items():
        if name not in found:
            admin.add_mapper_to_idp(alias, dict(mapper))
        elif any(subset(mapper, found[name], "")):
            admin.update_mapper_in_idp(alias, found[name]["id"], {**found[name], **mapper})


def _mend_profile(admin: Any, wanted: RealmState, found: RealmState) -> None:
    if set(wanted.profile) != set(found.profile) or any(subset(wanted.profile, found.profile, "")):
        admin.update_realm_users_profile({"attributes": list(wanted.profile.values()), "groups": []})


def _mend_texts(admin: Any, wanted: RealmState, found: RealmState) -> None:
    if any(subset(wanted.texts, found.texts, "")):
        address = f"admin/realms/{admin.get_current_realm()}/localization/{LANGUAGE}"
        answered(admin.connection.raw_post(address, data=json.dumps(dict(wanted.texts))))


def _add_people(admin: Any, plan: RealmPlan, found: RealmState) -> None:
    """Who is missing. Outside of an import Keycloak gives ids itself: their `sub` is then another than elsewhere."""
    for person in plan.people:
        if person.username not in found.people:
            document = user_document(person)
            roles = document.pop("realmRoles")
            user_id = admin.create_user(document)
            admin.assign_realm_roles(user_id, [admin.get_realm_role(role) for role in roles])


def _build_flow(admin: Any, steps: tuple[FlowStep, ...], *, standing: bool) -> None:
    if standing:
        _drop_flow(admin)
    admin.create_authentication_flow(
        {"alias": second_factor.FLOW, "providerId": "basic-flow", "topLevel": True, "builtIn": False}
    )
    parents = [second_factor.FLOW]
    for step in steps:
        parents = parents[: step.level + 1]
        if second_factor.is_sub_flow(step):
            admin.create_authentication_flow_subflow({"alias": step.name, "type": "basic-flow"}, parents[-1])
            parents.append(step.name)
        else:
            admin.create_authentication_flow_execution({"provider": step.name}, parents[-1])
    _set_requirements(admin, steps)


def _drop_flow(admin: Any) -> None:
    """A flow in use cannot be dropped: meanwhile the realm uses Keycloak's own."""
    admin.update_realm(admin.get_current_realm(), {"browserFlow": second_factor.BUILT_IN_FLOW})
    flows = {each["alias"]: each["id"] for each in admin.get_authentication_flows()}
    admin.delete_authentication_flow(flows[second_factor.FLOW])


def _set_requirements(admin: Any, steps: tuple[FlowStep, ...]) -> None:
    """Each line is made switched off; now its requirement, and its configuration."""
    lines = admin.get_authentication_flow_executions(second_factor.FLOW)
    for step, line in zip(steps, lines, strict=True):
        admin.update_authentication_flow_executions({**line, "requirement": step.requirement}, second_factor.FLOW)
        if config := second_factor.configuration(step):
            admin.create_execution_config(line["id"], config)
