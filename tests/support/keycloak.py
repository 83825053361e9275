"""A real Keycloak for the tests that need one: on a PostgreSQL of its own, thrown away at the end."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kreisbund_infra.local import database, keycloak, processes
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import CHECKOUT, Home
from kreisbund_platform.settings import KeycloakAccess
from kreisbund_tenants.realms.keycloak import administration

VENV = CHECKOUT / ".kreisbund" / "venv-dev"


@dataclass(frozen=True)
class RunningKeycloak:
    """Where it answers, and the service account that makes realms."""

    url: str
    admin: str
    secret_file: Path
    home: Home

    def administration(self, realm: str) -> AbstractContextManager[Any]:
        """Keycloak's administration in a realm."""
        access = KeycloakAccess(self.url, self.url, self.admin, self.secret_file.read_text().strip())
        return administration(access, realm)

    def stop(self) -> None:
        processes.stop(self.home, keycloak.NAME)

    def start(self) -> None:
        server = database.chosen(self.home, VENV, durable=False)
        assert server is not None
        keycloak.start(self.home, server, VENV)
        keycloak.wait(self.home)


@pytest.fixture(scope="session")
def running_keycloak() -> Iterator[RunningKeycloak]:
    if not os.environ.get("KEYCLOAK_HOME"):
        pytest.skip("no Keycloak here: './kreisbund up --keycloak' fetches one")
    with tempfile.TemporaryDirectory(prefix="kreisbund-keycloak-") as folder:
        home = Home(Path(folder), _free_port())
        homes.prepare(home)
        keycloak.use(home, yes=True)
        server = database.chosen(home, VENV, durable=False)
        assert server is not None
        server.initialise()
        server.start()
        here = RunningKeycloak(home.keycloak_url, keycloak.ADMIN, home.secrets / "keycloak-admin.secret", home)
        try:
            here.start()
            yield here
        finally:
            here.stop()
            server.stop()


def _free_port() -> int:
    """A port whose neighbours for PostgreSQL and Keycloak are free too."""
    for port in range(18420, 60000, 20):
        if all(_is_free(port + above) for above in (0, 10, 11, 12)):
            return port
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
