"""A peer: plain Strawberry resolvers with dataloaders over one county's tables, as Strawberry's guides write them.

`python -m bench.plain PORT` serves /graphql on loopback; PostgreSQL's own variables (PGHOST, …) name the county's
login. It knows what the bench asks and nothing else, and has no tokens, policies, limits or read log: all of that
favours it, as do connections that stay open and prepared, and documents that are parsed and validated once.
"""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
import strawberry
import uvicorn
from fastapi import FastAPI
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import GraphQLRouter
from strawberry.scalars import JSON
from strawberry.types import Info

CONNECTIONS = 8
CASE = (
    "SELECT id, case_number, status, version, applicant_name, data::text, opened_at, due_at, template_id"
    " FROM case_record"
)
NEWEST = f"{CASE} ORDER BY opened_at DESC, id DESC LIMIT %s"
OLDER = f"{CASE} WHERE (opened_at, id) < (%s::timestamptz, %s::uuid) ORDER BY opened_at DESC, id DESC LIMIT %s"
ONE = f"{CASE} WHERE id = %s::uuid"
TEMPLATES = "SELECT id, title FROM shared.process_template WHERE id = ANY(%s)"
PARTIES = "SELECT case_id, role, name FROM party WHERE case_id = ANY(%s) ORDER BY position, id"
TASKS = (
    "SELECT t.* FROM unnest(%s::uuid[]) c(id) CROSS JOIN LATERAL (SELECT case_id, id, name, status, due_at, assignee,"
    " created_at FROM task WHERE case_id = c.id ORDER BY created_at DESC, id DESC LIMIT %s) t"
)
T = TypeVar("T")
Row = dict[str, Any]


class Pool:
    """Connections that are open from the start; who finds none free waits."""

    def __init__(self) -> None:
        self._free: asyncio.LifoQueue[AsyncConnection[Row]] = asyncio.LifoQueue()

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            made = await AsyncConnection.connect("", autocommit=True, prepare_threshold=1, row_factory=dict_row)
            self._free.put_nowait(made)

    async def close(self) -> None:
        while not self._free.empty():
            await self._free.get_nowait().close()

    async def rows(self, query: str, *values: object) -> list[Row]:
        connection = await self._free.get()
        try:
            return await (await connection.execute(query.encode(), values)).fetchall()
        finally:
            self._free.put_nowait(connection)


class Loaders:
    """What one request collects before it asks the database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.templates: DataLoader[UUID, ProcessTemplate | None] = DataLoader(load_fn=self._templates)
        self.parties: DataLoader[UUID, list[Party]] = DataLoader(load_fn=self._parties)
        self.tasks: DataLoader[tuple[UUID, int], list[Row]] = DataLoader(load_fn=self._tasks)

    async def _templates(self, ids: Sequence[UUID]) -> "list[ProcessTemplate | None]":
        found = {row["id"]: ProcessTemplate(title=row["title"]) for row in await self.pool.rows(TEMPLATES, list(ids))}
        return [found.get(each) for each in ids]

    async def _parties(self, cases: Sequence[UUID]) -> "list[list[Party]]":
        found: dict[UUID, list[Party]] = {case: [] for case in cases}
        for row in await self.pool.rows(PARTIES, list(cases)):
            found[row["case_id"]].append(Party(role=row["role"], name=row["name"]))
        return [found[case] for case in cases]

    async def _tasks(self, keys: Sequence[tuple[UUID, int]]) -> list[list[Row]]:
        found: dict[tuple[UUID, int], list[Row]] = {key: [] for key in keys}
        for first in {first for _case, first in keys}:
            cases = [case for case, asked in keys if asked == first]
            for row in await self.pool.rows(TASKS, cases, first + 1):
                found[row["case_id"], first].append(row)
        return [found[key] for key in keys]


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo


@strawberry.type
class ProcessTemplate:
    title: str


@strawberry.type
class Party:
    role: str
    name: str | None


@strawberry.type
class Task:
    name: str
    status: str
    due_at: datetime | None
    assignee: str | None


@strawberry.type
class CaseRecord:
    id: strawberry.ID
    case_number: str
    status: str
    version: int
    applicant_name: str | None
    opened_at: datetime
    due_at: datetime | None
    written: strawberry.Private[str | None]
    template_id: strawberry.Private[UUID | None]

    @strawberry.field
    def data(self) -> JSON | None:
        return None if self.written is None else orjson.loads(self.written)

    @strawberry.field
    async def template(self, info: Info[Row, None]) -> ProcessTemplate | None:
        return await loaders_of(info).templates.load(self.template_id) if self.template_id else None

    @strawberry.field
    async def parties(self, info: Info[Row, None]) -> list[Party]:
        return await loaders_of(info).parties.load(UUID(self.id))

    @strawberry.field
    async def tasks(self, info: Info[Row, None], first: int = 20) -> Connection[Task]:
        rows = await loaders_of(info).tasks.load((UUID(self.id), first))
        return page([task(row) for row in rows], rows, first, "created_at")


@strawberry.type
class Query:
    @strawberry.field
    async def cases(self, info: Info[Row, None], first: int = 20, after: str | None = None) -> Connection[CaseRecord]:
        pool = loaders_of(info).pool
        rows = await (pool.rows(OLDER, *place(after), first + 1) if after else pool.rows(NEWEST, first + 1))
        return page([case_record(row) for row in rows], rows, first, "opened_at")

    @strawberry.field
    async def case_record(self, info: Info[Row, None], id: strawberry.ID) -> CaseRecord | None:
        rows = await loaders_of(info).pool.rows(ONE, id)
        return case_record(rows[0]) if rows else None


def loaders_of(info: Info[Row, None]) -> Loaders:
    loaders: Loaders = info.context["loaders"]
    return loaders


def case_record(row: Row) -> CaseRecord:
    known = {name: value for name, value in row.items() if name not in ("id", "data")}
    return CaseRecord(id=strawberry.ID(str(row["id"])), written=row["data"], **known)


def task(row: Row) -> Task:
    return Task(name=row["name"], status=row["status"], due_at=row["due_at"], assignee=row["assignee"])


def page(nodes: list[T], rows: list[Row], first: int, moment: str) -> Connection[T]:
    """The first so many of what was read, one more than asked for."""
    shown = nodes[:first]
    last = rows[len(shown) - 1] if shown else None
    end = json.dumps([last[moment].isoformat(), str(last["id"])]) if last else None
    cursor = base64.b64encode(end.encode()).decode() if end else None
    edges = [Edge(node=node) for node in shown]
    return Connection(edges=edges, page_info=PageInfo(has_next_page=len(nodes) > first, end_cursor=cursor))


def place(cursor: str) -> list[str]:
    """Moment and id of the row that a cursor names."""
    found: list[str] = json.loads(base64.b64decode(cursor))
    return found


def application() -> FastAPI:
    pool = Pool()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await pool.open()
        yield
        await pool.close()

    async def context() -> Row:
        return {"loaders": Loaders(pool)}

    schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
    app = FastAPI(lifespan=lifespan)
    app.include_router(GraphQLRouter(schema, context_getter=context, graphql_ide=None), prefix="/graphql")
    return app


if __name__ == "__main__":
    uvicorn.run(application(), host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
