"""The file an export is written to: a ZIP whose last two entries are `manifest.json` and its signature.

Parts are written and read as streams, so memory stays flat however large a county is. The manifest names each part
with its size and SHA-256, the signature covers the manifest; nothing of a file is used before both hold.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Self, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kreisbund_platform import archives, durable
from kreisbund_platform.identity import deployment_keys, sealed_boxes
from kreisbund_platform.settings import Settings
from kreisbund_tenants.moving.errors import DamagedError, MovingError

FORMAT = "kreisbund-tenant-export"
FORMAT_VERSION = 1
PURPOSE = b"kreisbund exports of tenants, 1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
BLOCK_BYTES = 256 * 1024
LARGEST_MANIFEST_BYTES = 512 * 1024 * 1024
STORED_KINDS = frozenset({"file"})  # PDF and pictures are compressed already
FIXED_TIME = (1980, 1, 1, 0, 0, 0)

Part = Mapping[str, Any]


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The deployment's key for exports and for proofs of deletion."""
    return deployment_keys.private_key(settings, PURPOSE)


def public_key(settings: Settings) -> str:
    """What another deployment must be told to accept this one's exports: 64 hexadecimal digits."""
    return deployment_keys.public_bytes(signing_key(settings)).hex()


def receiving_key(settings: Settings) -> str:
    """What another deployment must be told to seal an export for this one: 64 hexadecimal digits."""
    return sealed_boxes.public_bytes(sealed_boxes.private_key(settings, PURPOSE)).hex()


@contextmanager
def plain(settings: Settings, source: Path) -> Iterator[IO[bytes]]:
    """The ZIP in a file; one that is sealed for this deployment is opened into a nameless file of the home."""
    try:
        file = source.open("rb")
    except OSError as problem:
        raise DamagedError(f"{source} cannot be read: {problem.strerror}") from problem
    with file:
        if not sealed_boxes.is_sealed(file):
            yield file
            return
        with tempfile.TemporaryFile(dir=settings.home) as opened:
            try:
                for block in sealed_boxes.opened(file, sealed_boxes.private_key(settings, PURPOSE)):
                    opened.write(block)
            except sealed_boxes.NotForUsError as problem:
                raise DamagedError(f"{source} is sealed for another deployment, or damaged") from problem
            opened.seek(0)
            yield opened


class Writer:
    """Adds parts one after the other; `sign` ends the file. A context: what fails leaves a file without signature."""

    def __init__(self, file: IO[bytes], receiver: bytes | None = None) -> None:
        """`receiver`: the file is sealed for whoever holds this key."""
        self._sealing = sealed_boxes.Sealing(file, receiver) if receiver else None
        target = cast(IO[bytes], self._sealing or file)
        self._zip = zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        self.parts: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        self._zip.close()
        if self._sealing:
            self._sealing.end()

    def add(self, name: str, blocks: Iterable[bytes], **said: Any) -> dict[str, Any]:
        """Writes a part; answers its manifest entry, to which the caller may add what it counted meanwhile."""
        digest, size = sha256(), 0
        with self._zip.open(_entry(name, said.get("kind", "")), "w", force_zip64=True) as target:
            for block in gathered(blocks):
                digest.update(block)
                size += len(block)
                target.write(block)
        part = {"name": name, "bytes": size, "sha256": digest.hexdigest(), **said}
        self.parts.append(part)
        return part

    def sign(self, key: Ed25519PrivateKey, said: Mapping[str, Any]) -> None:
        """Writes manifest and signature."""
        content = written({**said, "format": FORMAT, "format_version": FORMAT_VERSION, "parts": self.parts})
        self._zip.writestr(_entry(MANIFEST, ""), content)
        self._zip.writestr(_entry(SIGNATURE, ""), key.sign(content).hex())


class Reader:
    """A file whose manifest is signed by one of `trusted` (hexadecimal). Raises DamagedError."""

    def __init__(self, file: IO[bytes], trusted: Iterable[str]) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            content, signature = self._small(MANIFEST), self._small(SIGNATURE)
        except (KeyError, *archives.UNREADABLE) as problem:
            raise DamagedError("this is no export, or it is cut off") from problem
        self.signed_by = _signer(content, signature, trusted)
        self.manifest: dict[str, Any] = json.loads(content)
        self.manifest_hash = sha256(content).hexdigest()
        if self.manifest.get("format") != FORMAT or self.manifest.get("format_version") != FORMAT_VERSION:
            raise DamagedError("this is no export of a format that this program reads")
        listed = [part["name"] for part in self.parts()] + [MANIFEST, SIGNATURE]
        if sorted(self._zip.namelist()) != sorted(listed):
            raise DamagedError("the file holds other parts than its manifest names")

    def parts(self, kind: str | None = None) -> list[Part]:
        """The manifest's entries, all or of one kind, in order."""
        return [part for part in self.manifest["parts"] if kind in (None, part["kind"])]

    def blocks(self, part: Part) -> Iterator[bytes]:
        """A part's bytes; raises DamagedError at its end, or where it is longer, if they are not those signed for."""
        digest, size = sha256(), 0
        try:
            with self._zip.open(part["name"]) as source:
                while block := source.read(BLOCK_BYTES):
                    digest.update(block)
                    size += len(block)
                    if size > part["bytes"]:
                        break
                    yield block
        except archives.UNREADABLE as problem:
            raise DamagedError(f"{part['name']} is damaged") from problem
        if size != part["bytes"] or digest.hexdigest() != part["sha256"]:
            raise DamagedError(f"{part['name']} is damaged")

    def lines(self, part: Part) -> Iterator[dict[str, Any]]:
        """The objects of a part in JSON lines."""
        for line in lines_of(self.blocks(part)):
            yield json.loads(line)

    def verify(self) -> int:
        """Reads every part once; answers how many. Raises DamagedError."""
        for part in self.parts():
            for _block in self.blocks(part):
                pass
        return len(self.parts())

    def _small(self, name: str) -> bytes:
        if self._zip.getinfo(name).file_size > LARGEST_MANIFEST_BYTES:
            raise DamagedError("the manifest is too large")
        return self._zip.read(name)


def _signer(content: bytes, signature: bytes, trusted: Iterable[str]) -> str:
    try:
        signed = bytes.fromhex(signature.decode("ascii"))
    except ValueError as problem:
        raise DamagedError("the signature is unreadable") from problem
    for key in trusted:
        if deployment_keys.is_signed(bytes.fromhex(key), signed, content):
            return key
    raise DamagedError("not signed by this deployment, nor by one named with --signed-by")


def written(said: Mapping[str, Any]) -> bytes:
    """JSON as it is signed: sorted, without blanks, one line."""
    return json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode() + b"\n"


def gathered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Small pieces brought together, since COPY comes row by row."""
    waiting, size = [], 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= BLOCK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, each with its end; neither JSON lines nor COPY have a line feed within a line."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _entry(name: str, kind: str) -> zipfile.ZipInfo:
    """The same content gives the same file, whenever it is written."""
    entry = zipfile.ZipInfo(name, FIXED_TIME)
    entry.compress_type = zipfile.ZIP_STORED if kind in STORED_KINDS else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


@contextmanager
def written_beside(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it is whole and durable. Raises MovingError where the name is taken."""
    if target.exists():
        raise MovingError(f"{target} exists already")
    try:
        with durable.written(target, once=True, mode=0o600) as file:
            yield file
    except OSError as problem:
        raise MovingError(f"{target} cannot be written: {problem.strerror}") from problem
