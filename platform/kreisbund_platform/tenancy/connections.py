"""The only way to a county's data: the connection of its own login role.

A refused login is looked at once more: where its secret was rotated, the new one is read; where the role was changed
by itself (an injected ALTER ROLE can change password and settings), it is set back to what is declared. Only that
county waits meanwhile.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from kreisbund_platform import telemetry
from kreisbund_platform.database.pooled import PooledConnection
from kreisbund_platform.database.session import Database, DatabaseUnavailableError, Login, LoginRefusedError
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import secret_box
from kreisbund_platform.tenancy.context import TenantContext, TenantMissingError
from kreisbund_platform.tenancy.grants import WORKSPACES
from kreisbund_platform.tenancy.roles import workspace_role

COUNTY_QUERY = "SELECT epoch, wrapped FROM shared.tenant_secret WHERE tenant_id = %s"
WORKSPACE_QUERY = "SELECT epoch, wrapped FROM shared.workspace_secret WHERE workspace = %s"
RESTORE = "SELECT shared.restore_login(%s, %s, %s)"
# A role that is changed again and again is set back this often, by each process.
RESTORE_AGAIN_SECONDS = 10.0


@dataclass(frozen=True)
class _Account:
    """Whose login it is: the role, its schema, and where its secret lies."""

    role: str
    schema: str
    query: str
    owner: object


class Connections:
    """Hands out connections by county and by workspace; holds unwrapped secrets in memory only."""

    def __init__(
        self, database: Database, settings: Settings, *, monotonic_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._key = settings.wrapping_key
        self._logins: dict[str, Login] = {}
        self._restored: dict[str, float] = {}
        self._seconds = monotonic_seconds
        self._lock = threading.Lock()

    @contextmanager
    def for_tenant(self, tenant: TenantContext | None) -> Iterator[Connection[Any]]:
        """A connection of the county's login role, in autocommit; its tables are named bare.

        Raises `TenantMissingError` without a county, `DatabaseUnavailableError` when none is to be had,
        `LoginRefusedError` where that is this county's trouble alone.
        """
        if tenant is None or tenant.status == "DELETED":
            raise TenantMissingError
        account = _Account(tenant.login_role, tenant.schema_name, COUNTY_QUERY, tenant.id)
        with self._opened(account) as connection:
            yield connection

    def at_hand(self, tenant: TenantContext) -> AbstractContextManager[PooledConnection | None]:
        """A county's connection that lies ready; None where anything would have to be waited for."""
        login = self._logins.get(tenant.login_role) if tenant.status != "DELETED" else None
        return nullcontext() if login is None else self._database.at_hand(login)

    def for_workspace(self, workspace: str) -> AbstractContextManager[Connection[Any]]:
        """A connection of `registry`, `catalogue`, `state`, `operations` or `collector`, in autocommit."""
        if workspace not in WORKSPACES:
            raise ValueError(f"unknown workspace {workspace}")
        if workspace == "registry":
            return self._registry()
        return self._opened(
            _Account(workspace_role(self._database.name, workspace), "shared", WORKSPACE_QUERY, workspace)
        )

    @contextmanager
    def _registry(self) -> Iterator[Connection[Any]]:
        """Without the registry nobody works: its refusal is no single county's."""
        role = workspace_role(self._database.name, "registry")
        login = Login(role, secret_box.registry_secret(self._key, role))
        with ExitStack() as held:
            try:
                connection = held.enter_context(self._database.connection(login))
            except LoginRefusedError as problem:
                raise DatabaseUnavailableError(str(problem)) from problem
            yield connection

    @contextmanager
    def _opened(self, account: _Account) -> Iterator[Connection[Any]]:
        with ExitStack() as held:
            login = self._logins.get(account.role) or self._read_login(account)
            try:
                connection = held.enter_context(self._database.connection(login))
            except LoginRefusedError:
                connection = held.enter_context(self._database.connection(self._mended(account, login)))
            yield connection

    def _mended(self, account: _Account, refused: Login) -> Login:
        """The login to try instead. Raises `LoginRefusedError` where it was set back a moment ago already."""
        fresh = self._read_login(account)
        if fresh != refused:
            return fresh
        self._restore(account)
        return self._read_login(account)

    def _restore(self, account: _Account) -> None:
        with self._lock:
            now, before = self._seconds(), self._restored.get(account.role)
            if before is not None and now - before < RESTORE_AGAIN_SECONDS:
                raise LoginRefusedError("this login was set back a moment ago and is refused again")
            self._restored[account.role] = now
        with self._registry() as connection:
            epoch, wrapped = _secret(connection, account)
            secret = secret_box.unwrap(self._key, account.role, epoch, wrapped)
            try:
                connection.execute(RESTORE, (account.role, epoch, secret_box.verifier(secret)))
            except psycopg.Error as problem:
                raise LoginRefusedError("this login cannot be set back") from problem
        telemetry.log("login_restored", level=logging.WARNING, role=account.role)

    def _read_login(self, account: _Account) -> Login:
        with self._registry() as connection:
            epoch, wrapped = _secret(connection, account)
        login = Login(account.role, secret_box.unwrap(self._key, account.role, epoch, wrapped), account.schema)
        with self._lock:
            outdated = self._logins.get(account.role)
            self._logins[account.role] = login
        if outdated is not None and outdated != login:
            self._database.retire(outdated)
        return login


def _secret(connection: Connection[Any], account: _Account) -> tuple[int, bytes]:
    row = connection.execute(account.query, (account.owner,)).fetchone()
    if row is None:
        raise TenantMissingError
    return row[0], row[1]
