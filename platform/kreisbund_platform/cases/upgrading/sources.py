"""Loaded versions and proved recipes, remembered for all batches of an upgrade."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from kreisbund_platform.cases.upgrading.models import CaseUpgrade
from kreisbund_platform.cases.upgrading.orders import Move, Source
from kreisbund_platform.cases.upgrading.recipes import Recipe, recipe
from kreisbund_platform.engine.migration import Judgement, judge, signature
from kreisbund_platform.templates.plans import LoadedTemplate, plan_of

MOST_REMEMBERED = 8
MOST_STATES = 50_000
Key = tuple[UUID, datetime]


def load(connection: Connection[Any], source: Source) -> LoadedTemplate:
    """What cases of a source run on."""
    return plan_of(connection, source.version_id, source.variant_id)


def target_of(upgrade: CaseUpgrade) -> Source:
    """What an upgrade moves to."""
    return Source(upgrade.to_version_id, upgrade.to_variant_id)


@dataclass
class Known:
    """What was found for an upgrade: judgements by marking, recipes by state."""

    judged: dict[tuple[Source, Source, str], Judgement] = field(default_factory=dict)
    recipes: dict[tuple[Source, Source, str], Recipe] = field(default_factory=dict)


@dataclass
class Recipes:
    """Each marking between two sources judged once, each state told once. Forward from a source to the target, backward
    the other way.
    """

    connection: Connection[Any]
    mapping: Mapping[str, str]
    known: Known = field(default_factory=Known)

    def of(self, old: Source, new: Source, state: str, *, back: bool = False) -> Recipe:
        """The recipe of a state as it is stored."""
        key, known = (old, new, state), self.known
        if key not in known.recipes:
            if len(known.recipes) > MOST_STATES:
                known.recipes.clear()
                known.judged.clear()
            known.recipes[key] = self._made(old, new, orjson.loads(state), back=back)
        return known.recipes[key]

    def _made(self, old: Source, new: Source, state: dict[str, Any], *, back: bool) -> Recipe:
        names = {target: name for name, target in self.mapping.items()} if back else self.mapping
        move = Move(load(self.connection, old), load(self.connection, new), names)
        marking, judged = (old, new, signature(state)), self.known.judged
        if marking not in judged:
            judged[marking] = judge(move.old.plan, move.new.plan, state, names)
        return recipe(move, state, judged[marking])


_remembered: "OrderedDict[Key, Known]" = OrderedDict()
_lock = Lock()


def recipes_of(connection: Connection[Any], upgrade: CaseUpgrade) -> Recipes:
    """The recipes of an upgrade as it was last previewed, those of earlier batches known already."""
    key = (upgrade.id, upgrade.previewed_at)
    with _lock:
        known = _remembered.setdefault(key, Known())
        _remembered.move_to_end(key)
        while len(_remembered) > MOST_REMEMBERED:
            _remembered.popitem(last=False)
    return Recipes(connection, upgrade.mapping, known)
