"""Moves a batch of locked cases from one version to another in one transaction, a handful of statements in all."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.cases.upgrading import batch_queries, sources, waiting
from kreisbund_platform.cases.upgrading.batch_queries import Batch, Names, Refused, Standing
from kreisbund_platform.cases.upgrading.models import CaseUpgrade
from kreisbund_platform.cases.upgrading.orders import FieldMapping, Source
from kreisbund_platform.cases.upgrading.recipes import Recipe
from kreisbund_platform.clock import BERLIN
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


def move(work: WorkContext, direction: Direction, taken: Sequence[Taken]) -> list[Refused]:
    """Moves locked cases with their recipes; answers those for which a timer of the new version has no moment."""
    batch, recipes = _batch(work, direction, taken)
    adapting = _adapting(work, direction, batch, recipes)
    timers, failed = waiting.reckon(adapting)
    if failed:
        left = [(case, found) for case, found in taken if case.id not in failed]
        batch, recipes = _batch(work, direction, left)
        adapting = _adapting(work, direction, batch, recipes)
        timers = [due for due in timers if due[0] not in failed]
        taken = left
    if taken:
        _write(work, direction, adapting, timers)
        record(work, direction, [case for case, _recipe in taken])
    return [Refused(case_id, "NO_DUE_DATE") for case_id in sorted(failed)]


def _adapting(work: WorkContext, direction: Direction, batch: Batch, recipes: list[Recipe]) -> waiting.Adapting:
    plan = direction.template.plan
    return waiting.Adapting(work, batch, plan, recipes, direction.names, direction.recompute, direction.floor)


def _batch(work: WorkContext, direction: Direction, taken: Sequence[Taken]) -> tuple[Batch, list[Recipe]]:
    numbers: dict[int, int] = {}
    recipes: list[Recipe] = []
    for _case, found in taken:
        if id(found) not in numbers:
            numbers[id(found)] = len(recipes)
            recipes.append(found)
    keeps = direction.recompute
    batch = Batch(
        upgrade_id=direction.upgrade.id,
        now=work.clock.now(),
        ids=[case.id for case, _recipe in taken],
        shapes=[numbers[id(found)] for _case, found in taken],
        states=[json.dumps(found.state) for found in recipes],
        saves_waits=[keeps or found.moves_waits for found in recipes],
    )
    return batch, recipes


def _write(work: WorkContext, direction: Direction, adapting: waiting.Adapting, timers: Sequence[waiting.Due]) -> None:
    connection, batch, fields = work.connection, adapting.batch, direction.fields
    if not direction.back:
        touched = [*fields.rename, *fields.rename.values(), *fields.drop, *fields.add]
        batch_queries.save_before(connection, batch, touched)
    names = None if fields.changes_nothing else direction.names
    keys = waiting.correlate(adapting)
    batch_queries.move_cases(connection, batch, direction.to.version_id, direction.to.variant_id, names)
    waiting.adapt(adapting, timers, keys)


# --- what the histories say


def record(work: WorkContext, direction: Direction, cases: Sequence[Standing]) -> None:
    """A message to each applicant, and last one chained event per case. The cases' versions are those before."""
    if direction.upgrade.tells_applicants:
        _write_messages(work, direction, [case.id for case in cases])
    bodies = {source: _body(work, direction, source) for source in {_source(case) for case in cases}}
    log.append_many(
        work,
        type="CASE_UPGRADE_UNDONE" if direction.back else "CASE_UPGRADED",
        cases=[(case.id, case.version + 1) for case in cases],
        bodies=[bodies[_source(case)] for case in cases],
    )


def _source(case: Standing) -> Source:
    return Source(case.version_id, case.variant_id)


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


def _write_messages(work: WorkContext, direction: Direction, case_ids: Sequence[UUID]) -> None:
    now = work.clock.now()
    fresh = [ids.new_id(ids.Kind.MESSAGE, now) for _case in case_ids]
    subject, text = message_of(direction)
    author = work.principal.subject
    batch_queries.write_messages(work.connection, now, case_ids, fresh, author=author, subject=subject, text=text)


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
