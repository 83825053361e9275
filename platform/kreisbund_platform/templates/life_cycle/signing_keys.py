"""Ed25519 keys of those who sign. The platform keeps them, wrapped, one per account.

Each public key carries a certificate by the platform's root key, which is derived from the deployment's secret
and lies in no database: whoever can write every table still cannot make a signature that counties accept.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kreisbund_platform import ids
from kreisbund_platform.identity import deployment_keys, wrapping
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates.life_cycle import access, rows
from kreisbund_platform.templates.life_cycle.models import SigningKey, SigningKeySecret

ROOT = b"kreisbund root of template signatures, 1"


def root_public_key(settings: Settings) -> bytes:
    """What a county needs to judge every certificate: 32 bytes, to be handed over outside of this database."""
    return deployment_keys.public_bytes(_root(settings))


def sign(work: TeamContext, text: str) -> tuple[SigningKey, bytes]:
    """The asking person's signature under a text, and the key that made it, which is created at first use."""
    key = rows.one(
        work.connection, SigningKey, realm=access.realm_of(work.principal), subject=work.principal.subject
    ) or _create(work)
    secret = rows.one(work.connection, SigningKeySecret, key_id=key.id)
    assert secret is not None, "both halves are written together"
    private = wrapping.unwrap(work.settings.wrapping_key, secret.wrapped, bound_to=key.id.bytes)
    return key, Ed25519PrivateKey.from_private_bytes(private).sign(text.encode())


def is_certified(key: SigningKey, root_key: bytes) -> bool:
    """Whether the platform vouches that this public key is that account's."""
    return deployment_keys.is_signed(root_key, key.certificate, _certified(key))


def is_signed(key: SigningKey, signature: bytes, text: str) -> bool:
    """Whether the key's holder signed exactly this text."""
    return deployment_keys.is_signed(key.public_key, signature, text.encode())


def _create(work: TeamContext) -> SigningKey:
    private = Ed25519PrivateKey.generate()
    key = SigningKey(
        id=ids.new_id(ids.Kind.SIGNING_KEY, work.clock.now()),
        realm=access.realm_of(work.principal),
        subject=work.principal.subject,
        name=access.name_of(work.principal),
        public_key=deployment_keys.public_bytes(private),
        certificate=b"",
        created_at=work.clock.now(),
    )
    key.certificate = _root(work.settings).sign(_certified(key))
    wrapped = wrapping.wrap(work.settings.wrapping_key, private.private_bytes_raw(), bound_to=key.id.bytes)
    rows.insert(work.connection, key)
    rows.insert(work.connection, SigningKeySecret(key_id=key.id, wrapped=wrapped))
    return key


def _certified(key: SigningKey) -> bytes:
    return "\n".join(("kreisbund key 1", str(key.id), key.realm, key.subject, key.public_key.hex())).encode()


def _root(settings: Settings) -> Ed25519PrivateKey:
    return deployment_keys.private_key(settings, ROOT)
