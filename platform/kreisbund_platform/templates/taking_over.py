"""A county takes a version over for new applications, its variant with it."""

from uuid import UUID

from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.models import TemplateAdoption, TemplateVersion
from kreisbund_platform.templates.rebase_automatic import carried_over
from kreisbund_platform.texts import _


def put_in_force(
    work: WorkContext, version: TemplateVersion, *, automatic: bool = False, reason: str | None = None
) -> UUID | Refusal:
    """Makes a version the county's; answers the template's id. In force already: nothing happens."""
    if work.tenant.status == "SUSPENDED":
        return Conflict("TENANT_SUSPENDED", _("Der Landkreis ist derzeit ausgesetzt."))
    if refusal := carried_over(work, version):
        return refusal
    adoption = TemplateAdoption(
        template_id=version.template_id,
        version_id=version.id,
        adopted_at=work.clock.now(),
        adopted_by=work.principal.subject,
    )
    if queries.put_adoption(work.connection, adoption):
        queries.emit_adoption(work.connection, adoption, work.clock.now())
        body = {"template_id": str(version.template_id), "version_id": str(version.id)}
        type_ = "TEMPLATE_RELEASED_AUTOMATICALLY" if automatic else "TEMPLATE_ADOPTED"
        log.append(work, type=type_, case_id=None, case_version=None, body={**body, "reasoned": bool(reason)})
    return version.template_id
