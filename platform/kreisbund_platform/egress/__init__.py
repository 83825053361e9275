"""The one way out: HTTP calls by purpose. Nothing else of platform, tenants and api connects over HTTP."""

from kreisbund_platform.egress.addresses import Resolve, system_resolver
from kreisbund_platform.egress.client import Answer, Egress, Purpose
from kreisbund_platform.egress.errors import EgressError, EgressFailedError, EgressRefusedError
from kreisbund_platform.egress.targets import internal_origins, origin_of

__all__ = [
    "Answer",
    "Egress",
    "EgressError",
    "EgressFailedError",
    "EgressRefusedError",
    "Purpose",
    "Resolve",
    "internal_origins",
    "origin_of",
    "system_resolver",
]
