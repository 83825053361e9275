"""What a process is told from outside: environment variables and the secrets in its home."""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from urllib.parse import urlsplit

from kreisbund_platform.egress import EgressRefusedError, internal_origins, origin_of
from kreisbund_platform.egress.targets import Origin

WRAPPING_KEY_BYTES = 32
DEFAULT_PORT = 8420
CONNECTIONS, LEAST_CONNECTIONS = 60, 12
ENVIRONMENTS = ("demo", "production")
KEYCLOAK_VARIABLES = ("KREISBUND_KEYCLOAK_URL", "KREISBUND_KEYCLOAK_ADMIN", "KREISBUND_KEYCLOAK_SECRET_FILE")
ClamdAddress = Path | tuple[str, int]  # a Unix socket, or a port of the loopback interface


class SettingsError(ValueError):
    """The environment lacks something or contradicts itself; the text is one line that names the variable."""


@dataclass(frozen=True)
class KeycloakAccess:
    """A Keycloak and the service account in its realm `master` that makes realms there.

    `url` is what browsers and tokens see, without a slash at its end; `admin_url` is where realms are administered.
    """

    url: str
    admin_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """`database_url` is the owner's and serves to migrate and to provision; secrets stay out of `repr`.

    `documents`: a folder of the GraphQL documents that production's API runs. `checkpoints`: a folder or
    `s3://bucket/prefix` for the event log's signed checkpoints. `connections`: of the API to the database at most; as
    many as counties that are busy at a time, so that their sessions stay open.
    """

    home: Path
    port: int
    base_url: str
    environment: str
    database_url: str = field(repr=False)
    wrapping_key: bytes = field(repr=False)
    otlp_endpoint: str | None = None
    assets: Path | None = None
    checkpoints: str | None = None
    s3_endpoint: str | None = None
    internal_origins: tuple[str, ...] = ()
    keycloak: KeycloakAccess | None = None
    clamd: ClamdAddress | None = None
    documents: Path | None = None
    connections: int = CONNECTIONS

    def issuer_of(self, realm: str) -> str:
        """Who vouches for the people of a realm: Keycloak where one is configured, else the demo issuer."""
        return f"{self.keycloak.url if self.keycloak else self.base_url}/realms/{realm}"

    @property
    def demo(self) -> bool:
        """Whether demonstration people, keys and data are allowed."""
        return self.environment == "demo"

    @property
    def internal(self) -> Mapping[Origin, IPv4Address | IPv6Address]:
        """What may be called outside the public Internet: what the operator lists, and on loopback the Keycloak that
        the operator names, in the demo our own issuer too.
        """
        named = [self.base_url] if self.demo else []
        if self.keycloak is not None:
            named += [self.keycloak.url, self.keycloak.admin_url]
        return internal_origins((*self.internal_origins, *(each for url in named for each in _own_loopback(url))))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Reads KREISBUND_* and DATABASE_URL; raises `SettingsError`."""
        home = Path(_required(environment, "KREISBUND_HOME")).absolute()
        port = _port(environment.get("KREISBUND_PORT", str(DEFAULT_PORT)))
        kind = _kind(environment.get("KREISBUND_ENV", "demo"))
        assets, documents = environment.get("KREISBUND_ASSETS"), environment.get("KREISBUND_DOCUMENTS")
        return cls(
            home=home,
            port=port,
            base_url=environment.get("KREISBUND_BASE_URL", f"http://127.0.0.1:{port}").rstrip("/"),
            environment=kind,
            database_url=_required(environment, "DATABASE_URL"),
            wrapping_key=wrapping_key(home, may_create=kind == "demo"),
            otlp_endpoint=environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None,
            assets=Path(assets) if assets else None,
            checkpoints=environment.get("KREISBUND_CHECKPOINTS") or None,
            s3_endpoint=environment.get("KREISBUND_S3_ENDPOINT") or None,
            internal_origins=_internal(environment.get("KREISBUND_INTERNAL_ORIGINS", "")),
            keycloak=_keycloak(environment),
            clamd=_clamd(environment.get("KREISBUND_CLAMD", "")),
            documents=Path(documents) if documents else None,
            connections=_connections(environment.get("KREISBUND_CONNECTIONS", str(CONNECTIONS))),
        )


def wrapping_key(home: Path, *, may_create: bool) -> bytes:
    """The key under which the deployment's secrets lie, from `<home>/secrets/wrapping.key` (base64)."""
    path = home / "secrets" / "wrapping.key"
    if may_create and not path.exists():
        _create_key(path)
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as problem:
        raise SettingsError(f"secrets/wrapping.key cannot be read: {problem.strerror}") from problem
    except binascii.Error as problem:
        raise SettingsError("secrets/wrapping.key is not base64") from problem
    if len(key) != WRAPPING_KEY_BYTES:
        raise SettingsError(f"secrets/wrapping.key must hold {WRAPPING_KEY_BYTES} bytes")
    return key


