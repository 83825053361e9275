"""What nobody does on a login of this morning: signing, approving, lending rights, erasing, emergencies, tenants.

The token's `auth_time` says when the person last proved who they are (OpenID Connect Core 1.0, section 2); refreshing
tokens does not change it. Where the realm asks staff for a second factor, `amr` must say that it was used.
"""

from datetime import datetime, timedelta

from kreisbund_platform.errors import Forbidden, FreshLogin
from kreisbund_platform.identity.principals import Principal, RealmKind
from kreisbund_platform.settings import Settings
from kreisbund_platform.texts import _

FRESH_FOR = timedelta(minutes=5)
# a demonstration token's whole life: programs with the password grant cannot be sent to a page
DEMO_FRESH_FOR = timedelta(minutes=15)
CLOCKS_DIFFER_BY = timedelta(seconds=30)
# RFC 8176: a one-time code, a security key; the login flow of realms/second_factor.py says which was used
SECOND_FACTORS = frozenset({"otp", "hwk"})
FRESH_LOGIN_REQUIRED = "FRESH_LOGIN_REQUIRED"

_SIGNING = {"proposePublication", "signPublication", "signVersion"}
_APPROVING = {"releaseVersion", "setAutomaticRelease", "confirmApproval"}
_RIGHTS = {"delegateRole", "unblockAccount", "linkAccounts"}
_TENANTS = {"createTenant"}
_EMERGENCY = {"requestEmergencyAccess", "confirmEmergencyAccess"}
_ERASING = {"eraseCase", "eraseAccount"}
FRESH_MUTATIONS = frozenset(_SIGNING | _APPROVING | _RIGHTS | _TENANTS | _EMERGENCY | _ERASING)


def fresh_login_problem(principal: Principal, mutation: str, settings: Settings, now: datetime) -> Forbidden | None:
    """What is missing before the person may do this; None where nothing is."""
    if mutation not in FRESH_MUTATIONS:
        return None
    longest = DEMO_FRESH_FOR if settings.demo else FRESH_FOR
    second_factor = needs_second_factor(principal, settings)
    since = principal.authenticated_at
    is_fresh = since is not None and since - CLOCKS_DIFFER_BY <= now <= since + longest
    if is_fresh and (not second_factor or principal.authentication_methods & SECOND_FACTORS):
        return None
    text = _("Bitte melden Sie sich dafür noch einmal an.")
    return Forbidden(FRESH_LOGIN_REQUIRED, text, FreshLogin(int(longest.total_seconds()), second_factor))


def needs_second_factor(principal: Principal, settings: Settings) -> bool:
    """Whether the person's realm asks its staff for one; the same rule as realms/plan.py."""
    if not settings.demo:
        return True
    tenant = principal.tenant
    return (
        principal.realm_kind is RealmKind.COUNTY
        and tenant is not None
        and (tenant.identity.get("staff_second_factor") is True)
    )
