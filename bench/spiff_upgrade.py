"""SpiffWorkflow's way to a new version: the workflow read, compared with the new specification, moved, written back.

Run as well as it can be: specifications stay in memory, the two are compared once and not for each workflow, a
hundred rows are one transaction, read by one statement and written by one. Its own rule is kept, too: a workflow in
which a changed task is done already may not be moved.
"""

from collections.abc import Callable, Sequence
from typing import Any

from bench import spiff
from bench.office import Office

if spiff.AVAILABLE:
    from SpiffWorkflow.bpmn.util.diff import SpecDiff, WorkflowDiff, diff_workflow, filter_tasks, migrate_workflow
    from SpiffWorkflow.util.task import TaskState

AT_ONCE = 100
TABLE = "CREATE TABLE IF NOT EXISTS spiff_upgrade (id bigint PRIMARY KEY, version int NOT NULL, state text NOT NULL)"
FILL = "INSERT INTO spiff_upgrade SELECT n, 1, (%s::text[])[1 + n %% %s] FROM generate_series(0, %s) n"
NEXT = "SELECT id, state FROM spiff_upgrade WHERE version = 1 ORDER BY id LIMIT %s FOR UPDATE"
WRITE = (
    "UPDATE spiff_upgrade s SET version = 2, state = n.state"
    " FROM unnest(%s::bigint[], %s::text[]) n(id, state) WHERE s.id = n.id"
)
Life = tuple[tuple[str, str], ...]  # tasks completed, each with its outcome


class Workflows:
    """Workflows in rows."""

    def __init__(self, here: Office, old: str, new: str, data: dict[str, Any]) -> None:
        self._here = here
        self._old, self._new = (spiff.Engine(spiff.model(process)) for process in (old, new))
        self._difference = SpecDiff(self._old.registry, self._old.specification, self._new.specification)
        self._known: dict[Life, bytes] = {(): self._old.begin(data)}
        with here.database.owner() as owner:
            owner.execute(f"SET search_path = {here.tenant.schema_name}")
            owner.execute(TABLE)
            owner.execute(f"GRANT ALL ON spiff_upgrade TO {here.tenant.login_role}")

    def _lived(self, life: Life) -> bytes:
        """The state after a life; each beginning is lived once."""
        if life not in self._known:
            workflow = self._old.read(self._lived(life[:-1]))
            element, outcome = life[-1]
            task = workflow.get_next_task(state=TaskState.READY, spec_name=element)
            self._old.complete(workflow, task, {"outcome": outcome, "remark": "geprüft"})
            self._known[life] = self._old.written(workflow)
        return self._known[life]

    def fill(self, lives: Sequence[Life], count: int) -> None:
        """So many, all on the old version; row `n` has lived the life `n` modulo their number."""
        connection, states = self._here.connection, [self._lived(life).decode() for life in lives]
        with connection.transaction():
            connection.execute("TRUNCATE spiff_upgrade")
            connection.execute(FILL, (states, len(states), count - 1))
        with self._here.database.owner() as owner:
            owner.execute(f"VACUUM ANALYZE {self._here.tenant.schema_name}.spiff_upgrade")

    def upgrade(self) -> None:
        """All to the new version."""
        while self._batch(self._moved) == AT_ONCE:
            pass

    def upgrade_by_the_helper(self) -> None:
        """The same by the library's helper, which compares the specifications for each workflow."""
        while self._batch(self._helped) == AT_ONCE:
            pass

    def _batch(self, moved: Callable[[bytes], bytes]) -> int:
        connection = self._here.connection
        with connection.transaction():
            rows = connection.execute(NEXT, (AT_ONCE,)).fetchall()
            states = [moved(state.encode()).decode() for _id, state in rows]
            connection.execute(WRITE, ([row[0] for row in rows], states))
        return len(rows)

    def _moved(self, state: bytes) -> bytes:
        workflow = self._old.read(state)
        return self._migrated(workflow, WorkflowDiff(workflow, self._difference))

    def _helped(self, state: bytes) -> bytes:
        workflow = self._old.read(state)
        difference, _subprocesses = diff_workflow(self._old.registry, workflow, self._new.specification, {})
        return self._migrated(workflow, difference)

    def _migrated(self, workflow: Any, difference: Any) -> bytes:
        done = filter_tasks(difference.changed + difference.removed, state=TaskState.COMPLETED | TaskState.STARTED)
        assert not done, "a changed task is done already"
        migrate_workflow(difference, workflow, self._new.specification)
        return self._new.written(workflow)

    def walks(self, lives: int) -> list[list[tuple[str, ...]]]:
        """What each life waits for on the new version, step by step to its end; nothing is stored."""
        rows = self._here.connection.execute(
            "SELECT state FROM spiff_upgrade WHERE version = 2 AND id < %s ORDER BY id", (lives,)
        )
        return [self._walk(row[0].encode()) for row in rows]

    def _walk(self, state: bytes) -> list[tuple[str, ...]]:
        workflow, found = self._new.read(state), []
        while ready := workflow.get_tasks(state=TaskState.READY, manual=True):
            ready.sort(key=lambda task: task.task_spec.name)
            found.append(tuple(task.task_spec.name for task in ready))
            self._new.complete(workflow, ready[0], {"outcome": "done", "remark": "geprüft"})
        assert workflow.is_completed()
        return found

    def on_the_new_version(self) -> int:
        row = self._here.connection.execute("SELECT count(*) FROM spiff_upgrade WHERE version = 2").fetchone()
        return int(row[0])
