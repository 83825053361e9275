"""Connections that belong to one login role for life, pooled under one global cap.

A pooled connection is never handed to another role. When the cap is reached, an idle connection of the
least recently used role makes room; who finds none waits. What nobody used for long is closed when another
comes back: each keeps some megabytes in the server. Settings that matter are sent at connect,
because a role may change its own defaults. Nothing here logs a statement or a parameter.
"""

import contextlib
import getpass
import os
import select
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import set_json_loads

from kreisbund_platform.database.pooled import PooledConnection, SessionCursor, cleaned, was_reset
from kreisbund_platform.settings import Settings

# Below the role's CONNECTION LIMIT, which API and worker share.
CAP_PER_LOGIN = 12
WAIT_SECONDS = 5.0
IDLE_SECONDS = 900.0
CONNECT_SECONDS = 5
SESSION_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",  # generic plans guess high; compiling one took 0.5 s for a page of 8 ms
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "application_name": "kreisbund",
    # a role may name a library here that is not there: then no session of it would begin
    "local_preload_libraries": "",
}
OWN_SETTINGS = """
SELECT FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS setting
WHERE s.setrole = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()))
    AND setting <> %s LIMIT 1
"""


class DatabaseUnavailableError(Exception):
    """The server cannot be reached, refuses the login, went away, or no connection came free in time."""


class LoginRefusedError(DatabaseUnavailableError):
    """No connection for this one login: its password or its settings are not those declared, or the server is away."""


class OwnerAbsentError(DatabaseUnavailableError):
    """The owner's login was not given to this process."""


@dataclass(frozen=True)
class Login:
    """A role of the database and its secret; `search_path` is the one schema whose tables it names bare."""

    role: str
    secret: str = field(repr=False)
    search_path: str = "shared"

    @property
    def path(self) -> str:
        """The `search_path` of its sessions, and the one setting that its role has."""
        return f"{self.search_path}, pg_catalog" if self.search_path else "pg_catalog"


