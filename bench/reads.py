"""Lists and single cases through the real API, beside pgbench running the statements that it runs for them, and peers.

Four counties of twenty thousand cases; caseworkers' tokens, policies, limits and the read log are on for the product
alone. Clients and cores are the same for all; answers are compared before anything is timed.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any

from bench import bulk, peers
from bench.contenders import CLIENTS, Contender
from bench.floor import login_of, pgbench
from bench.site import Site
from bench.step import Measure, parent_of, watched
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

CASES, SECONDS, WARM_SECONDS = 20_000, 4.0, 2.0
LIST = """query($first: Int, $after: String) { cases(first: $first, after: $after) { edges { node { id caseNumber status
    applicantName openedAt dueAt template { title } tasks(first: 1) { edges { node { name status dueAt } } } } }
    pageInfo { hasNextPage endCursor } } }"""
BY_ID = """query($id: ID!) { caseRecord(id: $id) { id caseNumber status version applicantName data openedAt dueAt
    template { title } parties { role name } tasks(first: 10) { edges { node { name status assignee } } } } }"""
IDS = "{ cases(first: 100) { edges { node { id } } } }"


class Reads(Measure):
    """`list` and `by_id`."""

    def __init__(self) -> None:
        self._rounds = 0
        with ExitStack() as held:
            self._site = held.enter_context(closing(Site()))
            self._begin(held)
            self._held = held.pop_all()

    def _begin(self, held: ExitStack) -> None:
        site = self._site
        home = Home(site.home, site.port)
        server = local_database.chosen(home, home.venv)
        assert server is not None
        settings = Settings.from_environment(deployment.environment_of(home, server))
        database = Database(settings)
        held.callback(database.close)
        self._connections = Connections(database, settings)
        registry = Registry(self._connections)
        _fill(database, registry, site.counties)
        self._county = registry.by_slug(site.counties[0])
        checker = TokenChecker(
            registry, API_AUDIENCE, SystemClock(), clients=(DEMO_CLIENT,), fetch=issuer_fetch(settings, registry)
        )
        token = site.token(site.counties[0])
        self._person = checker.check(token)
        self._executor = Executor(settings, self._connections, SystemClock(), database)
        self._asked = self._questions()
        with database.owner() as owner:  # the peers hold connections beside the product's
            owner.execute(f"ALTER ROLE {self._county.login_role} CONNECTION LIMIT -1")
        with self._connections.for_tenant(self._county) as connection:
            self._login = login_of(connection, self._county.schema_name)
            self._postmaster = parent_of(connection.info.backend_pid)
        self._meet(token, held)

    def _questions(self) -> dict[str, tuple[str, list[dict[str, Any]]]]:
        ids = [edge["node"]["id"] for edge in self._answer(IDS, {})["cases"]["edges"]]
        return {"list": (LIST, [{"first": 20}]), "by_id": (BY_ID, [{"id": each} for each in ids])}

    def _meet(self, token: str, held: ExitStack) -> None:
        """The product, and the peers that answer the same; all warm."""
        product = self._product(token)
        schema = self._county.schema_name
        others, self.missing = peers.started(self._asked, self._answer, self._login, schema, held)
        self._contenders = [product, *others]
        for name in self._asked:
            for contender in self._contenders:
                contender.measured(name, WARM_SECONDS, self._postmaster)

    def _product(self, token: str) -> Contender:
        site = self._site
        requests = {
            name: [site.question(token, query, **each) for each in given]
            for name, (query, given) in self._asked.items()
        }
        return Contender("product", site.port, site.pids["api"], requests)

    def _answer(self, query: str, variables: dict[str, Any]) -> Any:
        answer = self._executor.run(self._person, Request(query, variables))
        assert answer.was_compiled, answer.errors
        return answer.data

    def rest(self) -> None:
        self._site.rest()

    def wake(self) -> None:
        self._site.wake()

    def close(self) -> None:
        self._site.wake()  # what is held ends in the reverse order of its beginning
        self._held.close()

    def round(self) -> dict[str, float]:
        """Each figure's floor before and after the servers, which take turns at going first."""
        turn = self._rounds % len(self._contenders)
        # a token lasts a quarter of an hour, and what one person may ask for three rounds
        self._contenders[0] = self._product(self._site.token(self._site.counties[0], turn=self._rounds))
        self._rounds += 1
        order = [*self._contenders[turn:], *self._contenders[:turn]]
        figures: dict[str, float] = {}
        for name in self._asked:
            before = self._floor(name)
            found = {each.name: each.measured(name, SECONDS, self._postmaster) for each in order}
            floor = (before + self._floor(name)) / 2
            figures |= compared(name, found, floor)
        return figures

    def _floor(self, name: str) -> float:
        """Transactions a second of pgbench with the statements of one request."""
        query, given = self._asked[name]
        return pgbench(self._login, *self._script(query, given[0]), "-c", str(CLIENTS), "-T", "4")

    def _script(self, query: str, variables: dict[str, Any]) -> tuple[str, dict[str, str]]:
        self._answer(query, variables)
        with watched(Statement, "call") as calls:
            self._answer(query, variables)
        return written([(statement.text, values) for statement, _connection, *values in calls])


def _fill(database: Database, registry: Registry, counties: Sequence[str]) -> None:
    with database.owner() as owner:
        for slug in counties:
            county = registry.by_slug(slug)
            assert county is not None
            bulk.fill(owner, county.schema_name, CASES)


def compared(name: str, found: Mapping[str, Mapping[str, float]], floor: float) -> dict[str, float]:
    """The figures of one read: the product's own, its part of the floor, and how many times a peer's; the floor's, too,
    which is as far as any way to run these statements can get.
    """
    ours = found["product"]
    figures = {f"{name}_{point}": value for point, value in ours.items()}
    figures |= {f"{name}_floor_per_second": floor, f"{name}_vs_floor": ours["per_second"] / floor}
    for peer, theirs in found.items():
        if peer != "product":
            figures |= {f"{name}_{peer}_{point}": value for point, value in theirs.items()}
            figures[f"{name}_vs_{peer}"] = ours["per_second"] / theirs["per_second"]
            figures[f"{name}_floor_vs_{peer}"] = floor / theirs["per_second"]
    return figures


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
