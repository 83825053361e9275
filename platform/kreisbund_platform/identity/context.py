"""What every service receives: whose connection, which county, which person, which clock."""

from dataclasses import dataclass

import psycopg

from kreisbund_platform.clock import Clock
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.context import TenantContext


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


@dataclass(frozen=True)
class TeamContext:
    """One piece of work of the joint service team on what all counties share; there is no county in it.

    `connection` belongs to the login role of the workspace `catalogue`, inside the caller's transaction.
    """

    connection: psycopg.Connection
    principal: Principal
    clock: Clock
    settings: Settings
