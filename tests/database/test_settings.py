"""What a process is told from outside is checked before anything starts."""

import stat
from pathlib import Path

import pytest

from kreisbund_platform.settings import Settings, SettingsError


def _environment(home: Path, **more: str) -> dict[str, str]:
    return {"KREISBUND_HOME": str(home), "DATABASE_URL": "postgresql://owner@/db"} | more


def test_the_demo_makes_its_key_once(tmp_path: Path) -> None:
    first = Settings.from_environment(_environment(tmp_path))
    assert first == Settings.from_environment(_environment(tmp_path))
    assert (first.port, first.base_url, first.demo, len(first.wrapping_key)) == (
        8420,
        "http://127.0.0.1:8420",
        True,
        32,
    )
    assert stat.S_IMODE((tmp_path / "secrets" / "wrapping.key").stat().st_mode) == 0o600


def test_production_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"wrapping\.key"):
        Settings.from_environment(_environment(tmp_path, KREISBUND_ENV="production"))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KREISBUND_PORT", "http"),
        ("KREISBUND_PORT", "0"),
        ("KREISBUND_PORT", "65536"),
        ("KREISBUND_ENV", "staging"),
        ("KREISBUND_CONNECTIONS", "11"),
        ("KREISBUND_CONNECTIONS", "-60"),
        ("KREISBUND_CONNECTIONS", "many"),
        ("KREISBUND_CLAMD", "clamd.socket"),
        ("KREISBUND_CLAMD", "10.0.0.7:3310"),
        ("KREISBUND_CLAMD", "127.0.0.1:0"),
        ("KREISBUND_HOME", ""),
        ("DATABASE_URL", ""),
    ],
)
def test_a_wrong_value_names_its_variable(variable: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment(_environment(tmp_path) | {variable: value})


@pytest.mark.parametrize(
    ("text", "address"),
    [("", None), ("/run/clamav/clamd.ctl", Path("/run/clamav/clamd.ctl")), ("127.0.0.1:3310", ("127.0.0.1", 3310))],
)
def test_clamd_is_a_socket_or_a_port_of_this_machine(text: str, address: object, tmp_path: Path) -> None:
    assert Settings.from_environment(_environment(tmp_path, KREISBUND_CLAMD=text)).clamd == address


@pytest.mark.parametrize("content", ["", "not base64!", "c2hvcnQ="])
def test_a_damaged_key_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "wrapping.key").write_text(content)
    with pytest.raises(SettingsError, match=r"wrapping\.key"):
        Settings.from_environment(_environment(tmp_path))


def _keycloak(home: Path, mode: int = 0o600, content: str = "hush\n") -> dict[str, str]:
    path = home / "keycloak-secret"
    path.write_text(content)
    path.chmod(mode)
    return _environment(
        home,
        KREISBUND_KEYCLOAK_URL="http://127.0.0.1:8431/",
        KREISBUND_KEYCLOAK_ADMIN="kreisbund-provisioning",
        KREISBUND_KEYCLOAK_SECRET_FILE=str(path),
    )


def test_keycloak_vouches_where_it_is_named(tmp_path: Path) -> None:
    settings = Settings.from_environment(_keycloak(tmp_path))
    assert settings.keycloak
    assert (settings.keycloak.admin_url, settings.keycloak.client_secret) == ("http://127.0.0.1:8431", "hush")
    assert settings.issuer_of("nordhausen") == "http://127.0.0.1:8431/realms/nordhausen"
    assert "hush" not in repr(settings)
    assert Settings.from_environment(_environment(tmp_path)).issuer_of("x") == "http://127.0.0.1:8420/realms/x"


@pytest.mark.parametrize(
    "name", ["KREISBUND_KEYCLOAK_URL", "KREISBUND_KEYCLOAK_ADMIN", "KREISBUND_KEYCLOAK_SECRET_FILE"]
)
def test_keycloak_is_named_whole_or_not_at_all(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(_keycloak(tmp_path) | {name: ""})


@pytest.mark.parametrize(("mode", "content", "said"), [(0o644, "hush", "0600"), (0o600, " ", "empty")])
def test_a_secret_that_is_none_is_refused(mode: int, content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.from_environment(_keycloak(tmp_path, mode, content))
