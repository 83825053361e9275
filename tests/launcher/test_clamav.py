"""clamd as the launcher starts and ends it; with the real one where it is there."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from kreisbund_infra.local import clamav, deployment, processes
from kreisbund_infra.local import home as homes
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.problem import Problem


@pytest.fixture
def home(monkeypatch):
    for name in (clamav.ADDRESS, "KREISBUND_ENV"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="kreisbund-") as folder:
        here = Home(Path(folder), 18400)
        homes.prepare(here)
        yield here


def test_it_is_started_only_where_it_was_asked_for_and_stays_so(home):
    assert clamav.environment(home) == {}
    deployment.choose_scanner(home, with_clamav=True)
    assert clamav.environment(home) == {clamav.ADDRESS: str(clamav.socket_of(home))}
    assert clamav.NAME in deployment.running(home)
    deployment.choose_scanner(home, with_clamav=False)
    assert clamav.environment(home) == {}
    assert clamav.NAME not in deployment.running(home)


def test_one_that_is_named_is_used_and_none_started_beside_it(home, monkeypatch):
    monkeypatch.setenv(clamav.ADDRESS, "/run/clamav/clamd.ctl")
    with pytest.raises(Problem, match="leave out --clamav"):
        deployment.choose_scanner(home, with_clamav=True)
    clamav.use(home, yes=True)
    assert clamav.environment(home) == {}
    assert clamav.NAME not in deployment.running(home)


def test_production_is_not_told_that_one_signature_were_enough(home, monkeypatch):
    monkeypatch.setenv("KREISBUND_ENV", "production")
    with pytest.raises(Problem, match="official signatures"):
        clamav.start(home)


def test_a_machine_without_it_says_what_to_install(home, monkeypatch):
    monkeypatch.setattr(clamav, "PLACES", "/nowhere")
    with pytest.raises(Problem, match="apt install clamav-daemon"):
        clamav.start(home)


def test_a_home_too_deep_for_a_socket_is_named(home, monkeypatch):
    monkeypatch.setattr(clamav, "program", lambda: "/bin/false")
    with pytest.raises(Problem, match="shorter path"):
        clamav.start(Home(home.root / ("x" * 100), home.port))


def test_it_comes_back_after_a_kill_and_is_ours_alone(home):
    if clamav.program() is None:
        pytest.skip("no clamd here: 'apt install clamav-daemon'")
    try:
        assert clamav.start(home)
        assert not clamav.start(home), "it runs already"
        assert stat.S_IMODE(clamav.socket_of(home).stat().st_mode) == 0o600
        assert stat.S_IMODE((home.clamav / "streams").stat().st_mode) == 0o700
        pid = processes.running(home, clamav.NAME)
        assert pid is not None
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        assert clamav.start(home)
    finally:
        assert processes.stop(home, clamav.NAME)


def test_what_ends_while_starting_is_told_with_its_last_words(home, monkeypatch):
    if clamav.program() is None:
        pytest.skip("no clamd here: 'apt install clamav-daemon'")
    monkeypatch.setattr(clamav, "SETTINGS", clamav.SETTINGS + "NoSuchSetting yes\n")
    with pytest.raises(Problem, match=r"clamd\.log"):
        clamav.start(home)
