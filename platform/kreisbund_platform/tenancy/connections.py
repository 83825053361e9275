"""The only way to a county's data: the connection of its own login role."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from psycopg import Connection

from kreisbund_platform.database.session import Database, DatabaseUnavailableError, Login
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy import secret_box
from kreisbund_platform.tenancy.context import TenantContext, TenantMissingError
from kreisbund_platform.tenancy.grants import WORKSPACES
from kreisbund_platform.tenancy.roles import workspace_role

COUNTY_QUERY = "SELECT epoch, wrapped FROM shared.tenant_secret WHERE tenant_id = %s"
WORKSPACE_QUERY = "SELECT epoch, wrapped FROM shared.workspace_secret WHERE workspace = %s"


class Connections:
    """Hands out connections by county and by workspace; holds unwrapped secrets in memory only."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._key = settings.wrapping_key
        self._logins: dict[str, Login] = {}
        self._lock = threading.Lock()

    @contextmanager
    def for_tenant(self, tenant: TenantContext | None) -> Iterator[Connection[Any]]:
        """A connection of the county's login role, in autocommit; its tables are named bare.

        Raises `TenantMissingError` without a county, `DatabaseUnavailableError` when none is to be had.
        """
        if tenant is None or tenant.status == "DELETED":
            raise TenantMissingError
        with self._opened(tenant.login_role, tenant.schema_name, COUNTY_QUERY, tenant.id) as connection:
            yield connection

    def for_workspace(self, workspace: str) -> AbstractContextManager[Connection[Any]]:
        """A connection of `registry`, `catalogue`, `state`, `operations` or `collector`, in autocommit."""
        if workspace not in WORKSPACES:
            raise ValueError(f"unknown workspace {workspace}")
        role = workspace_role(self._database.name, workspace)
        if workspace == "registry":
            return self._database.connection(Login(role, secret_box.registry_secret(self._key, role)))
        return self._opened(role, "shared", WORKSPACE_QUERY, workspace)

    @contextmanager
    def _opened(self, role: str, schema: str, query: str, owner: object) -> Iterator[Connection[Any]]:
        """Opens with the secret at hand; where that is refused and was rotated meanwhile, once with the new one."""
        login = self._logins.get(role) or self._read_login(role, schema, query, owner)
        with ExitStack() as held:
            try:
                connection = held.enter_context(self._database.connection(login))
            except DatabaseUnavailableError:
                fresh = self._read_login(role, schema, query, owner)
                if fresh == login:
                    raise
                connection = held.enter_context(self._database.connection(fresh))
            yield connection

    def _read_login(self, role: str, schema: str, query: str, owner: object) -> Login:
        with self.for_workspace("registry") as connection:
            row = connection.execute(query, (owner,)).fetchone()
        if row is None:
            raise TenantMissingError
        login = Login(role, secret_box.unwrap(self._key, role, row[0], row[1]), schema)
        with self._lock:
            self._logins[role] = login
        return login
