"""A version's transition rule, kept: which version an application starts on, and when an old case may not decide.

RECEIVED_FROM: applications received before the day start on the version that held before. DECISIONS_FROM: from the
day on only this version, or a later one, decides; older cases wait until they are upgraded. Rules bind a county
once it has released the version, or a later one: until then nobody there could upgrade.
"""

from datetime import date, datetime
from uuid import UUID

from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine.advance import EngineFault
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.life_cycle import rollout_queries
from kreisbund_platform.texts import _

UPGRADE_NEEDED = "UPGRADE_NEEDED"


class UpgradeNeededError(EngineFault):
    """A case would decide on a version that no longer may; `reason` is German, for the person at work."""


def version_for_received(work: WorkContext, template_slug: str, received_on: date) -> UUID | None:
    """The version on which an application received on this day starts; None where the county offers none."""
    return queries.version_for_received(work.connection, template_slug, received_on)


def versions_offered(work: WorkContext, day: date) -> list[UUID]:
    """The versions on which what comes in on this day starts, one for each template the county offers."""
    return queries.versions_offered(work.connection, day)


def refusal_for_decision(work: WorkContext, case_version_id: UUID | None, now: datetime) -> str | None:
    """Why a case on this version may not decide in the main matter now, in German; None where it may."""
    if case_version_id is None:
        return None
    binding = rollout_queries.decisions_from(work.connection, case_version_id, now.astimezone(BERLIN).date())
    if binding is None:
        return None
    number, day = binding
    message = _(
        "Seit dem {day} wird nur noch nach Fassung {number} entschieden. Der Vorgang muss erst umgestellt werden."
    )
    return message.format(day=f"{day:%d.%m.%Y}", number=number)


def require_decidable(work: WorkContext, case_version_id: UUID | None, element_id: str) -> None:
    """Raises UpgradeNeededError where a case on this version may not decide; before a notice in the main matter."""
    reason = refusal_for_decision(work, case_version_id, work.clock.now())
    if reason is not None:
        raise UpgradeNeededError(element_id, reason)
