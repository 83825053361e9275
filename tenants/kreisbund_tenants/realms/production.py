"""What production refuses about its Keycloak, as far as settings and Keycloak's own state decide it. Pure.

The reason is the same in each: whoever takes one thing must not thereby become everybody in every county.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class KeycloakFacts:
    """What was seen. `None`: the provisioning account may not see it, and a person has to vouch.

    `base_url` is the pages' address, `url` the issuers', `admin_url` where realms are administered. `databases` are
    the names in the counties' cluster. `master_admins` are user names that hold master's role `admin`;
    `impersonators` are master's accounts and roles that hold an `impersonation` role of any realm.
    """

    base_url: str
    url: str
    admin_url: str
    databases: Sequence[str]
    master_admins: Sequence[str] | None
    impersonators: Sequence[str] | None
    console_answers_in_public: bool


def refusals(facts: KeycloakFacts) -> list[str]:
    """One line for each thing that production refuses; an empty list lets it start."""
    return list(_refusals(facts))


def _refusals(facts: KeycloakFacts) -> Iterator[str]:
    if urlsplit(facts.url).scheme != "https":
        yield "the issuers' address is not https"
    for name in facts.databases:
        if "keycloak" in name.lower():
            yield f"database {name} lies in the counties' cluster: Keycloak needs one of its own"
    yield from _held(facts.master_admins, "holds master's role admin for good")
    yield from _held(facts.impersonators, "may impersonate from the realm master")
    if facts.console_answers_in_public or _host(facts.admin_url) in {_host(facts.url), _host(facts.base_url)}:
        yield "the admin console answers on the public host: give administration a host of its own"


def _held(names: Sequence[str] | None, finding: str) -> Iterator[str]:
    if names is None:
        yield f"cannot be seen from here whether anyone {finding}"
        return
    yield from (f"{name} {finding}" for name in names)


def _host(address: str) -> tuple[str | None, int | None]:
    parts = urlsplit(address)
    return parts.hostname, parts.port
