"""Moves a batch of locked cases from one version to another in one transaction, a handful of statements in all."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from kreisbund_platform.audit import log
from kreisbund_platform.cases.upgrading import batch_queries, sources, waiting
from kreisbund_platform.cases.upgrading.batch_queries import Batch, Change, Names, Refused, Standing, ids_of
from kreisbund_platform.cases.upgrading.models import CaseUpgrade
from kreisbund_platform.cases.upgrading.orders import FieldMapping, Source
from kreisbund_platform.cases.upgrading.recipes import Recipe
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.database.prepared import array
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.plans import LoadedTemplate
from kreisbund_platform.texts import _

Taken = tuple[Standing, Recipe]


@dataclass(frozen=True)
class Direction:
    """Where a batch goes: forward to the target, or back to one source."""

    upgrade: CaseUpgrade
    to: Source
    template: LoadedTemplate
    back: bool = False

    @property
    def fields(self) -> FieldMapping:
        """How data are told there."""
        forward = FieldMapping.read(self.upgrade.fields)
        if not self.back:
            return forward
        return FieldMapping({new: old for old, new in forward.rename.items()}, tuple(forward.add))

    @property
    def names(self) -> Names:
        """The same for SQL."""
        fields = self.fields
        added = json.dumps(dict(fields.add))
        return Names(tuple(fields.rename), tuple(fields.rename.values()), fields.drop, added)

    @property
    def recompute(self) -> bool:
        """Whether deadlines are reckoned anew."""
        return self.upgrade.deadlines == "RECOMPUTE" and not self.back

    @property
    def floor(self) -> date:
        """The day before which no deadline is brought forward."""
        return self.upgrade.effective_on


def move(work: WorkContext, direction: Direction, taken: Sequence[Taken]) -> tuple[list[Standing], list[Refused]]:
    """Moves locked cases with their recipes; answers those that moved, and those for which a timer of the new version
    has no moment.
    """
    adapting = _adapting(work, direction, taken)
    timers, failed = waiting.reckon(adapting)
    if failed:
        taken = [(left, found) for cases, found in taken if (left := cases.without(failed))]
        adapting = _adapting(work, direction, taken)
        timers = [due for due in timers if due[0] not in failed]
    moved = [cases for cases, _recipe in taken]
    if moved:
        _write(work, direction, adapting, timers)
        record(work, direction, moved)
    return moved, [Refused(array(sorted(failed)), "NO_DUE_DATE")] if failed else []


def _adapting(work: WorkContext, direction: Direction, taken: Sequence[Taken]) -> waiting.Adapting:
    numbers: dict[int, int] = {}
    recipes: list[Recipe] = []
    for _cases, found in taken:
        if id(found) not in numbers:
            numbers[id(found)] = len(recipes)
            recipes.append(found)
    batch = Batch(
        upgrade_id=direction.upgrade.id,
        now=work.clock.now(),
        cases=[cases for cases, _recipe in taken],
        shapes=[numbers[id(found)] for _cases, found in taken],
        states=[json.dumps(found.state) for found in recipes],
        saves_waits=[direction.recompute or found.moves_waits for found in recipes],
    )
    plan = direction.template.plan
    return waiting.Adapting(work, batch, plan, recipes, direction.names, direction.recompute, direction.floor)


def _write(work: WorkContext, direction: Direction, adapting: waiting.Adapting, timers: Sequence[waiting.Due]) -> None:
    """What undoing restores; what stands beside the cases; last the cases, which look at their tasks."""
    connection, batch, fields = work.connection, adapting.batch, direction.fields
    if not direction.back:
        touched = [*fields.rename, *fields.rename.values(), *fields.drop, *fields.add]
        batch_queries.save_before(connection, batch, touched)
    waiting.adapt(adapting, timers, waiting.correlate(adapting))
    names = None if fields.changes_nothing else direction.names
    to = direction.to
    change = Change(to.version_id, to.variant_id, names, *waiting.told(adapting), settles=adapting.recompute)
    batch_queries.move_cases(connection, batch, change)


# --- what the histories say


def record(work: WorkContext, direction: Direction, cases: Sequence[Standing]) -> None:
    """A message to each applicant, and last one chained event per case. The cases' versions are those before."""
    if direction.upgrade.tells_applicants:
        _write_messages(work, direction, cases)
    bodies = {source: _body(work, direction, source) for source in {_source(each) for each in cases}}
    log.append_alike(
        work,
        type="CASE_UPGRADE_UNDONE" if direction.back else "CASE_UPGRADED",
        groups=[log.Alike(each.ids, each.next_versions, bodies[_source(each)]) for each in cases],
    )


def _source(cases: Standing) -> Source:
    return Source(cases.version_id, cases.variant_id)


def _body(work: WorkContext, direction: Direction, source: Source) -> Mapping[str, log.Code]:
    return {
        "upgrade": str(direction.upgrade.id),
        "from": str(source.version_id),
        "from_variant": str(source.variant_id) if source.variant_id else None,
        "from_number": sources.load(work.connection, source).number,
        "to": str(direction.to.version_id),
        "to_variant": str(direction.to.variant_id) if direction.to.variant_id else None,
        "to_number": direction.template.number,
        "effective_on": direction.upgrade.effective_on.isoformat(),
        "legal_basis": basis_code(direction.upgrade.legal_basis),
    }


def basis_code(legal_basis: str) -> str:
    """The legal basis as the log holds it: its hash binds the text that stands beside the log."""
    return hashlib.sha256(legal_basis.encode()).hexdigest()


def _write_messages(work: WorkContext, direction: Direction, cases: Sequence[Standing]) -> None:
    subject, text = message_of(direction)
    batch_queries.write_messages(
        work.connection, work.clock.now(), ids_of(cases), author=work.principal.subject, subject=subject, text=text
    )


def message_of(direction: Direction) -> tuple[str, str]:
    """Subject and text of what applicants are told."""
    values: dict[str, Any] = {
        "title": direction.template.title,
        "number": direction.template.number,
        "day": direction.upgrade.effective_on.strftime("%d.%m.%Y"),
        "basis": direction.upgrade.legal_basis,
    }
    if direction.back:
        subject = _("Umstellung Ihres Antrags zurückgenommen")
        text = _("Ihr Antrag wird wieder nach Fassung {number} des Verfahrens „{title}“ bearbeitet.")
    else:
        subject = _("Ihr Antrag wird nach einer neuen Fassung bearbeitet")
        text = _(
            "Ihr Antrag wird ab dem {day} nach Fassung {number} des Verfahrens „{title}“ bearbeitet. "
            "Rechtsgrundlage: {basis}. Ihre Angaben bleiben erhalten. Was als Nächstes geschieht, "
            "steht beim Antrag unter „Nächster Schritt“."
        )
    return subject, text.format(**values)


def today(work: WorkContext) -> date:
    """The day in Berlin."""
    return work.clock.now().astimezone(BERLIN).date()
