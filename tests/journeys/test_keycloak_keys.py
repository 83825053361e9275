"""Security keys (WebAuthn) on Keycloak's own pages: Chromium's virtual authenticator holds them.

The county's manifest asks its staff for a second factor, so an administrator registers a key at the first login and
needs it from then on.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, Page

from kreisbund_infra.local import database
from kreisbund_infra.local.home import Home
from kreisbund_platform.clock import SystemClock
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity import sessions
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from tests.journeys.browsing import CHROMIUM, enter, opened
from tests.journeys.conftest import WITH_KEYCLOAK_SECONDS, Deployment
from tests.support.keycloak import VENV

COUNTY, NAME, REGIONAL_KEY = "eichsfeld", "Landkreis Eichsfeld", "160610000000"
MANIFEST = f"""slug = "{COUNTY}"
name = "{NAME}"
regional_key = "{REGIONAL_KEY}"
code = "EIC"
units = []
municipalities = []
[identity]
staff_second_factor = true
"""
# a key with a PIN or fingerprint, plugged in, whose button somebody presses at once
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
REASON = "Abwesend bis zur Klärung"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.timeout(WITH_KEYCLOAK_SECONDS),
]


class Key:
    """The security key at a page's browser, by the DevTools' domain WebAuthn."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("WebAuthn.enable")
        made = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self._number = {"authenticatorId": made["authenticatorId"]}

    @property
    def held(self) -> list[dict[str, Any]]:
        return list(self._devtools.send("WebAuthn.getCredentials", self._number)["credentials"])

    def hold(self, *credentials: dict[str, Any]) -> None:
        """From now on these and no others."""
        self._devtools.send("WebAuthn.clearCredentials", self._number)
        for each in credentials:
            self._devtools.send("WebAuthn.addCredential", {**self._number, "credential": each})


@dataclass
class Holder:
    """An administrator at a browser of their own."""

    up: Deployment
    person: dict[str, Any]
    page: Page
    key: Key

    @property
    def desk(self) -> str:
        return f"{self.up.base}/desk/{COUNTY}/"

    def give_password(self) -> None:
        self.page.goto(self.desk)
        assert f"/realms/{COUNTY}/" in self.page.url
        enter(self.page, self.person)

    def press_key(self) -> None:
        self._click("#authenticateWebAuthnButton")

    def _click(self, button: str) -> None:
        """These buttons are deaf until their page's modules have been loaded."""
        self.page.wait_for_selector(button)
        self.page.wait_for_load_state("load")
        self.page.click(button)

    def log_in(self) -> None:
        self.give_password()
        self.press_key()
        self.page.wait_for_url(self.desk)

    def log_out(self) -> None:
        self.page.goto(self.desk)
        self.page.get_by_role("button", name="Abmelden").click()
        self.page.wait_for_url(f"{self.up.base}/")

    def register(self) -> None:
        """The first login: Keycloak asks for a key by itself."""
        self.page.on("dialog", lambda dialog: dialog.accept("Am Schlüsselbund"))
        self.give_password()
        self._click("#registerWebAuthn")
        self.page.wait_for_url(self.desk)

    def methods(self) -> set[str]:
        """By what the session's access token says that the person proved who they are."""
        home = Home(Path(self.up.environment["KREISBUND_HOME"]), int(self.up.environment["KREISBUND_PORT"]))
        server = database.chosen(home, VENV)
        assert server is not None
        settings = Settings.from_environment({**self.up.environment, "DATABASE_URL": server.url()})
        number = next(
            each["value"]
            for each in self.page.context.cookies(self.up.base)
            if each["name"] == f"kreisbund_session_{COUNTY}"
        )
        with closing(Database(settings)) as held, Connections(held, settings).for_workspace("registry") as connection:
            found = sessions.find_session(connection, settings, SystemClock(), number)
        assert found is not None
        payload = found.tokens.access_token.split(".")[1]
        return set(json.loads(base64.urlsafe_b64decode(payload + "=="))["amr"])


@pytest.fixture(scope="module")
def administrators(
    up: Deployment, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Holder, Holder]]:
    """Both of a county that demands keys, each with one, registered at the first login."""
    manifest = tmp_path_factory.mktemp("county") / "county.toml"
    manifest.write_text(MANIFEST, "utf-8")
    up.kreisbund(
        "tenants", "create", COUNTY, "--name", NAME, "--regional-key", REGIONAL_KEY, "--manifest", str(manifest)
    )
    people = json.loads(up.kreisbund("demo", "principals", "--json"))
    admins = [each for each in people if (each["tenant"], each["role"]) == (COUNTY, "county_admin")]
    with ExitStack() as browsers:
        pages = [browsers.enter_context(opened(chromium)) for _each in admins]
        one, other = (Holder(up, each, page, Key(page)) for each, page in zip(admins, pages, strict=True))
        for holder in (one, other):
            holder.register()
            assert len(holder.key.held) == 1
        yield one, other


def test_what_needs_a_fresh_login_with_a_key_gets_one(administrators: tuple[Holder, Holder]) -> None:
    one, other = administrators
    assert "hwk" not in one.methods(), "a key that was registered has proved nothing yet"
    page = one.page
    page.goto(f"{one.desk}accounts")
    page.select_option("#feld-subject", label=f"{other.person['name']} (Plattformverwaltung im Landkreis)")
    page.fill("#feld-reason", REASON)
    page.get_by_role("button", name="Konto sperren").click()
    page.get_by_role("button", name="Sperre aufheben").click()
    page.wait_for_url(f"**/realms/{COUNTY}/**")
    page.fill("#password", one.person["password"])
    page.click("#kc-login")
    one.press_key()
    page.get_by_role("button", name="Jetzt absenden").click()
    page.wait_for_url(f"{one.desk}accounts")
    assert "aufgehoben" in page.locator("main li", has_text=REASON).inner_text()
    assert one.methods() == {"pwd", "hwk"}


@pytest.mark.parametrize("what", ["no key", "another's key"])
def test_the_password_opens_nothing_with(administrators: tuple[Holder, Holder], what: str) -> None:
    _one, her = administrators
    her.log_out()
    (own,) = her.key.held
    # one that says it were hers: same number, other secret
    her.key.hold(*([] if what == "no key" else [{**own, "privateKey": fresh_private_key()}]))
    her.give_password()
    her.press_key()
    her.page.wait_for_selector("#kc-try-again", state="attached")
    assert f"/realms/{COUNTY}/" in her.page.url
    her.page.goto(her.desk)
    assert her.page.locator("#password").is_visible(), "Keycloak asks again"
    her.key.hold(own)
    her.log_in()
    assert her.methods() == {"pwd", "hwk"}


def fresh_private_key() -> str:
    """As the DevTools take it: PKCS #8 in base64."""
    made = generate_private_key(SECP256R1())
    return base64.b64encode(made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
