"""A county takes over a template: from then on its citizens may apply. Who may do so is policy's matter."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.audit import log
from kreisbund_platform.errors import NotFound, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.life_cycle import releases
from kreisbund_platform.texts import _


def version_in_force(connection: Connection[Any], template_slug: str) -> UUID | None:
    """The version on which new applications of the connection's county start; None where it offers none."""
    return queries.version_in_force(connection, template_slug)


def adopt(work: WorkContext, template_slug: str) -> UUID | Refusal:
    """Adopts the newest published version and answers the template's id.

    Adopting again takes over what was published since; with nothing new it succeeds and records nothing.
    """
    newest = queries.newest_version(work.connection, template_slug)
    version = queries.version(work.connection, newest[1]) if newest else None
    return releases.put_in_force(work, version, automatic=False) if version else _unknown()


def end_adoption(work: WorkContext, template_slug: str) -> UUID | Refusal:
    """Ends an adoption: no new applications; running cases go on on their version."""
    adoption = queries.end_adoption(work.connection, template_slug, work.clock.now())
    if adoption is None:
        return _unknown()
    queries.emit_adoption(work.connection, adoption, work.clock.now())
    body = {"template_id": str(adoption.template_id), "version_id": str(adoption.version_id)}
    log.append(work, type="TEMPLATE_ADOPTION_ENDED", case_id=None, case_version=None, body=body)
    return adoption.template_id


def _unknown() -> NotFound:
    return NotFound("NOT_FOUND", _("Diese Prozessvorlage gibt es nicht."))
