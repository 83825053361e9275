"""What differs between a wanted and a found realm, one line each. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from kreisbund_platform.identity.tokens import DEMO_CLIENT
from kreisbund_tenants.realms.clients import BUILT_IN
from kreisbund_tenants.realms.plan import RealmState

LONGEST_VALUE = 60
NOT_DECLARED = "not declared"


def differences(wanted: RealmState, found: RealmState) -> list[str]:
    """Everything that differs; an empty list is the proof. The realm's name is not in the lines."""
    return [
        *subset(wanted.settings, found.settings, "setting"),
        *_roles(wanted, found),
        *_clients(wanted, found),
        *_exactly(wanted.brokers, found.brokers, "identity provider"),
        *_exactly_each(wanted.broker_mappers, found.broker_mappers, "identity provider"),
        *_exactly(wanted.profile, found.profile, "account attribute"),
        *subset(wanted.texts, found.texts, "text"),
        *(["login flow differs"] if wanted.flow != found.flow and wanted.flow else []),
        *(f"account {name}: missing" for name in sorted(wanted.people - found.people)),
    ]


def subset(wanted: Any, found: Any, place: str) -> Iterator[str]:
    """Where `found` lacks something of `wanted` or has it otherwise; lists of words have no order."""
    if isinstance(wanted, Mapping):
        for key, value in wanted.items():
            there = found.get(key) if isinstance(found, Mapping) else None
            yield from subset(value, there, f"{place} {key}")
    elif _ordered(wanted) != _ordered(found) and not (wanted in ("", False, [], None) and not found):
        yield f"{place}: is {_shown(found)}, should be {_shown(wanted)}"


def password_grants(found: RealmState) -> list[str]:
    """Clients that take people's passwords themselves. In the demonstration one may."""
    return sorted(
        name for name, client in found.clients.items() if client.get("directAccessGrantsEnabled") and client["enabled"]
    )


def _roles(wanted: RealmState, found: RealmState) -> Iterator[str]:
    for name, includes in wanted.roles.items():
        if name not in found.roles:
            yield f"role {name}: missing"
        elif includes != found.roles[name]:
            yield f"role {name}: includes {_shown(found.roles[name])}, should include {_shown(includes)}"


def _clients(wanted: RealmState, found: RealmState) -> Iterator[str]:
    """Other clients are named too: each can get tokens in the realm's name."""
    declared = {name: client for name, client in found.clients.items() if name in wanted.clients}
    for name in password_grants(found):
        if DEMO_CLIENT not in wanted.clients or name != DEMO_CLIENT:
            yield f"client {name}: password grant is allowed, which is for demonstrations alone"
    yield from (
        f"client {name}: {NOT_DECLARED}" for name in sorted(set(found.clients) - set(wanted.clients) - BUILT_IN)
    )
    yield from _exactly(wanted.clients, declared, "client")
    yield from _exactly_each(wanted.mappers, found.mappers, "client")


def _exactly_each(
    wanted: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]], kind: str
) -> Iterator[str]:
    for owner, entries in wanted.items():
        if owner in found:
            yield from _exactly(entries, found[owner], f"{kind} {owner}: mapper")


def _exactly(wanted: Mapping[str, Any], found: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Missing, other and undeclared entries by name."""
    for name, entry in wanted.items():
        if name in found:
            yield from subset(entry, found[name], f"{kind} {name}")
        else:
            yield f"{kind} {name}: missing"
    yield from (f"{kind} {name}: {NOT_DECLARED}" for name in sorted(set(found) - set(wanted)))


def _ordered(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    text = ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
