"""One batch of an upgrade, in the worker's transaction: a kill between two batches loses nothing."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import orjson

from kreisbund_platform import telemetry
from kreisbund_platform.audit import log
from kreisbund_platform.cases.upgrading import batch_queries, moving, queries, sources, undo_queries
from kreisbund_platform.cases.upgrading.batch_queries import Refused, Standing, ids_of
from kreisbund_platform.cases.upgrading.models import CaseUpgrade
from kreisbund_platform.cases.upgrading.moving import Direction, Taken
from kreisbund_platform.cases.upgrading.orders import Source
from kreisbund_platform.cases.upgrading.recipes import Recipe
from kreisbund_platform.engine.migration import signature
from kreisbund_platform.identity.context import WorkContext

CASES_A_BATCH = 1_500
STOPPED = {"RUNNING": "STOPPED", "UNDOING": "UNDO_STOPPED", "CHECKING": "PREVIEWED"}
TAKES = {"RUNNING": "PLANNED", "UNDOING": "UPGRADED", "CHECKING": "PLANNED"}
OVER = ("WITHDRAWN", "CLOSED", "TRANSFERRED")


def next_batch(work: WorkContext, size: int = CASES_A_BATCH) -> bool:
    """Serves one batch of one upgrade of the county; False when there is nothing to do.

    The upgrade's row stays locked until commit, so no second worker serves it, and stopping waits for the batch.
    """
    upgrade = queries.next_upgrade(work.connection, moving.today(work))
    if upgrade is None:
        return False
    steps: dict[str, Callable[[WorkContext, CaseUpgrade, int], list[Standing]]] = {
        "CHECKING": _check,
        "RUNNING": _upgrade,
        "UNDOING": _undo,
    }
    served = steps[upgrade.status](work, upgrade, size)
    position = max((each.last for each in served), default=upgrade.position)
    if position is not None and batch_queries.any_behind(work.connection, upgrade, TAKES[upgrade.status], position):
        queries.set_position(work.connection, upgrade, position)
    else:
        _finish(work, upgrade)
    return True


def stop_failing(work: WorkContext) -> bool:
    """Stops the upgrade whose batch has just failed, so that a person looks at it; in a transaction of its own."""
    upgrade = queries.next_upgrade(work.connection, moving.today(work))
    if upgrade is not None:
        queries.set_status(work.connection, upgrade, STOPPED[upgrade.status], {})
        body: dict[str, log.Code] = {"upgrade": str(upgrade.id), "failed": True}
        log.append(work, type="CASE_UPGRADE_STOPPED", case_id=None, case_version=None, body=body)
    return upgrade is not None


def _finish(work: WorkContext, upgrade: CaseUpgrade) -> None:
    now = work.clock.now()
    connection = work.connection
    if upgrade.status == "CHECKING":
        queries.set_status(connection, upgrade, "PREVIEWED", {"checked_at": now})
        return
    undone = upgrade.status == "UNDOING"
    moment = {"undone_at" if undone else "finished_at": now}
    queries.set_status(connection, upgrade, "UNDONE" if undone else "DONE", moment)
    type = "CASE_UPGRADE_TAKEN_BACK" if undone else "CASE_UPGRADE_FINISHED"
    log.append(work, type=type, case_id=None, case_version=None, body={"upgrade": str(upgrade.id)})
    telemetry.log("case_upgrade_ended", upgrade=upgrade.id, undone=undone)


# --- forward


def _upgrade(work: WorkContext, upgrade: CaseUpgrade, size: int) -> list[Standing]:
    found = batch_queries.next_cases(work.connection, upgrade, TAKES[upgrade.status], size)
    taken, refused = _judged(work, upgrade, found)
    if taken:
        _moved, failed = moving.move(work, _forward(work, upgrade), taken)
        refused += failed
    if refused:
        batch_queries.mark(work.connection, upgrade.id, "REFUSED", refused)
    return found


def _check(work: WorkContext, upgrade: CaseUpgrade, size: int) -> list[Standing]:
    """The dry run: everything is done as in earnest, then undone; what would be refused stays written down."""
    found = batch_queries.next_cases(work.connection, upgrade, TAKES[upgrade.status], size)
    taken, refused = _judged(work, upgrade, found)
    if taken:
        with work.connection.transaction(force_rollback=True):
            _moved, failed = moving.move(work, _forward(work, upgrade), taken)
        refused += failed
    batch_queries.mark_all(work.connection, upgrade.id, "CHECKED", ids_of(found))
    if refused:
        batch_queries.mark(work.connection, upgrade.id, "REFUSED", refused)
    return found


def _forward(work: WorkContext, upgrade: CaseUpgrade) -> Direction:
    target = sources.target_of(upgrade)
    return Direction(upgrade, target, sources.load(work.connection, target))


def _judged(work: WorkContext, upgrade: CaseUpgrade, found: Sequence[Standing]) -> tuple[list[Taken], list[Refused]]:
    """Cases by the state they have now, whatever it was in the preview."""
    recipes, target = sources.recipes_of(work.connection, upgrade), sources.target_of(upgrade)
    left_out = _left_out(work, upgrade)
    taken: list[Taken] = []
    refused: list[Refused] = []
    for cases in found:
        source = Source(cases.version_id, cases.variant_id)
        if reason := _ended_or_there(cases, source, target):
            refused.append(Refused(cases.ids, reason))
            continue
        recipe = recipes.of(source, target, cases.state)
        if recipe.state is None:
            refused.append(_unprovable(cases, recipe, "NOT_PROVABLE"))
        elif left_out and (source, signature(orjson.loads(cases.state))) in left_out:
            refused.append(Refused(cases.ids, "MARKING_NOT_CHOSEN"))
        else:
            taken.append((cases, recipe))
    return taken, refused


def _ended_or_there(cases: Standing, source: Source, target: Source) -> str | None:
    if cases.status in OVER:
        return "ENDED"
    return "ALREADY_THERE" if source == target else None


def _left_out(work: WorkContext, upgrade: CaseUpgrade) -> frozenset[tuple[Source, str]]:
    """Provable markings that the person has not chosen; a case that moved to one since is left alone."""
    groups = queries.groups(work.connection, upgrade.id)
    return frozenset(
        (Source(group.from_version_id, group.from_variant_id), group.signature)
        for group in groups
        if group.possible and not group.chosen
    )


def _unprovable(cases: Standing, recipe: Recipe, reason: str) -> Refused:
    judged = recipe.judgement
    return Refused(cases.ids, reason, judged.reason, judged.element_id, judged.path)


# --- back


def _undo(work: WorkContext, upgrade: CaseUpgrade, size: int) -> list[Standing]:
    found = batch_queries.next_cases(work.connection, upgrade, TAKES[upgrade.status], size)
    kept: list[Refused] = []
    returning: list[Standing] = []
    for cases in found:
        if reason := _stays(upgrade, cases):
            kept.append(Refused(cases.ids, reason))
        else:
            returning.append(cases)
    _restore(work, upgrade, [cases for cases in returning if not cases.moved])
    kept += _move_back(work, upgrade, [cases for cases in returning if cases.moved])
    if kept:
        batch_queries.mark(work.connection, upgrade.id, "KEPT", kept)
    return found


def _stays(upgrade: CaseUpgrade, cases: Standing) -> str | None:
    """A notice issued on the new version stands; who went on to yet another version, or ended, stays there."""
    if cases.decided:
        return "NOTICE_ISSUED"
    if cases.status in OVER:
        return "ENDED"
    moved_on = Source(cases.version_id, cases.variant_id) != sources.target_of(upgrade)
    return "MOVED_ON" if moved_on else None


def _restore(work: WorkContext, upgrade: CaseUpgrade, cases: list[Standing]) -> None:
    """Cases that have not moved since: exactly what they were."""
    if not cases:
        return
    case_ids = ids_of(cases)
    added = [*upgrade.fields.get("rename", {}).values(), *upgrade.fields.get("add", {})]
    undo_queries.restore_cases(work.connection, upgrade.id, case_ids, added)
    undo_queries.restore_waits(work.connection, upgrade.id, case_ids)
    for source, group in _by_source(cases).items():
        moving.record(work, _back(work, upgrade, source), group)
    undo_queries.mark_undone(work.connection, upgrade.id, case_ids)


def _move_back(work: WorkContext, upgrade: CaseUpgrade, cases: list[Standing]) -> list[Refused]:
    """Cases that went on: back by the same proof the other way round, or they stay."""
    recipes, target = sources.recipes_of(work.connection, upgrade), sources.target_of(upgrade)
    kept: list[Refused] = []
    for source, group in _by_source(cases).items():
        judged = [(each, recipes.of(target, source, each.state, back=True)) for each in group]
        kept += [_unprovable(each, recipe, "NO_WAY_BACK") for each, recipe in judged if recipe.state is None]
        taken = [(each, recipe) for each, recipe in judged if recipe.state is not None]
        if taken:
            moved, failed = moving.move(work, _back(work, upgrade, source), taken)
            kept += failed
            back = ids_of(moved)
            undo_queries.restore_dropped(work.connection, upgrade.id, back)
            undo_queries.mark_undone(work.connection, upgrade.id, back)
    return kept


def _back(work: WorkContext, upgrade: CaseUpgrade, source: Source) -> Direction:
    return Direction(upgrade, source, sources.load(work.connection, source), back=True)


def _by_source(cases: Sequence[Standing]) -> dict[Source, list[Standing]]:
    """Cases by what they came from."""
    found: dict[Source, list[Standing]] = defaultdict(list)
    for each in cases:
        assert each.from_version_id is not None, "an upgraded case remembers its version"
        found[Source(each.from_version_id, each.from_variant_id)].append(each)
    return found
