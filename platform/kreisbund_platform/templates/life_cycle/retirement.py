"""Retiring a version, or a template with all of them: no new adoptions and applications, running cases go on."""

from uuid import UUID

from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.life_cycle import access, rows
from kreisbund_platform.templates.life_cycle.models import VersionRetirement
from kreisbund_platform.templates.models import ProcessTemplate, TemplateVersion
from kreisbund_platform.texts import _


def retire(work: TeamContext, slug: str, number: int | None, reason: str) -> UUID | Refusal:
    """Retires one version, or with `number` None all that are left; answers the template's id."""
    template = rows.one(work.connection, ProcessTemplate, lock=True, slug=slug)
    if template is None:
        return refusals.not_found()
    if refusal := access.may_not_write(work, template.topic_id) or access.text_problem("reason", reason):
        return refusal
    wanted = [v for v in _living(work, template.id) if number in (None, v.number)]
    if not wanted:
        return Conflict("ALREADY_RETIRED", _("Diese Fassung gibt es nicht oder sie ist schon außer Kraft."))
    for version in wanted:
        _retire(work, template, version, reason.strip())
    return template.id


def _living(work: TeamContext, template_id: UUID) -> list[TemplateVersion]:
    versions = rows.found(work.connection, TemplateVersion, "number", template_id=template_id)
    return [version for version in versions if not queries.is_retired(work.connection, version.id)]


def _retire(work: TeamContext, template: ProcessTemplate, version: TemplateVersion, reason: str) -> None:
    retired = VersionRetirement(
        version_id=version.id,
        retired_at=work.clock.now(),
        retired_by_name=access.name_of(work.principal),
        reason=reason,
    )
    rows.insert(work.connection, retired)
    access.record(
        work, template.slug, "VERSION_RETIRED", version_id=version.id, content_hash=version.content_hash,
        number=version.number,
    )  # fmt: skip
