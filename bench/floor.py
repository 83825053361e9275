"""pgbench running the statements of one durable step, recorded from the product, on copies of the same case."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from bench.office import Office
from kreisbund_platform.cases import queries
from kreisbund_platform.ids import Kind, kind_of

IDENTIFIER = "(lpad(to_hex({batch}), 8, '0') || '-0000-8%s-8000-' || lpad(({n})::text, 12, '0'))::uuid"
CASE, TASK, EVENT = (IDENTIFIER.replace("%s", f"{int(kind):03x}") for kind in (Kind.CASE_RECORD, Kind.TASK, Kind.EVENT))
MADE = {Kind.TASK: TASK, Kind.EVENT: EVENT}
UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


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


@dataclass(frozen=True)
class Recorded:
    """The statements of one step as the product sent them: text with `$n`, values, and the ids that are the case's."""

    calls: Sequence[tuple[str, Sequence[object]]]
    case_id: UUID
    task_id: UUID

    def script(self, batch: int) -> tuple[str, dict[str, str]]:
        """The same for the `:i`th copy of a batch, and the values that pgbench binds as the product does."""
        own = self.ids(batch)
        bound: dict[str, str] = {}
        lines = [f"{self._line(text, values, own, bound)};" for text, values in self.calls]
        return "\n".join(("\\set i :i + 1", "BEGIN;", *lines, "COMMIT;\n")), bound

    def ids(self, batch: int) -> dict[str, str]:
        """How the ids are written for a copy: those of the case, and of what the step makes."""
        written = " ".join(str(value) for _text, values in self.calls for value in values)
        made = {UUID(found) for found in UUIDS.findall(written)}
        own = {str(self.case_id): CASE.format(batch=batch, n=":i"), str(self.task_id): TASK.format(batch=batch, n=":i")}
        for made_id in made - {self.case_id, self.task_id}:
            if (kind := MADE.get(kind_of(made_id))) is not None:
                own[str(made_id)] = kind.format(batch=batch + 500_000, n=":i")
        return own

    @staticmethod
    def _line(text: str, values: Sequence[object], own: dict[str, str], bound: dict[str, str]) -> str:
        for place, value in reversed(list(enumerate(values, 1))):
            written = value.decode() if isinstance(value, bytes) else str(value)
            inside = [made for made in own if made in written]
            name = f"v{len(bound)}"
            if value is None:
                sql = "NULL"
            elif written in own:
                sql = own[written]
            else:
                bound[name] = written
                sql = f":{name}"
                for made in inside:
                    sql = f"replace({sql}, '{made}', {own[made]}::text)::jsonb"
            text = text.replace(f"${place}", sql)
        return text


def login_of(connection: Connection[Any], schema: str) -> dict[str, str]:
    """The variables with which PostgreSQL's own clients log in as this connection did, under the product's settings."""
    info = connection.info
    return {
        "PGHOST": info.host,
        "PGPORT": str(info.port),
        "PGUSER": info.user,
        "PGPASSWORD": info.password,
        "PGDATABASE": info.dbname,
        "PGOPTIONS": f"-c search_path={schema},pg_catalog -c plan_cache_mode=force_generic_plan -c timezone=UTC",
    }


def pgbench(login: Mapping[str, str], script: str, bound: Mapping[str, str], *words: str) -> float:
    """Scripts a second, each value bound as `:name`."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [os.environ["KREISBUND_BENCH_PGBENCH"], "-n", "-M", "prepared", *words]
        command += [word for name, value in bound.items() for word in ("-D", f"{name}={value}")]
        words, environment = (*command, "-f", file.name), os.environ | login
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+) \(without", done.stdout)
    if not found or done.returncode:
        raise RuntimeError(f"pgbench: {done.stderr.strip()[-400:]}")
    return float(found[1])


def run(here: Office, recorded: Recorded, batch: int, count: int) -> float:
    """Microseconds a step on the copies of a batch."""
    script, bound = recorded.script(batch)
    login = login_of(here.connection, here.tenant.schema_name)
    return 1e6 / pgbench(login, script, {"i": "0", **bound}, "-c", "1", "-t", str(count))
