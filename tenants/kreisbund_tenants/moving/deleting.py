"""`tenants delete`: a county goes, and a signed proof says what there was and that nothing is left.

What there was is written down before anything goes, so that a deletion that was killed half-way is finished by the
same command and its proof still tells all. The proof is signed only after a look at every place found nothing.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from kreisbund_platform.cases.transfers import mailbox
from kreisbund_platform.documents import files
from kreisbund_platform.errors import REFUSALS
from kreisbund_platform.identity import deployment_keys
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import roles
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import read_tenant
from kreisbund_tenants import provisioning
from kreisbund_tenants.moving import container, inventory
from kreisbund_tenants.moving.errors import MovingError, RefusedError
from kreisbund_tenants.moving.place import Place, alone
from kreisbund_tenants.realms import service as realms

VERSION = 1


class LeftOverError(MovingError):
    """Something of the county is still there; the text names it. No proof was written."""


def proofs(settings: Settings) -> Path:
    """Where proofs lie unless another place is named."""
    return settings.home / "proofs"


def delete(here: Place, slug: str, by: str, proof: Path | None = None) -> Path:
    """Deletes the county and answers the proof's file; beside it lies one page of text.

    `by`: who gave the order, as the operator names them. Raises RefusedError for an unknown county and one whose proof
    is written already, LeftOverError, `RealmError`.
    """
    with here.database.owner() as connection:
        tenant = read_tenant(connection, slug)
    if tenant is None:
        raise RefusedError(provisioning.unknown_tenant().message)
    with alone(here.settings):
        return _delete(here, tenant, by, proof)


def _delete(here: Place, tenant: TenantContext, by: str, proof: Path | None) -> Path:
    slug = tenant.slug
    begun = _begun(here.settings, tenant)
    if tenant.status != "DELETED":
        _begin(here, tenant, begun, by)
    if not begun.exists():
        raise RefusedError(f"{slug} was deleted before; its proof is in {proofs(here.settings)}, if one was asked for")
    said = json.loads(begun.read_bytes())
    _remove(here, tenant)
    with here.database.owner() as connection:
        absent = inventory.leftovers(connection, here.settings, tenant, said["issuer"])
    left = [f"{count} {what}" for what, count in absent.items() if count]
    if left:
        raise LeftOverError(f"{slug} is not gone: {', '.join(left)}")
    stamp = datetime.fromisoformat(said["begun_at"]).strftime("%Y%m%dT%H%M%SZ")
    target = proof or proofs(here.settings) / f"{slug}-{stamp}.json"
    _write(here, target, {**said, "verified_at": here.clock.now().isoformat(), "absent": sorted(absent)})
    begun.unlink()
    return target


def verify(settings: Settings, proof: Path, trusted: str | None = None) -> dict[str, Any]:
    """What a proof says. `trusted`: another deployment's key. Raises MovingError unless it is signed and whole."""
    try:
        held = json.loads(proof.read_bytes())
        signature = bytes.fromhex(held.pop("signature"))
    except (OSError, ValueError, KeyError, AttributeError) as problem:
        raise MovingError(f"{proof} is no proof of deletion") from problem
    key = bytes.fromhex(trusted or container.public_key(settings))
    if not deployment_keys.is_signed(key, signature, container.written(held)):
        raise MovingError(f"{proof} was changed, or another deployment signed it")
    return dict(held)


def _begun(settings: Settings, tenant: TenantContext) -> Path:
    return proofs(settings) / f".{tenant.slug}-{tenant.id}.begun"


def _begin(here: Place, tenant: TenantContext, begun: Path, by: str) -> None:
    """Notes what there is; once anything has gone the first note stands."""
    begun.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun.unlink(missing_ok=True)  # nothing has gone yet while the county stands, so what there is is counted anew
    with here.database.owner() as connection:
        was = inventory.counted(connection, here.settings, tenant)
    county = {"id": str(tenant.id), "slug": tenant.slug, "name": tenant.name, "regional_key": tenant.regional_key}
    said = {
        "what": "kreisbund-proof-of-deletion",
        "version": VERSION,
        "county": county,
        "issuer": here.settings.issuer_of(tenant.slug),
        "begun_at": here.clock.now().isoformat(),
        "by": by,
        "was": was,
        "kept": list(inventory.KEPT),
    }
    with container.written_beside(begun) as file:
        file.write(container.written(said))


def _remove(here: Place, tenant: TenantContext) -> None:
    """Each step finds nothing to do where it was done before. The database first: from then on nobody works there."""
    if tenant.status != "DELETED":
        with here.database.owner() as connection:
            roles.end_logins(connection, tenant.login_role)
            gone = provisioning.delete(connection, here.clock, tenant.slug)
        if isinstance(gone, REFUSALS):
            raise RefusedError(gone.message)
    files.store_of(here.settings).remove_all(tenant)
    mailbox.clear(here.settings, tenant.id)
    if here.settings.keycloak is not None:
        realms.remove(here.settings.keycloak, tenant.slug)


def _write(here: Place, target: Path, said: Mapping[str, Any]) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    signature = container.signing_key(here.settings).sign(container.written(said)).hex()
    signed = container.written({**said, "signature": signature})
    with container.written_beside(target) as file:
        file.write(signed)
    page = target.with_suffix(".txt")
    page.unlink(missing_ok=True)
    with container.written_beside(page) as file:
        file.write(_page(said, sha256(signed).hexdigest(), container.public_key(here.settings)).encode())


def _page(said: Mapping[str, Any], fingerprint: str, key: str) -> str:
    """One page for the file. German: it goes to the county and its data-protection officer."""
    was, county = said["was"], said["county"]
    filled = [f"  {name}: {count}" for name, count in was["tables"].items() if count]
    moment = datetime.fromisoformat(said["verified_at"]).strftime("%d.%m.%Y %H:%M UTC")
    head = was["event_log"]
    lines = [
        f"Nachweis der Löschung: {county['name']} ({county['slug']}, {county['id']})",
        "",
        f"Begonnen {said['begun_at']} im Auftrag von {said['by']}, geprüft und abgeschlossen {moment}.",
        "",
        "Vorhanden war, Zeilen je Tabelle:",
        *filled,
        f"  Dateien: {was['files']}, Sitzungen: {was['sessions']}, Anmelderolle {was['role']},"
        f" Realm: {'ja' if was['realm'] else 'nein'}",
        f"  Ereignisprotokoll bis Nummer {head.get('seq')}, SHA-256 {head.get('hash')}",
        f"  Prüfpunkte: {was['checkpoints']['count']}",
        "",
        "Danach nachgesehen und nicht mehr gefunden:",
        *(f"  {what}" for what in said["absent"]),
        "",
        "Bleibt:",
        *(f"  {what}" for what in said["kept"]),
        "",
        f"Unterschriebene Fassung: JSON-Datei gleichen Namens, SHA-256 {fingerprint}",
        f"Schlüssel der Plattform (Ed25519): {key}",
    ]
    return "\n".join(lines) + "\n"
