"""A person at a browser of their own, and Keycloak's page for names and passwords."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 60_000  # Keycloak builds each page of its theme at the first look


@contextmanager
def opened(chromium: Browser) -> Iterator[Page]:
    """A page without cookies of anybody else."""
    context = chromium.new_context(locale="de-DE")
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


def enter(page: Page, person: dict[str, Any]) -> None:
    page.fill("#username", person["username"])
    page.fill("#password", person["password"])
    page.click("#kc-login")
