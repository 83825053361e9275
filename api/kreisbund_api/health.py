"""/healthz: the process lives. /readyz: it can serve; a county left behind by a migration is named in a 200, where the
process has the owner's login (in production it has not: `counties_behind` is null, `migrate --status` tells).
"""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from kreisbund_api.services import Services
from kreisbund_api.transport import json_response
from kreisbund_platform.database import migrate
from kreisbund_platform.database.failures import Failure, classify
from kreisbund_platform.database.session import Database, OwnerAbsentError
from kreisbund_platform.tenancy import readiness


@dataclass(frozen=True)
class Health:
    """The two routes of one process."""

    services: Services
    database: Database

    async def lives(self, _request: Request) -> Response:
        """Always 200."""
        return json_response({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """200, or 503 with the reason."""
        status, body = await self.services.turns.threads.run(self._state)
        return json_response(body, status)

    def _state(self) -> tuple[int, dict[str, Any]]:
        try:
            self.services.registry.refresh()
            fits = readiness.fits_shared(self.services.connections)
            behind = self._behind()
        except Exception as problem:
            reason = "database" if classify(problem) is Failure.UNAVAILABLE else "shared"
            return _not_ready(reason)
        if not fits:
            return _not_ready("shared")
        if not self.services.tokens.keys_state().ready:
            return _not_ready("issuer_keys")
        return 200, {"status": "ok", "counties_behind": behind}

    def _behind(self) -> list[str] | None:
        """Slugs of the counties that a migration left behind; None where this process may not see."""
        try:
            schemas = [each.schema for each in migrate.status(self.database) if each.is_behind]
        except OwnerAbsentError:
            return None
        return [tenant.slug for tenant in self.services.registry.all() if tenant.schema_name in schemas]


def _not_ready(reason: str) -> tuple[int, dict[str, Any]]:
    return 503, {"status": "unavailable", "reason": reason}


def install(app: FastAPI, services: Services, database: Database) -> None:
    """Adds both routes."""
    health = Health(services, database)
    app.add_route("/healthz", health.lives, methods=["GET", "HEAD"])
    app.add_route("/readyz", health.ready, methods=["GET", "HEAD"])
