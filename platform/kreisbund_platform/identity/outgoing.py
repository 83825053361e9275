"""How this deployment calls its issuers: those that the registry names, and nobody else."""

from collections.abc import Collection
from functools import partial

from kreisbund_platform.egress import Egress, Purpose
from kreisbund_platform.identity.issuer_keys import Fetch
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.registry import Registry


def issuer_egress(settings: Settings, registry: Registry) -> Egress:
    """The client for keys, discovery and token endpoints of registered issuers."""

    def issuers() -> Collection[str]:
        return [entry.issuer for entry in registry.issuers()]

    return Egress({Purpose.ISSUER_KEYS: issuers, Purpose.LOGIN_TOKENS: issuers}, settings.internal)


def issuer_fetch(settings: Settings, registry: Registry) -> Fetch:
    """Fetches JSON from registered issuers. Raises EgressError."""
    return partial(issuer_egress(settings, registry).get_json, Purpose.ISSUER_KEYS)
