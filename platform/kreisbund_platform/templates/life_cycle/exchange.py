"""A published version as the one file that another deployment takes: with what it calls, and who signed it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.templates import bundles, calls, queries
from kreisbund_platform.templates.life_cycle import rows, shared_queries
from kreisbund_platform.templates.life_cycle.models import VersionPublication
from kreisbund_platform.templates.models import TemplateVersion


def file_of(connection: Connection[Any], version_id: UUID) -> bytes | None:
    """The file of a version, on any connection that may read what is published; None where there is none."""
    version = queries.version(connection, version_id)
    return file_of_version(connection, version) if version else None


def file_of_version(connection: Connection[Any], version: TemplateVersion) -> bytes:
    """The same for a version at hand."""
    called = calls.called_sources(connection, version.bpmn_xml.encode())
    return bundles.export(version, list(_signatures(connection, version)), called)


def _signatures(connection: Connection[Any], version: TemplateVersion) -> Iterator[dict[str, str]]:
    """What each one signed, with their public key and its certificate: to be shown elsewhere, not to be trusted."""
    publication = rows.one(connection, VersionPublication, version_id=version.id)
    target = publication.signed_target_id if publication else version.id
    for signature, key in shared_queries.signatures_of(connection, target):
        yield {
            "name": signature.name,
            "statement": signature.statement,
            "signature": signature.signature.hex(),
            "signed_at": signature.signed_at.isoformat(),
            "public_key": key.public_key.hex(),
            "certificate": key.certificate.hex(),
        }
