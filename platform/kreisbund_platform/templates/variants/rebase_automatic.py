"""Before a county takes a version over: its variant comes along where that needs no person, else it is refused.

So no release, by whom or what ever, lets new applications start without what the county's Satzung says.
"""

from collections.abc import Sequence

from kreisbund_platform.errors import Conflict, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.variants import queries as variants_queries
from kreisbund_platform.templates.variants.check import base_of, judge
from kreisbund_platform.templates.variants.rebase_outcomes import Step, resolved
from kreisbund_platform.templates.variants.rebase_steps import conclude, opened, steps_between
from kreisbund_platform.texts import _


def carried_over(work: WorkContext, version: TemplateVersion) -> Refusal | None:
    """None: the version may be taken over. Writes nothing where it refuses."""
    adoption = variants_queries.adoption_of(work.connection, version.template_id)
    if adoption is None or adoption.variant_id is None or adoption.version_id == version.id:
        return None
    if variants_queries.in_force(work.connection, version.id) is not None:
        return None
    before = queries.version(work.connection, adoption.version_id)
    variant = variants_queries.variant(work.connection, adoption.variant_id)
    assert before is not None, "published versions stay"
    assert variant is not None, "variants that were in force stay"
    steps = steps_between(before, version, variant)
    is_open = variants_queries.open_rebase(work.connection, version.template_id) is not None
    if is_open or any(step.is_open for step in steps) or not _is_sound(work, version, steps):
        return Conflict(
            "REBASE_NEEDED", _("Hier gilt eine örtliche Variante. Über ihren Übergang entscheidet zuerst ein Mensch.")
        )
    return conclude(work, opened(work, before, variant, version, steps, automatic=True), version, steps)


def _is_sound(work: WorkContext, version: TemplateVersion, steps: Sequence[Step]) -> bool:
    new = base_of(work.connection, version)
    return not judge(new, resolved(new, steps)).problems
