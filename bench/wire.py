"""What a client says to PostgreSQL, recorded on the way: a socket that passes everything on to the server's own.

So a floor runs the statements of the product as they really went out, by whatever way of the program they did.
Speaks protocol 3.0 (PostgreSQL's documentation, chapter 55) as libpq does on a Unix socket.
"""

import json
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from psycopg.adapt import Transformer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format

from bench.site import CHECKOUT
from kreisbund_platform.database.prepared import array

FILE = ".s.PGSQL.5432"
STARTUP_HEAD = 8  # length and version
END = b"\0"
BYTEA = 17
Note = Callable[[str, "Sent"], None]


@dataclass(frozen=True)
class Sent:
    """One statement: its text with `$n`, the types that the client named (0: the server's choice), its values as text.

    What the client sent before it waited has the same `batch`.
    """

    text: str
    types: tuple[int, ...] = ()
    values: tuple[str | None, ...] = ()
    batch: int = 0


class Wire:
    """Passes on from here until `close`; `url` is the address to connect to instead of the server's.

    In a process of its own: libpq waits for results with Python's lock in its hands.
    """

    def __init__(self, url: str) -> None:
        told = conninfo_to_dict(url)
        self._folder = tempfile.TemporaryDirectory(prefix="kreisbund-wire-")
        self.url = make_conninfo(url, host=self._folder.name, port=5432)
        self._heard = Path(self._folder.name) / "heard"
        server = f"{told['host']}/.s.PGSQL.{told.get('port') or 5432}"
        command = [sys.executable, "-m", "bench.wire", server, self._folder.name]
        self._process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "it listens"

    @contextmanager
    def recorded(self, role: str) -> Iterator[list[Sent]]:
        """What connections of this role have said meanwhile, once it has ended."""
        said: list[Sent] = []
        begun = self._heard.stat().st_size
        yield said
        with self._heard.open() as file:
            file.seek(begun)
            said += [_read(told) for line in file if (told := json.loads(line))[0] == role]

    def close(self) -> None:
        """It ends with its input."""
        self._process.communicate(timeout=10)
        self._folder.cleanup()


def _read(told: list[Any]) -> Sent:
    _role, text, types, values, batch = told
    return Sent(text, tuple(types), tuple(values), batch)


def _serve(server: str, folder: Path) -> None:
    """Until the input ends."""
    heard = (folder / "heard").open("w", buffering=1)

    def note(role: str, sent: Sent) -> None:
        heard.write(json.dumps((role, *astuple(sent))) + "\n")

    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / FILE))
    listening.listen()
    threading.Thread(target=_accept, args=(listening, server, note), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


def _accept(listening: socket.socket, address: str, note: Note) -> None:
    while True:
        client, server = listening.accept()[0], socket.socket(socket.AF_UNIX)
        server.connect(address)
        for source, target, heard in ((client, server, Speech(note).hear), (server, client, None)):
            threading.Thread(target=_pass_on, args=(source, target, heard), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, heard: Callable[[bytes], None] | None) -> None:
    try:
        with suppress(OSError):
            while data := source.recv(65_536):
                if heard is not None:
                    heard(data)
                target.sendall(data)
    finally:  # also where something was said that is not understood
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Speech:
    """One connection's messages, put together from pieces; `note(role, sent)` hears each statement that is run."""

    def __init__(self, note: Note) -> None:
        self._note, self._role, self._left, self._batch = note, "", b"", 0
        self._prepared: dict[bytes, Sent] = {}

    def hear(self, data: bytes) -> None:
        self._left += data
        while True:
            kind_bytes = 1 if self._role else 0
            if len(self._left) < kind_bytes + 4:
                return
            length = kind_bytes + struct.unpack_from("!i", self._left, kind_bytes)[0]
            if len(self._left) < length:
                return
            message, self._left = self._left[:length], self._left[length:]
            if self._role:
                self._understand(message[:1], message[5:])
            else:
                words = message[STARTUP_HEAD:].split(END)
                self._role = words[words.index(b"user") + 1].decode()

    def _understand(self, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            self._note(self._role, Sent(body.rstrip(END).decode(), batch=self._batch))
        elif kind == b"P":
            name, text, rest = body.split(END, 2)
            (count,) = struct.unpack_from("!h", rest)
            self._prepared[name] = Sent(text.decode(), struct.unpack_from(f"!{count}I", rest, 2))
        elif kind == b"B":
            _portal, name, rest = body.split(END, 2)
            known = self._prepared[name]
            self._note(self._role, Sent(known.text, known.types, tuple(_values(rest, known.types)), self._batch))
        if kind in (b"Q", b"S"):  # a simple query, or Sync: now it waits
            self._batch += 1


def _values(rest: bytes, types: tuple[int, ...]) -> Iterator[str | None]:
    """The values of a Bind message, behind its two names."""
    (count,) = struct.unpack_from("!h", rest)
    formats = struct.unpack_from(f"!{count}h", rest, 2)
    at = 2 + 2 * count
    (number,) = struct.unpack_from("!h", rest, at)
    at += 2
    for place in range(number):
        (length,) = struct.unpack_from("!i", rest, at)
        at += 4
        if length < 0:
            yield None
            continue
        value, at = rest[at : at + length], at + length
        is_binary = formats[place if count > 1 else 0] if count else Format.TEXT
        yield _as_text(value, types[place]) if is_binary else value.decode()


def _as_text(value: bytes, oid: int) -> str:
    """A value that was sent in binary, as PostgreSQL reads it from text."""
    loaded = Transformer().get_loader(oid, Format.BINARY).load(value)
    if oid == BYTEA:
        return f"\\x{loaded.hex()}"
    return array(loaded) if isinstance(loaded, list) else str(loaded)


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
