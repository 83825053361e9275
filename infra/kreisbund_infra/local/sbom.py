"""`./kreisbund sbom`: what the product is made of, as CycloneDX 1.6 JSON, read from the lock files alone.

Nothing is installed or asked: what stands there with its hash is what the installers take (`--require-hashes`,
`npm ci`). The same lock files give the same bytes. https://cyclonedx.org/docs/1.6/json/ is the format's reference.
"""

import base64
import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kreisbund_infra.local import keycloak
from kreisbund_infra.local.home import CHECKOUT
from kreisbund_infra.local.problem import Problem

PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
RUNTIME = "requirements.lock"
NPM_HASHES = {"sha512": "SHA-512", "sha384": "SHA-384", "sha256": "SHA-256", "sha1": "SHA-1"}
LOCKED_IN = "kreisbund:locked-in"
Component = dict[str, Any]


def write(target: Path | None) -> None:
    """Writes the document to a file, or to stdout."""
    text = json.dumps(document(CHECKOUT), ensure_ascii=False, indent=1) + "\n"
    if target is None:
        sys.stdout.write(text)
    else:
        target.write_text(text, "utf-8")


def document(checkout: Path) -> dict[str, Any]:
    """The whole document. `scope`: required in the running product, else optional (tests, tools, a first look)."""
    components = sorted(_components(checkout), key=lambda each: str(each["bom-ref"]))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": _serial_number(components),
        "version": 1,
        "metadata": {"component": _ourselves(checkout)},
        "components": components,
    }


def locks(checkout: Path) -> list[Path]:
    """The lock files of Python packages, the running product's first."""
    found = sorted(checkout.glob("requirements*.lock"))
    return sorted(found, key=lambda path: path.name != RUNTIME)


def _components(checkout: Path) -> Iterator[Component]:
    """Each package in each version once; it is locked in one file or several."""
    by_reference: dict[str, Component] = {}
    for lock in locks(checkout):
        for component in _python(lock):
            known = by_reference.setdefault(component["bom-ref"], component)
            if known is not component:
                known["properties"] += component["properties"]
    yield from by_reference.values()
    yield from _npm(checkout / "package-lock.json")
    yield _keycloak()


def _python(lock: Path) -> Iterator[Component]:
    """The pinned packages of one lock file; raises Problem for one without a hash."""
    for block in re.split(r"\n(?=\S)", lock.read_text("utf-8")):
        if not (pinned := PINNED.match(block)):
            continue
        name, version = re.sub(r"[-_.]+", "-", pinned[1]).lower(), pinned[2]
        hashes = HASH.findall(block)
        if not hashes:
            raise Problem(f"{lock.name}: {name} has no hash: make the lock file again with --generate-hashes")
        yield _component(
            f"pkg:pypi/{name}@{quote(version)}", name, version, lock.name, required=lock.name == RUNTIME
        ) | _hashes_of(hashes)


def _hashes_of(hashes: list[str]) -> dict[str, Any]:
    """A release has several files, one for each platform; `hashes` of a component would mean one file's."""
    if len(hashes) == 1:
        return {"hashes": [{"alg": "SHA-256", "content": hashes[0]}]}
    files = [{"type": "file", "name": each, "hashes": [{"alg": "SHA-256", "content": each}]} for each in sorted(hashes)]
    return {"components": files}


def _npm(lock: Path) -> Iterator[Component]:
    """The packages of package-lock.json, with the integrity that `npm ci` checks."""
    for place, package in sorted(json.loads(lock.read_text("utf-8"))["packages"].items()):
        if not place:
            continue
        name = place.rpartition("node_modules/")[2]
        kind, _, digest = str(package["integrity"]).partition("-")
        content = base64.b64decode(digest).hex()
        reference = f"pkg:npm/{quote(name, safe='/')}@{package['version']}"
        group, _, bare = name.rpartition("/")
        component = _component(reference, bare, package["version"], lock.name, required=not package.get("dev"))
        component["hashes"] = [{"alg": NPM_HASHES[kind], "content": content}]
        if told := package.get("license"):
            component["licenses"] = [{"expression": told}]
        yield component | ({"group": group} if group else {})


def _keycloak() -> Component:
    """The one part that comes from elsewhere; its hash stands in the program."""
    reference = f"pkg:maven/org.keycloak/keycloak-quarkus-dist@{keycloak.VERSION}?type=zip"
    component = _component(reference, "keycloak-quarkus-dist", keycloak.VERSION, "keycloak.py", required=False)
    return component | {
        "group": "org.keycloak",
        "type": "application",
        "hashes": [{"alg": "SHA-256", "content": keycloak.SHA256}],
    }


def _component(reference: str, name: str, version: str, lock: str, *, required: bool) -> Component:
    return {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
        "scope": "required" if required else "optional",
        "properties": [{"name": LOCKED_IN, "value": lock}],
    }


def _ourselves(checkout: Path) -> Mapping[str, Any]:
    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "type": "application",
        "bom-ref": project["name"],
        "name": project["name"],
        "version": project["version"],
        "description": project["description"],
        "licenses": [{"license": {"id": project["license"]}}],
    }


def _serial_number(components: list[Component]) -> str:
    """Follows from the content, so that equal lock files give equal documents."""
    digest = hashlib.sha256(json.dumps(components, sort_keys=True).encode()).digest()
    return f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}"
