"""What a suspended county still lets its people change (design, section 2).

Staff change nothing but who looks on from outside. Citizens may answer, withdraw and write, since their statutory
periods run on; a new application is refused where it is received.
"""

from kreisbund_platform.errors import Forbidden
from kreisbund_platform.identity.principals import Principal, Role
from kreisbund_platform.texts import _

CODE = "TENANT_SUSPENDED"
# what keeps others out, a suspended county may still do
PROTECTING = frozenset({"endEmergencyAccess", "revokeSupport"})


def closed() -> Forbidden:
    """What a suspended county answers."""
    return Forbidden(CODE, _("Der Landkreis nimmt zurzeit keine Eingaben an."))


def refused(principal: Principal, mutation: str = "") -> Forbidden | None:
    """The answer to a change by this person, where their county is suspended and they are its staff."""
    if (
        mutation in PROTECTING
        or principal.tenant is None
        or principal.tenant.status == "ACTIVE"
        or not principal.roles - {Role.CITIZEN}
    ):
        return None
    return closed()
