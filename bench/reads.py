"""Lists and single cases through the real API, beside pgbench running the statements that it runs for them.

Four counties of twenty thousand cases; caseworkers' tokens, policies, limits and the read log are on. Clients and
cores are the same for both.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from bench import bulk
from bench.site import Site, cpu_of
from bench.step import watched
from kreisbund_api.graphql.execution import Executor, Request
from kreisbund_infra.local import database as local_database
from kreisbund_infra.local import deployment
from kreisbund_infra.local.home import Home
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.prepared import Statement, array
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.outgoing import issuer_fetch
from kreisbund_platform.identity.tokens import API_AUDIENCE, DEMO_CLIENT, TokenChecker
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry

CASES, CLIENTS, SECONDS = 20_000, 8, 4.0
LIST = """query($first: Int, $after: String) { cases(first: $first, after: $after) { edges { node { id caseNumber status
    applicantName openedAt dueAt template { title } tasks(first: 1) { edges { node { name status dueAt } } } } }
    pageInfo { hasNextPage endCursor } } }"""
BY_ID = """query($id: ID!) { caseRecord(id: $id) { id caseNumber status version applicantName data openedAt dueAt
    template { title } parties { role name } tasks(first: 10) { edges { node { name status assignee } } } } }"""
IDS = "{ cases(first: 100) { edges { node { id } } } }"


class Reads:
    """`list` and `by_id`."""

    def __init__(self) -> None:
        self.missing = ["postgraphile", "plain resolvers"]
        self._site = site = Site()
        try:
            home = Home(site.home, site.port)
            server = local_database.chosen(home, home.venv)
            assert server is not None
            self._settings = Settings.from_environment(deployment.environment_of(home, server))
            self._begin()
        except BaseException:
            site.close()
            raise

    def _begin(self) -> None:
        site, settings = self._site, self._settings
        self._database = Database(settings)
        self._connections = Connections(self._database, settings)
        registry = Registry(self._connections)
        self._county = registry.by_slug(site.counties[0])
        assert self._county is not None
        with self._database.owner() as owner:
            for slug in site.counties:
                county = registry.by_slug(slug)
                assert county is not None
                bulk.fill(owner, county.schema_name, CASES)
        checker = TokenChecker(
            registry, API_AUDIENCE, SystemClock(), clients=(DEMO_CLIENT,), fetch=issuer_fetch(settings, registry)
        )
        self._token = site.token(site.counties[0])
        self._person = checker.check(self._token)
        self._executor = Executor(settings, self._connections, SystemClock(), self._database)
        edges = self._answer(IDS, {})["cases"]["edges"]
        self._ids = [edge["node"]["id"] for edge in edges]
        self._asked: dict[str, tuple[str, list[dict[str, Any]]]] = {
            "list": (LIST, [{"first": 20}]),
            "by_id": (BY_ID, [{"id": each} for each in self._ids]),
        }
        for name in self._asked:
            self._measured(name, 1.0)

    def _answer(self, query: str, variables: dict[str, Any]) -> Any:
        answer = self._executor.run(self._person, Request(query, variables))
        assert answer.was_compiled, answer.errors
        return answer.data

    def close(self) -> None:
        self._database.close()
        self._site.close()

    def round(self) -> dict[str, float]:
        figures: dict[str, float] = {}
        for name in self._asked:
            before, found, after = self._floor(name), self._measured(name, SECONDS), self._floor(name)
            floor = (before + after) / 2
            figures |= {f"{name}_{point}": value for point, value in found.items()}
            figures |= {f"{name}_floor_per_second": floor, f"{name}_vs_floor": found["per_second"] / floor}
        return figures

    def _measured(self, name: str, seconds: float) -> dict[str, float]:
        query, given = self._asked[name]
        requests = json.dumps([self._site.question(self._token, query, **each).decode() for each in given])
        api = self._site.pids["api"]
        cpu = cpu_of(api)
        said = json.loads(self._site.start("bench.busy", seconds, CLIENTS, given=requests.encode()).communicate()[0])
        assert set(said["statuses"]) == {"200"}, said
        spent = (cpu_of(api) - cpu) / (said["per_second"] * seconds)
        names = ("per_second", "bytes", "p50_ms", "p99_ms")
        return {point: said[point] for point in names} | {"api_cpu_us": spent * 1e6, "client_cpu": said["cpu"]}

    def _floor(self, name: str) -> float:
        """Transactions a second of pgbench with the statements of one request."""
        query, given = self._asked[name]
        script = self._script(query, given[0])
        assert self._county is not None
        with self._connections.for_tenant(self._county) as connection:
            info = connection.info
            environment = os.environ | {
                "PGHOST": info.host, "PGPORT": str(info.port), "PGUSER": info.user, "PGPASSWORD": info.password,
                "PGDATABASE": info.dbname,
                "PGOPTIONS": f"-c search_path={self._county.schema_name},pg_catalog"
                " -c plan_cache_mode=force_generic_plan",
            }  # fmt: skip
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script[0])
            file.flush()
            command = [os.environ["KREISBUND_BENCH_PGBENCH"], "-n", "-M", "prepared", "-c", str(CLIENTS), "-T", "4"]
            command += [word for name, value in script[1].items() for word in ("-D", f"{name}={value}")]
            words = [*command, "-f", file.name]
            done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        found = re.search(r"tps = ([\d.]+) \(without", done.stdout)
        if not found or done.returncode:
            raise RuntimeError(f"pgbench: {done.stderr.strip()[-400:]}")
        return float(found[1])

    def _script(self, query: str, variables: dict[str, Any]) -> tuple[str, dict[str, str]]:
        self._answer(query, variables)
        with watched(Statement, "call") as calls:
            self._answer(query, variables)
        return written([(statement.text, values) for statement, _connection, *values in calls])


def written(calls: Sequence[tuple[str, Sequence[object]]]) -> tuple[str, dict[str, str]]:
    """A script of pgbench with the values that it binds."""
    bound: dict[str, str] = {}
    lines = []
    for text, values in calls:
        line = text
        for place, value in reversed(list(enumerate(values, 1))):
            sign = "NULL"
            if value is not None:
                name = f"v{len(bound)}"
                bound[name] = array(value) if isinstance(value, (list, tuple)) else str(value)
                sign = f":{name}"
            line = re.sub(rf"\${place}(?!\d)", sign, line)
        lines.append(line.replace("\n", " ") + ";")
    return "\n".join(lines) + "\n", bound
