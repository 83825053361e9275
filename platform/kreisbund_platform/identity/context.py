"""What every service receives: whose connection, which county, which person, which clock."""

from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from kreisbund_platform.clock import Clock
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext


class Left:
    """What a piece of work leaves for the worker. Who says nothing leaves something at once."""

    def __init__(self) -> None:
        self._said = False
        self._due_at: datetime | None = None

    def from_on(self, due_at: datetime | None) -> None:
        """From this moment on there is something to do, as far as this part of the work goes; None for nothing."""
        self._said = True
        if due_at is not None:
            self._due_at = min(due_at, self._due_at or due_at)

    def due_at(self, now: datetime) -> datetime | None:
        """When the worker is to look; None where there is nothing for it."""
        return self._due_at if self._said else now


@dataclass(frozen=True)
class WorkContext:
    """One piece of work in one county; there is no default tenant anywhere.

    `connection` belongs to the login role of `tenant` for life, inside the caller's transaction.
    """

    connection: psycopg.Connection
    tenant: TenantContext
    principal: Principal
    clock: Clock
    settings: Settings
    left: Left = field(default_factory=Left, compare=False)


@dataclass(frozen=True)
class TeamContext:
    """One piece of work of the joint service team on what all counties share; there is no county in it.

    `connection` belongs to the login role of the workspace `catalogue`, inside the caller's transaction.
    """

    connection: psycopg.Connection
    principal: Principal
    clock: Clock
    settings: Settings
