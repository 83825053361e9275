"""Trusted documents: in production the API runs what its operator registered, and nothing a client made up.

The pages' own documents run in this process and never come this way. Programs of a county, an office or a partner hand
their documents to the operator, who puts them into the folder of KREISBUND_DOCUMENTS as `NAME.graphql` files.
"""

import hashlib
from pathlib import Path

from kreisbund_api.guard import LONGEST_DOCUMENT
from kreisbund_platform.settings import Settings, SettingsError


class TrustedDocuments:
    """The registered documents by the SHA-256 of their text; `everything` where all are welcome."""

    def __init__(self, texts: dict[str, str], *, everything: bool) -> None:
        self._texts = texts
        self._everything = everything

    def text_of(self, document: str | None, sha256: str | None) -> str | None:
        """The text that may run: the one sent, or the registered one of this hash; None where neither is trusted."""
        if document is None:
            return self._texts.get(sha256) if sha256 else None
        if self._everything and sha256 is None:
            return document
        digest = hash_of(document)
        if sha256 is not None and sha256 != digest:
            return None
        return document if self._everything or digest in self._texts else None


def hash_of(text: str) -> str:
    """What a client may send instead of the text: 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def trusted_documents(settings: Settings) -> TrustedDocuments:
    """Those of the operator's folder. Raises SettingsError where the folder or a document cannot be read."""
    texts = {} if settings.documents is None else _read(settings.documents)
    return TrustedDocuments(texts, everything=settings.demo)


def _read(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise SettingsError("KREISBUND_DOCUMENTS must be a folder of .graphql files")
    found = {}
    for path in sorted(folder.glob("*.graphql")):
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise SettingsError(f"KREISBUND_DOCUMENTS: {path.name} cannot be read") from problem
        if len(text) > LONGEST_DOCUMENT:
            raise SettingsError(f"KREISBUND_DOCUMENTS: {path.name} is too long")
        found[hash_of(text)] = text
    return found
