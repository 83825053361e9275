"""The county a piece of work belongs to; it travels explicitly through calls, jobs, caches, files and logs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class TenantContext:
    """One county as the registry knows it. `profile` is the public part of county.toml (see manifest), `identity` and
    `four_eyes` are its parts of these names.
    """

    id: UUID
    slug: str
    name: str
    regional_key: str | None
    kind: str
    status: str
    schema_name: str
    login_role: str
    profile: Mapping[str, Any] = field(hash=False)
    identity: Mapping[str, Any] = field(default_factory=dict, hash=False)
    four_eyes: Mapping[str, Any] = field(default_factory=dict, hash=False)


class TenantMissingError(Exception):
    """Work was asked for without a county, or for one that is gone. There is no default."""
