"""What a running API process holds; every route module gets it through `install(app, services)`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from kreisbund_api.operations import RecentRequests
from kreisbund_api.quota import Quotas
from kreisbund_api.turns import Turns
from kreisbund_platform.clock import Clock
from kreisbund_platform.documents.scanning.scanner import AtOnce
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.identity.tokens import TokenChecker
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_platform.tenancy.registry import Registry


class Answer:
    """One executed operation: `data` keyed by response key, `errors` as JSON (message, path, extensions.code)."""

    def __init__(
        self, data: dict[str, Any] | None, errors: tuple[Mapping[str, Any], ...] = (), *, written: bytes | None = None
    ) -> None:
        self._data, self.errors, self._written = data, errors, written

    @property
    def data(self) -> dict[str, Any] | None:
        """None where nothing ran."""
        if self._data is None and self._written is not None:
            self._data = orjson.loads(self._written)["data"]
        return self._data

    @property
    def was_compiled(self) -> bool:
        """Whether the database wrote the body."""
        return self._written is not None

    @property
    def ran(self) -> bool:
        """Whether anything was executed: then errors belong to a field."""
        return self._written is not None or self._data is not None or any("path" in each for each in self.errors)

    @property
    def body(self) -> bytes:
        """What goes to a client; `data` is there, null perhaps, once anything ran."""
        if self._written is not None:
            return self._written
        body: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        if self.ran:
            body["data"] = self._data
        return orjson.dumps(body)


class Execute(Protocol):
    """Runs a trusted document in this process; synchronous, so call it in a worker thread.

    `county` is the county whose page asks: it must be the principal's own, and it alone is read without a principal.
    """

    def __call__(
        self,
        principal: Principal | None,
        county: TenantContext | None,
        document: str,
        variables: Mapping[str, Any],
    ) -> Answer:
        """Data and errors; never raises for what a caller can do."""
        ...


@dataclass(frozen=True)
class Services:
    """Everything a route needs; `execute` is the only way of a page to data."""

    settings: Settings
    registry: Registry
    connections: Connections
    clock: Clock
    tokens: TokenChecker
    execute: Execute
    scanner: AtOnce
    turns: Turns
    quotas: Quotas
    recent: RecentRequests = field(default_factory=RecentRequests)
