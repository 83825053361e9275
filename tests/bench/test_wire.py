"""What a client says to PostgreSQL is heard as it is run, and passed on unchanged."""

import struct
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from bench.wire import Sent, Speech, Wire
from tests.support.database import fresh_database

IDENTIFIER = UUID("01900000-0000-8008-8000-000000000001")
MOMENT = datetime(2026, 3, 2, 9, 30, 1, 5, UTC)


@pytest.fixture
def wire():
    with fresh_database() as url, closing(Wire(url)) as made:
        yield made


def test_statements_are_heard_with_their_values_and_answered(wire):
    asked = "SELECT %s::uuid, %s::timestamptz, %s::bytea, %s::text[], %s::integer, %s::text, %s::boolean"
    given = (IDENTIFIER, MOMENT, b"\x00\xff", ["a b", "c"], 7, None, True)
    with psycopg.connect(wire.url, autocommit=True) as connection:
        for _ in range(3):  # the third time as a prepared statement
            with wire.recorded(connection.info.user) as said:
                answered = connection.execute(asked, given, prepare=True).fetchone()
            assert answered == given
            (sent,) = said
            assert sent.text.startswith("SELECT $1::uuid")
            assert sent.values == (
                str(IDENTIFIER), "2026-03-02 09:30:01.000005+00:00", "\\x00ff", '{"a b",c}', "7", None, "True",
            )  # fmt: skip


def test_transactions_are_heard_and_others_are_not(wire):
    with psycopg.connect(wire.url, autocommit=True) as connection:
        with wire.recorded(connection.info.user) as said, connection.transaction(), connection.transaction("inner"):
            connection.execute("SELECT 1")
        assert [sent.text for sent in said] == ["BEGIN", 'SAVEPOINT "inner"', "SELECT 1", 'RELEASE "inner"', "COMMIT"]
        assert len({sent.batch for sent in said}) == 5, "each was waited for"
        with wire.recorded("somebody_else") as said:
            connection.execute("SELECT 1")
        assert said == []


def test_a_message_is_put_together_from_pieces():
    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    start = struct.pack("!i", 196_608) + b"user\0someone\0database\0x\0\0"
    spoken = struct.pack("!i", len(start) + 4) + start
    spoken += message(b"P", b"s1\0SELECT $1\0" + struct.pack("!hI", 1, 25))
    spoken += message(b"B", b"\0s1\0" + struct.pack("!hhi", 0, 1, 2) + "ß".encode() + struct.pack("!h", 0))
    spoken += message(b"B", b"\0s1\0" + struct.pack("!hhi", 0, 1, -1) + struct.pack("!h", 0)) + message(b"S", b"")
    spoken += message(b"Q", b"COMMIT\0")
    heard: list[tuple[str, Sent]] = []
    speech = Speech(lambda role, sent: heard.append((role, sent)))
    for byte in spoken:
        speech.hear(bytes([byte]))
    one, other = (Sent("SELECT $1", (25,), (value,), 0) for value in ("ß", None))
    assert heard == [("someone", one), ("someone", other), ("someone", Sent("COMMIT", batch=1))]
