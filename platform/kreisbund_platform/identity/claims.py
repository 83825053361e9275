"""Reads a verified token's claims. What a realm may not vouch for is dropped, not believed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from kreisbund_platform.identity.principals import (
    ROLES_OF_REALM,
    AccountKind,
    AssuranceLevel,
    Principal,
    RealmKind,
    Role,
)
from kreisbund_platform.tenancy.registry import IssuerEntry

LONGEST_NAME = 200
Word = TypeVar("Word", bound=StrEnum)


def principal_from(
    claims: Mapping[str, Any], entry: IssuerEntry, units: Mapping[str, UUID], expires_at: datetime
) -> Principal:
    """The person as this issuer may describe them. `claims` must have passed the token's checks.

    `units` are the county's, slug to id; names in the token that the county does not know are dropped.
    """
    kind = RealmKind(entry.kind)
    return Principal(
        subject=claims["sub"],
        name=_text(claims.get("name")),
        username=_text(claims.get("preferred_username")),
        realm_kind=kind,
        tenant=entry.tenant,
        home_tenant=_text(claims.get("home_tenant")) if kind is RealmKind.SERVICE_TEAM else None,
        roles=_roles(claims) & ROLES_OF_REALM[kind],
        units=tuple(units[slug] for slug in _list(claims.get("units")) if slug in units),
        assurance_level=_word(claims.get("assurance_level"), AssuranceLevel)
        or _word(claims.get("acr"), AssuranceLevel),
        account_kind=_word(claims.get("account_kind"), AccountKind) or AccountKind.PERSON,
        token_expires_at=expires_at,
        authenticated_at=_moment(claims.get("auth_time")),
        authentication_methods=frozenset(_list(claims.get("amr"))),
    )


def _moment(value: object) -> datetime | None:
    """Unix seconds, of this century; anything else proves no login."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 4_102_444_800:
        return None
    return datetime.fromtimestamp(value, UTC)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable() else None


def _word(value: object, words: type[Word]) -> Word | None:
    return words(value) if isinstance(value, str) and value in set(words) else None


def _list(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _roles(claims: Mapping[str, Any]) -> frozenset[Role]:
    access = claims.get("realm_access")
    named = _list(access.get("roles")) if isinstance(access, Mapping) else []
    return frozenset(role for role in (_word(name, Role) for name in named) if role is not None)
