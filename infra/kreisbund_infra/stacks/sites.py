"""Where things run: a site is a Kubernetes cluster (cloud or own data centre) with a whole deployment in it.

`infra/sites/<site>.toml` describes a site, `[hosting] site = "…"` in a county's county.toml puts the county there;
without it a county lies at `DEFAULT_SITE`. A county belongs to one site: database, files and realm are there.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

DEFAULT_SITE = "cloud"


class SiteError(ValueError):
    """A site's or county's file cannot be used; the text is one line that names file and key."""


@dataclass(frozen=True)
class County:
    """What a site must know of a county."""

    slug: str
    site: str


@dataclass(frozen=True)
class Site:
    """One `infra/sites/<name>.toml`.

    `context`: of the operator's kubeconfig. `version`: the image's tag. `registry`: what stands before image names,
    with its slash, or nothing. `storage_class` is for databases, `shared_storage_class` for volumes that several pods
    write. `outside`: the networks (CIDR) that may be reached on port 443: S3, telemetry, signatures, identity
    providers. `kubernetes_api`: the network of the API server, which the operators' pods call. `keycloak_address`:
    where `keycloak_url` lies inside of the site's own network, if it does. `api_connections`: of each API to the
    database at most, up to 8 MB each there.
    """

    name: str
    context: str
    version: str
    base_url: str
    keycloak_url: str
    keycloak_admin_url: str
    checkpoints: str
    backups: str
    s3_endpoint: str
    otlp_endpoint: str
    storage_class: str
    shared_storage_class: str
    outside: tuple[str, ...]
    kubernetes_api: str
    ingress_namespace: str
    registry: str = ""
    keycloak_address: str = ""
    api_replicas: int = 2
    api_connections: int = 200
    worker_replicas: int = 2
    database_instances: int = 3
    database_size: str = "100Gi"
    files_size: str = "200Gi"


def sites_of(folder: Path) -> list[Site]:
    """The sites of a folder by name; raises SiteError."""
    found = [_site(path) for path in sorted(folder.glob("*.toml"))]
    if not found:
        raise SiteError(f"{folder}: no site is described there")
    return found


def counties_of(folder: Path) -> list[County]:
    """The counties of a folder of `<slug>/county.toml`, by slug."""
    return [_county(path) for path in sorted(folder.glob("*/county.toml"))]


def placed(sites: list[Site], counties: list[County]) -> dict[str, list[str]]:
    """The slugs at each site; a site without counties is left out. Raises SiteError for a site that nobody knows."""
    known = {site.name for site in sites}
    if stray := [f"{county.slug} ({county.site})" for county in counties if county.site not in known]:
        raise SiteError(f"no file describes the site of {', '.join(stray)}: there are {', '.join(sorted(known))}")
    slugs = {site.name: [county.slug for county in counties if county.site == site.name] for site in sites}
    return {name: here for name, here in slugs.items() if here}


def _county(path: Path) -> County:
    table = _table(path)
    hosting = table.get("hosting", {})
    if not isinstance(hosting, dict) or set(hosting) - {"site"}:
        raise SiteError(f"{path}: [hosting] knows the key site alone")
    if not isinstance(table.get("slug"), str) or not isinstance(hosting.get("site", ""), str):
        raise SiteError(f"{path}: slug and site are texts")
    return County(table["slug"], hosting.get("site", DEFAULT_SITE))


def _site(path: Path) -> Site:
    table = {"name": path.stem} | _table(path)
    table["outside"] = tuple(table.get("outside", ()))
    kinds: dict[str, Any] = {each.name: each.type for each in fields(Site)} | {"outside": tuple}
    if unknown := set(table) - set(kinds):
        raise SiteError(f"{path}: unknown {', '.join(sorted(unknown))}")
    if wrong := [key for key, value in table.items() if not isinstance(value, kinds[key])]:
        raise SiteError(f"{path}: wrong type of {', '.join(sorted(wrong))}")
    try:
        return Site(**table)
    except TypeError as problem:
        raise SiteError(f"{path}: {str(problem).partition(')')[2].strip()}") from None


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SiteError(f"{path}: {problem}") from problem
