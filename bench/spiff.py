"""SpiffWorkflow's tuned loop: the same process, its state as JSON in one row, the specification kept in memory.

A step reads and locks the row, restores the workflow on the specification in memory, completes the ready task, runs
the engine, and writes the row back. What the product does beside that (forms, tasks, timers, events, the chain) it
does not do.
"""

import re
from typing import Any

import orjson

from bench.office import TEMPLATE, Office

try:
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    AVAILABLE = True
except ImportError:
    AVAILABLE = False

TABLE = "CREATE TABLE IF NOT EXISTS spiff (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text NOT NULL)"
CHANGE = {"outcome": "again", "remark": "geprüft"}


def model(process: str | None = None) -> bytes:
    """The product's process with its conditions and durations as Python writes them."""
    text = process or (TEMPLATE / "process.bpmn").read_text()
    text = re.sub(r'= outcome = "(\w+)"', r"outcome == '\1'", text)
    return re.sub(r"<bpmn:timeDuration>(\w+)<", r"<bpmn:timeDuration>'\1'<", text).encode()


class Engine:
    """SpiffWorkflow on one version of a process, whose specification stays in memory."""

    def __init__(self, process: bytes) -> None:
        parser = BpmnParser()
        parser.add_bpmn_str(process)
        self.specification = parser.get_spec("bench")
        self._serializer = BpmnWorkflowSerializer()
        self.registry = self._serializer.registry
        kind = self.registry.typenames[type(self.specification)]
        self.registry.convert_to_dict[kind] = lambda _specification: {"typename": kind}
        self.registry.convert_from_dict[kind] = lambda _written: self.specification

    def read(self, state: bytes) -> "BpmnWorkflow":
        """The workflow of a stored state."""
        return self._serializer.from_dict(orjson.loads(state))

    def written(self, workflow: "BpmnWorkflow") -> bytes:
        """Its state as it is stored."""
        return orjson.dumps(self._serializer.to_dict(workflow))

    def begin(self, data: dict[str, Any]) -> bytes:
        """A fresh case's state at its first task."""
        workflow = BpmnWorkflow(self.specification)
        workflow.get_next_task(state=TaskState.READY).data.update(data)
        workflow.do_engine_steps()
        return self.written(workflow)

    def moved(self, state: bytes) -> bytes:
        """The state after its ready task is completed."""
        workflow = self.read(state)
        self.complete(workflow, workflow.get_next_task(state=TaskState.READY, manual=True), CHANGE)
        return self.written(workflow)

    def complete(self, workflow: "BpmnWorkflow", task: Any, data: dict[str, Any]) -> None:
        """Completes a task and runs the engine to the next ones."""
        task.data.update(data)
        task.run()
        workflow.do_engine_steps()


class Loop(Engine):
    def __init__(self, here: Office) -> None:
        super().__init__(model())
        self._here = here
        with here.database.owner() as owner:
            owner.execute(f"SET search_path = {here.tenant.schema_name}")
            owner.execute(TABLE)
            owner.execute(f"GRANT ALL ON spiff TO {here.tenant.login_role}")

    def start(self, count: int, data: dict[str, Any]) -> list[int]:
        state = self.begin(data).decode()
        rows = [
            self._here.connection.execute("INSERT INTO spiff (state) VALUES (%s) RETURNING id", (state,)).fetchone()
            for _ in range(count)
        ]
        return [row[0] for row in rows]

    def step(self, case: int) -> None:
        connection = self._here.connection
        with connection.transaction():
            row = connection.execute("SELECT state FROM spiff WHERE id = %s FOR UPDATE", (case,)).fetchone()
            state = self.moved(row[0].encode()).decode()
            connection.execute("UPDATE spiff SET state = %s WHERE id = %s", (state, case))
