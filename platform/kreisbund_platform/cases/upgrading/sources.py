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
class Recipes:
    """Each state between two sources judged once. Forward from a source to the target, backward the other way."""

    connection: Connection[Any]
    mapping: Mapping[str, str]
    known: dict[tuple[Source, Source, str], Recipe] = field(default_factory=dict)

    def of(self, old: Source, new: Source, state: str, *, back: bool = False) -> Recipe:
        """The recipe of a state as it is stored."""
        key = (old, new, state)
        if key not in self.known:
            if len(self.known) > MOST_STATES:
                self.known.clear()
            names = {target: name for name, target in self.mapping.items()} if back else self.mapping
            move = Move(load(self.connection, old), load(self.connection, new), names)
            self.known[key] = recipe(move, orjson.loads(state))
        return self.known[key]


_remembered: "OrderedDict[Key, dict[tuple[Source, Source, str], Recipe]]" = OrderedDict()
_lock = Lock()


def recipes_of(connection: Connection[Any], upgrade: CaseUpgrade) -> Recipes:
    """The recipes of an upgrade as it was last previewed, those of earlier batches known already."""
    key = (upgrade.id, upgrade.previewed_at)
    with _lock:
        known = _remembered.setdefault(key, {})
        _remembered.move_to_end(key)
        while len(_remembered) > MOST_REMEMBERED:
            _remembered.popitem(last=False)
    return Recipes(connection, upgrade.mapping, known)
