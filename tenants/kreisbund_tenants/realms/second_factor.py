"""The second factor of staff: which roles need which, and the login flow that asks for it.

A role includes one of two marking roles; the flow has a condition on each. Citizens have neither.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from kreisbund_platform.identity.principals import COUNTY_STAFF, ROLES_OF_REALM, RealmKind, Role
from kreisbund_tenants.realms.plan import FlowStep, RealmPlan

ONE_TIME_CODE_ROLE = "needs_one_time_code"
SECURITY_KEY_ROLE = "needs_security_key"
# as long as a session at most: how old a login is says auth_time
AMR_HOLDS_SECONDS = 10 * 60 * 60
METHOD_ALIAS = "kreisbund-amr-"
BUILT_IN_FLOW = "browser"
FLOW = "kreisbund-browser"
FORMS, SECURITY_KEY, ONE_TIME_CODE = "kreisbund-forms", "kreisbund-security-key", "kreisbund-one-time-code"
CONDITION = "conditional-user-role"
# WebAuthn: who can change a deployment, all counties' templates or a county's accounts
SECURITY_KEY_HOLDERS = (
    ROLES_OF_REALM[RealmKind.OPERATIONS] | ROLES_OF_REALM[RealmKind.SERVICE_TEAM] | {Role.COUNTY_ADMIN}
)
OTHER_STAFF = (COUNTY_STAFF | ROLES_OF_REALM[RealmKind.STATE]) - SECURITY_KEY_HOLDERS


def included(plan: RealmPlan, role: Role) -> frozenset[str]:
    """The marking role that a role includes, where the realm asks for second factors."""
    if not plan.second_factor:
        return frozenset()
    if role in SECURITY_KEY_HOLDERS:
        return frozenset({SECURITY_KEY_ROLE})
    return frozenset({ONE_TIME_CODE_ROLE}) if role in OTHER_STAFF else frozenset()


def address_problem(plan: RealmPlan, issuers_at: str) -> str | None:
    """Why no browser makes a security key at the issuers' address; None where keys work or nobody needs one.

    Web Authentication Level 2 wants a name for the host, not a number, and https for any but this machine.
    """
    if not plan.second_factor or not ROLES_OF_REALM[plan.kind] & SECURITY_KEY_HOLDERS:
        return None
    address = urlsplit(issuers_at)
    host = address.hostname or ""
    if _is_number(host):
        return f"security keys need a name for a host, {host} is a number"
    return None if address.scheme == "https" or host == "localhost" else f"security keys need https, {host} has none"


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def flow_name(plan: RealmPlan) -> str:
    """The flow that the realm's browsers go through."""
    return FLOW if plan.second_factor else BUILT_IN_FLOW


def flow(plan: RealmPlan) -> tuple[FlowStep, ...]:
    """The flow's lines in order, each with its depth; none where Keycloak's own flow serves."""
    if not plan.second_factor:
        return ()
    return (
        FlowStep(0, "auth-cookie", "ALTERNATIVE"),
        FlowStep(0, "identity-provider-redirector", "ALTERNATIVE"),
        FlowStep(0, FORMS, "ALTERNATIVE"),
        FlowStep(1, "auth-username-password-form", "REQUIRED", method="pwd"),
        FlowStep(1, SECURITY_KEY, "CONDITIONAL"),
        FlowStep(2, CONDITION, "REQUIRED", SECURITY_KEY_ROLE),
        FlowStep(2, "webauthn-authenticator", "REQUIRED", method="hwk"),
        FlowStep(1, ONE_TIME_CODE, "CONDITIONAL"),
        FlowStep(2, CONDITION, "REQUIRED", ONE_TIME_CODE_ROLE),
        FlowStep(2, "auth-otp-form", "REQUIRED", method="otp"),
    )


def configuration(step: FlowStep) -> dict[str, Any] | None:
    """What Keycloak keeps beside a line: the role that a condition looks for, or what `amr` says of the line."""
    if step.role:
        return {"alias": step.role, "config": {"condUserRole": step.role, "negate": "false"}}
    if step.method:
        said = {"default.reference.value": step.method, "default.reference.maxAge": str(AMR_HOLDS_SECONDS)}
        return {"alias": f"{METHOD_ALIAS}{step.method}", "config": said}
    return None


def method_named(alias: str) -> str:
    """The method that a line's configuration was made for."""
    return alias.removeprefix(METHOD_ALIAS)


def is_sub_flow(step: FlowStep) -> bool:
    """Whether the line opens a flow of its own."""
    return step.name in (FORMS, SECURITY_KEY, ONE_TIME_CODE)
