"""Who of the service team may do what to a template: the one place for it.

Everybody of the team reads and comments; the topic's lead county and the team's lead write; each county votes
through its delegate. Nobody from a county's own realm writes here.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from kreisbund_platform.errors import FieldError, Forbidden, Invalid
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.identity.principals import Principal, RealmKind, Role
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.life_cycle import rows
from kreisbund_platform.templates.life_cycle.models import TemplateHistory
from kreisbund_platform.templates.models import Topic
from kreisbund_platform.texts import _

REALMS = {
    RealmKind.SERVICE_TEAM: "service-team",
    RealmKind.STATE: "state",
    RealmKind.OPERATIONS: "operations",
}
LONGEST_TEXT = 10_000
SYSTEM = "system"


def realm_of(principal: Principal) -> str:
    """The realm that vouches for a person."""
    return principal.tenant.slug if principal.tenant else REALMS[principal.realm_kind]


def account_of(principal: Principal) -> str:
    """A person's account, unique over all realms."""
    return f"{realm_of(principal)}:{principal.subject}"


def name_of(principal: Principal) -> str:
    """How a person is shown."""
    return principal.name or principal.username or principal.subject


def home_of(work: TeamContext) -> UUID | None:
    """The county that delegated the person."""
    return queries.tenant_id(work.connection, work.principal.home_tenant) if work.principal.home_tenant else None


def delegate_of(work: TeamContext) -> UUID | None:
    """The county for which the person speaks: that of a topic lead."""
    return home_of(work) if Role.TOPIC_LEAD in work.principal.roles else None


def may_not_write(work: TeamContext, topic_id: UUID) -> Forbidden | None:
    """Whether the person may change what belongs to a topic."""
    if Role.SERVICE_TEAM_LEAD in work.principal.roles:
        return None
    topic = rows.one(work.connection, Topic, id=topic_id)
    if topic is not None and topic.lead_tenant_id == delegate_of(work):
        return None
    message = _("Das macht nur der federführende Landkreis dieses Themas oder die Leitung des Serviceteams.")
    return Forbidden("ONLY_LEAD_COUNTY", message)


def text_problem(path: str, text: str) -> Invalid | None:
    """What is wrong with a text that must be there."""
    code, message = "", ""
    if not text.strip():
        code, message = "REQUIRED", _("Bitte geben Sie einen Text ein.")
    elif len(text) > LONGEST_TEXT or "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        code, message = "TOO_LONG", _("Der Text ist zu lang oder enthält unzulässige Zeichen.")
    return Invalid("INVALID_TEXT", message, (FieldError(path, code, message),)) if code else None


def record(
    work: TeamContext,
    slug: str,
    type: str,
    *,
    draft_id: UUID | None = None,
    version_id: UUID | None = None,
    content_hash: str | None = None,
    **body: Any,
) -> None:
    """Appends to the template's history who did what, when, on which content. `body`: codes and ids."""
    entry = _entry(slug, type, work.clock.now(), draft_id, version_id, content_hash, body)
    entry.actor, entry.actor_name = account_of(work.principal), name_of(work.principal)
    entry.tenant_id = home_of(work)
    rows.insert(work.connection, entry)


def record_by_system(
    connection: rows.Rows, slug: str, type: str, at: datetime, version_id: UUID | None, **body: Any
) -> None:
    """The same for what the platform does by itself."""
    rows.insert(connection, _entry(slug, type, at, None, version_id, None, body))


def _entry(
    slug: str,
    type: str,
    at: datetime,
    draft_id: UUID | None,
    version_id: UUID | None,
    content_hash: str | None,
    body: dict[str, Any],
) -> TemplateHistory:
    return TemplateHistory(
        id=0,
        template_slug=slug,
        at=at,
        type=type,
        actor=SYSTEM,
        actor_name=_("Kreisbund"),
        draft_id=draft_id,
        version_id=version_id,
        content_hash=content_hash,
        body=body,
    )
