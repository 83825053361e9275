"""Slow and endless heads over a real socket: the server hangs up on them, and goes on with others."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kreisbund_api import arrival
from kreisbund_api.arrival import LARGEST_HEAD, PatientProtocol


async def size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(arrival, "HEAD_SECONDS", 0.5)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = Starlette(routes=[Route("/", size, methods=["GET", "POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", http=PatientProtocol))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def hung_up(connection: socket.socket) -> bool:
    connection.settimeout(10)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_head_that_never_ends_is_hung_up_on(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as slow, socket.create_connection(("127.0.0.1", port)) as mute:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for _byte in range(3):
            slow.sendall(b"X")
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text == "0"
        assert hung_up(slow)
        assert hung_up(mute)


def test_the_next_head_on_a_kept_connection_is_awaited_no_longer(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as kept:
        kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        kept.settimeout(10)
        assert kept.recv(4096).startswith(b"HTTP/1.1 200")
        kept.sendall(b"GET / HTTP/1.1\r\nHos")
        assert hung_up(kept)


def send_headers(connection: socket.socket) -> None:
    for _part in range(1000):
        connection.sendall(b"A: " + b"x" * 4096 + b"\r\n")
        time.sleep(0.001)


def test_a_head_that_is_too_large_is_hung_up_on_and_a_large_body_is_not(port: int) -> None:
    body = b"x" * (4 * LARGEST_HEAD)
    assert httpx.post(f"http://127.0.0.1:{port}/", content=body, trust_env=False).text == str(len(body))
    with socket.create_connection(("127.0.0.1", port)) as large:
        large.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            send_headers(large)