class Database:
    """All connections of a process, `cap` at most, else as the settings say. Thread-safe; opens nothing before it is
    asked.
    """

    def __init__(
        self,
        settings: Settings,
        cap: int | None = None,
        *,
        cap_per_login: int = CAP_PER_LOGIN,
        wait_seconds: float = WAIT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._url = settings.database_url
        self._cap = settings.connections if cap is None else cap
        self._cap_per_login, self._wait_seconds, self._idle_seconds = cap_per_login, wait_seconds, idle_seconds
        self._changed = threading.Condition()
        # from the least to the most recently used login
        self._idle: OrderedDict[Login, deque[PooledConnection]] = OrderedDict()
        self._returned: dict[Login, float] = {}  # when one of its connections came back last
        self._open: dict[Login, int] = {}
        self._retired: set[Login] = set()

    @property
    def name(self) -> str:
        """The database's name, as libpq would choose it."""
        parts = conninfo_to_dict(self._url)
        return str(parts.get("dbname") or os.environ.get("PGDATABASE") or parts.get("user") or getpass.getuser())

    @contextmanager
    def connection(self, login: Login) -> Iterator[psycopg.Connection[Any]]:
        """A connection of this role in autocommit; an unfinished transaction is rolled back on return.

        Raises `DatabaseUnavailableError` when none is to be had, or when the server goes away meanwhile.
        """
        connection = self._take(login)
        try:
            yield connection
        except psycopg.OperationalError as problem:
            if connection.closed:
                raise DatabaseUnavailableError("the connection broke") from problem
            raise
        finally:
            self._give_back(login, connection)

    @contextmanager
    def at_hand(self, login: Login) -> Iterator[PooledConnection | None]:
        """A connection of this role that lies ready; None where one would have to be opened or waited for."""
        connection = self._ready(login)
        try:
            yield connection
        finally:
            if connection is not None:
                self._give_back(login, connection)

    def _ready(self, login: Login) -> PooledConnection | None:
        with self._changed:
            pool = self._idle.get(login)
            if not pool or (pool[-1].resetting and not _has_news(pool[-1])):
                return None
            self._idle.move_to_end(login)
            connection = pool.pop()
        if was_reset(connection) and _usable(connection):
            return connection
        self._drop(login, connection)
        return None

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[Any]]:
        """A fresh connection of the owner, in autocommit: to migrate and to provision only.

        Raises `OwnerAbsentError` in a process whose address names no user.
        """
        if not conninfo_to_dict(self._url).get("user"):
            raise OwnerAbsentError("this process does not have the owner's login")
        connection = _connect(self._url, {"timezone": "UTC", "application_name": "kreisbund_owner"})
        with contextlib.closing(connection):
            yield connection

    def close(self) -> None:
        """Closes what is idle; what is in use closes on its return."""
        with self._changed:
            idle = [connection for pool in self._idle.values() for connection in pool]
            self._idle.clear()
            self._open.clear()
            self._cap = 0
        for connection in idle:
            connection.close()

    def retire(self, login: Login) -> None:
        """A login with an outdated secret: what is idle closes now, what is in use on its return."""
        with self._changed:
            self._retired.add(login)
            idle = self._idle.pop(login, deque())
            for _connection in idle:
                self._close_slot(login)
            self._changed.notify_all()
        for connection in idle:
            connection.close()

    def open_connections(self) -> int:
        """How many pooled connections are open or being opened."""
        with self._changed:
            return sum(self._open.values())

    def _take(self, login: Login) -> PooledConnection:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            connection, evicted = self._idle_or_slot(login, deadline)
            if evicted is not None:
                evicted.close()
            if connection is None:
                return self._open_one(login)
            if was_reset(connection) and _usable(connection):
                return connection
            self._drop(login, connection)

    def _idle_or_slot(self, login: Login, deadline: float) -> tuple[PooledConnection | None, PooledConnection | None]:
        """An idle connection of the role; or the right to open one, with what must be closed for it."""
        with self._changed:
            while True:
                if pool := self._idle.get(login):
                    self._idle.move_to_end(login)
                    return pool.pop(), None
                if self._open.get(login, 0) < self._cap_per_login:
                    has_room = sum(self._open.values()) < self._cap
                    evicted = None if has_room else self._evict()
                    if has_room or evicted is not None:
                        self._open[login] = self._open.get(login, 0) + 1
                        return None, evicted
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    raise DatabaseUnavailableError("no connection came free in time")

    def _evict(self, unused_since: float = float("inf")) -> PooledConnection | None:
        """An idle connection of the least recently used role, to be closed, if it was used before this moment only."""
        login = next((login for login, pool in self._idle.items() if pool), None)
        if login is None or self._returned[login] >= unused_since:
            return None
        self._close_slot(login)
        return self._idle[login].popleft()

    def _close_slot(self, login: Login) -> None:
        left = self._open.get(login, 0) - 1
        if left > 0:
            self._open[login] = left
        else:
            self._open.pop(login, None)

    def _open_one(self, login: Login) -> PooledConnection:
        try:
            session = SESSION_SETTINGS | {"search_path": login.path}
            return _as_declared(_connect(self._url, session, user=login.role, password=login.secret), login)
        except BaseException:
            with self._changed:
                self._close_slot(login)
                self._changed.notify()
            raise

    def _give_back(self, login: Login, connection: PooledConnection) -> None:
        if not cleaned(connection):
            self._drop(login, connection)
            return
        with self._changed:
            is_kept = bool(self._cap) and login not in self._retired
            if is_kept:
                self._idle.setdefault(login, deque()).append(connection)
                self._idle.move_to_end(login)
                self._returned[login] = time.monotonic()
                stale = self._evict(self._returned[login] - self._idle_seconds)
                self._changed.notify()
        if not is_kept:
            self._drop(login, connection)
        elif stale is not None:
            stale.close()

    def _drop(self, login: Login, connection: PooledConnection) -> None:
        connection.close()
        with self._changed:
            self._close_slot(login)
            self._changed.notify()


def _connect(url: str, session: dict[str, str], **login: str) -> PooledConnection:
    options = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in session.items())
    conninfo = make_conninfo(url, options=options, connect_timeout=CONNECT_SECONDS, **login)
    try:
        connection = PooledConnection.connect(conninfo, autocommit=True, prepare_threshold=1)
    except psycopg.OperationalError as problem:
        raise LoginRefusedError("the database refuses or cannot be reached") from problem
    connection.cursor_factory = SessionCursor
    set_json_loads(orjson.loads, connection)
    return connection


def _as_declared(connection: PooledConnection, login: Login) -> PooledConnection:
    """The connection, if its role has no setting but its search_path: others would come with every new session."""
    try:
        found = connection.execute(OWN_SETTINGS, (f"search_path={login.path}",)).fetchone()
    except psycopg.Error as problem:
        connection.close()
        raise LoginRefusedError("the role's settings leave no time for a statement") from problem
    if found is not None:
        connection.close()
        raise LoginRefusedError("the role has settings that nobody declared")
    connection.used = False
    return connection


def _usable(connection: PooledConnection) -> bool:
    """Whether an idle connection still stands. An idle socket has nothing to say but that the server is gone."""
    return not connection.closed and not _has_news(connection)


def _has_news(connection: PooledConnection) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
