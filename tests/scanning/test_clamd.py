"""What clamd says, and what is made of it when it says nothing sensible."""

import pytest

from kreisbund_platform.documents.scanning import clamd as clamd_module
from kreisbund_platform.documents.scanning.clamd import TOO_LARGE, Clamd
from kreisbund_platform.documents.scanning.scanner import REST_SECONDS, AtOnce, NoVerdictError, Verdict
from tests.scanning.garbage import answering
from tests.support.clamd import MARK, STREAM_BYTES


def test_clean_and_marked_files(clamd):
    scanner = Clamd(clamd.address)
    assert scanner.answers()
    assert scanner.scan(b"harmless", 30) == Verdict("CLEAN")
    assert scanner.scan(b"", 30) == Verdict("CLEAN")
    found = scanner.scan(b"before " * 90_000 + MARK + b" after", 30)
    assert (found.state, found.finding) == ("INFECTED", "Kreisbund.Test.UNOFFICIAL")


@pytest.mark.parametrize("size", [STREAM_BYTES + 1, 20 * STREAM_BYTES])
def test_what_is_above_clamds_limit_is_told_apart_from_harmless_and_away(clamd, size):
    scanner = Clamd(clamd.address)
    assert scanner.scan(b"x" * STREAM_BYTES, 30) == Verdict("CLEAN")
    assert scanner.scan(b"x" * size, 30) == TOO_LARGE


def test_a_clamd_that_hangs_gives_no_verdict(clamd, monkeypatch):
    monkeypatch.setattr(clamd_module, "PING_SECONDS", 0.2)
    scanner = Clamd(clamd.address)
    with clamd.hanging():
        for content in (b"small", b"x" * 20_000_000):  # the second fills the socket
            with pytest.raises(NoVerdictError, match="TIMEOUT"):
                scanner.scan(content, 0.5)
        assert not scanner.answers()
    assert scanner.scan(b"small", 30) == Verdict("CLEAN")


def test_a_killed_clamd_gives_no_verdict(clamd):
    clamd.kill()
    with pytest.raises(NoVerdictError, match="AWAY"):
        Clamd(clamd.address).scan(b"harmless", 30)
    assert not Clamd(clamd.address).answers()


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0", b"stream: OK", b"OK\0", b"stream: OK FOUND it\0", b"stream: lstat() failed. ERROR\0", b"\xff\xfe\0",
     b"x" * 100_000, b"HTTP/1.1 200 OK\r\n\r\nstream: OK\0"],
)  # fmt: skip
def test_garbage_is_no_verdict(answer):
    with answering(answer) as address, pytest.raises(NoVerdictError):
        Clamd(address).scan(b"harmless", 10)


def test_ok_without_having_taken_the_file_is_no_verdict():
    with answering(b"stream: OK\0") as address, pytest.raises(NoVerdictError):
        Clamd(address).scan(b"x" * 20_000_000, 30)


def test_a_limit_within_the_file_is_no_virus_and_names_are_tamed():
    with answering(b"stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0") as address:
        assert Clamd(address).scan(b"x", 10) == TOO_LARGE
    with answering(b"stream: \xc3\x9cbel<b> FOUND\0") as address:
        assert Clamd(address).scan(b"x", 10) == Verdict("INFECTED", "?bel<b>")


def test_after_one_that_was_away_nobody_waits_for_a_while(clamd):
    now, asked = [100.0], []

    class Counting(Clamd):
        def scan(self, content, seconds):
            asked.append(content)
            return super().scan(content, seconds)

    at_once = AtOnce(Counting(clamd.address), lambda: now[0])
    clamd.kill()
    assert [at_once.scan(content).state for content in (b"1", b"2")] == ["PENDING", "PENDING"]
    assert asked == [b"1"]
    clamd.start()
    now[0] += REST_SECONDS
    assert at_once.scan(b"3") == Verdict("CLEAN")
