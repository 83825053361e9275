"""pgbench running the statements of one durable step, with constants of the same size, on copies of the same cases."""

import json
import os
import re
import subprocess
import tempfile
from uuid import UUID

from bench.office import Office
from kreisbund_platform.cases import queries
from kreisbund_platform.ids import Kind

IDENTIFIER = "(lpad(to_hex({batch}), 8, '0') || '-0000-8%s-8000-' || lpad(({n})::text, 12, '0'))::uuid"
CASE, TASK, EVENT = (IDENTIFIER.replace("%s", f"{int(kind):03x}") for kind in (Kind.CASE_RECORD, Kind.TASK, Kind.EVENT))


class Copies:
    """Cases copied row by row from one that the services made; tests/bench compares them."""

    def __init__(self, here: Office, original: UUID) -> None:
        self._here, self._original = here, original
        found = queries.hold_case(here.connection, original)
        assert found is not None
        self.case = found.case
        self.task = queries.open_tasks(here.connection, original)[0]

    def make(self, batch: int, count: int) -> list[UUID]:
        """Fresh cases with one open task each; answers the tasks' ids."""
        connection = self._here.connection
        case, task = CASE.format(batch="%(batch)s::int", n="n"), TASK.format(batch="%(batch)s::int", n="n")
        bound = {"batch": batch, "count": count, "original": self._original}
        with connection.transaction():
            for table, changed in (
                ("case_record", {"id": case, "case_number": "'BENCH-' || %(batch)s::int || '-' || n"}),
                ("application", {"id": f"{case}", "case_id": case}),
                ("task", {"id": task, "case_id": case}),
                ("timer", {"case_id": case}),
            ):
                self._copy(table, changed, bound)
        connection.execute("ANALYZE case_record") if batch == 0 else None
        rows = connection.execute(f"SELECT {task} FROM generate_series(1, %(count)s) n", bound).fetchall()
        return [row[0] for row in rows]

    def _copy(self, table: str, changed: dict[str, str], bound: dict[str, object]) -> None:
        connection = self._here.connection
        columns = [
            row[0]
            for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                (table,),
            )
        ]
        values = ", ".join(changed.get(column, f"o.{column}") for column in columns)
        key = "id" if table == "case_record" else "case_id"
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} o,"
            f" generate_series(1, %(count)s) n WHERE o.{key} = %(original)s",
            bound,
        )


def written(value: object) -> str:
    """JSON with a blank behind each colon: pgbench takes `:name` for a variable."""
    return json.dumps(value, default=str, ensure_ascii=False)


def script(copies: Copies, batch: int) -> str:
    """One step: lock and read the case, read its tasks, write everything."""
    case, task = CASE.format(batch=batch, n=":i"), TASK.format(batch=batch, n=":i")
    new_task = TASK.format(batch=batch + 500_000, n=":i")
    event = EVENT.format(batch=batch + 500_000, n=":i")
    record = copies.case
    opened = {
        "tasks": [{
            "id": "%ID%", "token": 2, "element_id": "assess", "name": "Bewerten", "role": "caseworker",
            "unit_id": record.unit_id, "form_id": "task", "due_at": copies.task.due_at, "due_on": copies.task.due_on,
            "instance": None,
        }]
    }  # fmt: skip
    changes = written(opened)
    body = written({"decisions": [], "element": "check", "passed": ["check"], "status": "IN_PROGRESS", "token": 1})
    data = written({**(record.data or {}), "outcome": "again", "remark": "geprüft"})
    values = [
        case, "2", "'IN_PROGRESS'", f"'{written(record.state)}'::json", f"'{data}'::json",
        "now() + interval '14 days'", "'Das Amt bewertet Ihren Antrag.'", "current_date + 28", "NULL", "NULL", task,
        f"replace('{changes}', '%ID%', {new_task}::text)::jsonb", "now()", event, "'TASK_COMPLETED'",
        "'bench-caseworker'", task, f"'{body}'",
    ]  # fmt: skip
    lock = queries.LOCK_BY_TASK.text.replace("$1", task)
    tasks = queries.TASKS_BY_TASK.text.replace("$1", task)
    return "\n".join(
        (
            "\\set i :i + 1",
            *("BEGIN;", f"{lock};", f"{tasks};", f"SELECT record_step({', '.join(values)});", "COMMIT;\n"),
        )
    )


def run(here: Office, copies: Copies, batch: int, count: int) -> float:
    """Microseconds a step."""
    info = here.connection.info
    environment = os.environ | {
        "PGHOST": info.host,
        "PGPORT": str(info.port),
        "PGUSER": info.user,
        "PGPASSWORD": info.password,
        "PGDATABASE": info.dbname,
        "PGOPTIONS": f"-c search_path={here.tenant.schema_name},pg_catalog -c plan_cache_mode=force_generic_plan",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script(copies, batch))
        file.flush()
        command = [os.environ["KREISBUND_BENCH_PGBENCH"], "-n", "-M", "prepared", "-c", "1", "-t", str(count)]
        command += ["-D", "i=0", "-f", file.name]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+) \(without", done.stdout)
    if not found or done.returncode:
        raise RuntimeError(f"pgbench: {done.stderr.strip()[-400:]}")
    return 1e6 / float(found[1])