def _create_key(path: Path) -> None:
    """Writes a fresh key beside and links it into place, so that of two processes one wins and none reads half."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(WRAPPING_KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    finally:
        aside.unlink()


def _keycloak(environment: Mapping[str, str]) -> KeycloakAccess | None:
    """All of the three variables or none; the address for administration is the same unless it is named."""
    if not any(environment.get(name) for name in KEYCLOAK_VARIABLES):
        return None
    url, client_id, secret_file = (_required(environment, name) for name in KEYCLOAK_VARIABLES)
    admin_url = environment.get("KREISBUND_KEYCLOAK_ADMIN_URL") or url
    for name, address in (("KREISBUND_KEYCLOAK_URL", url), ("KREISBUND_KEYCLOAK_ADMIN_URL", admin_url)):
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            raise SettingsError(f"{name} must be an http or https address")
    return KeycloakAccess(url.rstrip("/"), admin_url.rstrip("/"), client_id, _keycloak_secret(Path(secret_file)))


def _keycloak_secret(path: Path) -> str:
    """The content of a file that its owner alone may read."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SettingsError("KREISBUND_KEYCLOAK_SECRET_FILE must be readable by its owner alone (0600)")
        secret = path.read_text("utf-8").strip()
    except OSError as problem:
        raise SettingsError(f"KREISBUND_KEYCLOAK_SECRET_FILE cannot be read: {problem.strerror}") from problem
    if not secret:
        raise SettingsError("KREISBUND_KEYCLOAK_SECRET_FILE is empty")
    return secret


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set")
    return value


def _port(text: str) -> int:
    if not _is_port(text):
        raise SettingsError("KREISBUND_PORT must be a number from 1 to 65535")
    return int(text)


def _connections(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) >= LEAST_CONNECTIONS):
        raise SettingsError(f"KREISBUND_CONNECTIONS must be a number, {LEAST_CONNECTIONS} at least")
    return int(text)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536


def _clamd(text: str) -> ClamdAddress | None:
    """Clamd neither encrypts nor asks who speaks, so people's files travel to it within this machine only."""
    if not text or text.startswith("/"):
        return Path(text) if text else None
    host, _colon, port = text.rpartition(":")
    if host not in ("127.0.0.1", "localhost") or not _is_port(port):
        raise SettingsError("KREISBUND_CLAMD must be the path of clamd's socket, or 127.0.0.1:PORT")
    return host, int(port)


def _kind(text: str) -> str:
    if text not in ENVIRONMENTS:
        raise SettingsError(f"KREISBUND_ENV must be one of {', '.join(ENVIRONMENTS)}")
    return text


def _internal(text: str) -> tuple[str, ...]:
    listed = tuple(text.split())
    try:
        internal_origins(listed)
    except ValueError as problem:
        raise SettingsError(f"KREISBUND_INTERNAL_ORIGINS: {problem}") from None
    return listed


def _own_loopback(base_url: str) -> tuple[str, ...]:
    """The origin of an address on loopback; elsewhere it is public or listed."""
    try:
        origin = origin_of(base_url)
    except EgressRefusedError:
        return ()
    if origin.host == "localhost":
        return (f"{base_url}=127.0.0.1",)
    return (base_url,) if origin.literal is not None and origin.literal.is_loopback else ()
