"""Clients without a pause: each connection asks the next question as soon as the last one is answered.

`python -m bench.busy PORT SECONDS CONNECTIONS` reads JSON from its input, a list of requests; prints what came back.
The list begins anew where it ends; with `once` in the place of SECONDS each is asked once.
"""

import json
import math
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import cycle

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Line:
    """One connection with one question under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._found = b""
        self.begun = 0.0

    def ask(self, request: bytes) -> None:
        self.begun = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> tuple[str, int] | None:
        """Status and length of the answer, once it is whole. Raises ConnectionError where the server hung up."""
        received = self.socket.recv(262_144)
        if not received:
            raise ConnectionError("the server hung up")
        self._found += received
        head, end, body = self._found.partition(HEAD_END)
        at = head.lower().find(LENGTH)
        if not end or at < 0 or len(body) < int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]):
            return None
        self._found = b""
        return head[9:12].decode(), len(body)


def ask_busily(port: int, seconds: float, connections: int, requests: Sequence[bytes]) -> dict[str, object]:
    """For so long."""
    return _asked(port, seconds, connections, cycle(requests))


def ask_once(port: int, connections: int, requests: Sequence[bytes]) -> dict[str, object]:
    """Each request, one time."""
    return _asked(port, math.inf, connections, requests)


def _asked(port: int, seconds: float, connections: int, requests: Iterable[bytes]) -> dict[str, object]:
    lines, questions = [Line(port) for _ in range(connections)], iter(requests)
    waiting = selectors.DefaultSelector()
    for line, question in zip(lines, questions, strict=False):
        waiting.register(line.socket, selectors.EVENT_READ, line)
        line.ask(question)
    begun, cpu = time.perf_counter(), time.process_time()
    statuses, taken, size = Counter[str](), [], 0
    while (now := time.perf_counter()) - begun < seconds and waiting.get_map():
        for key, _events in waiting.select(0.1):
            line: Line = key.data
            if (answer := line.read()) is not None:
                statuses[answer[0]] += 1
                size += answer[1]
                taken.append(time.perf_counter() - line.begun)
                if (next_one := next(questions, None)) is None:
                    waiting.unregister(line.socket)
                else:
                    line.ask(next_one)
    for line in lines:
        line.socket.close()
    taken.sort()
    return {
        "statuses": statuses,
        "seconds": now - begun,
        "per_second": len(taken) / (now - begun),
        "bytes": size / max(1, len(taken)),
        "p50_ms": 1000 * taken[len(taken) // 2],
        "p99_ms": 1000 * taken[int(0.99 * len(taken))],
        "cpu": (time.process_time() - cpu) / (now - begun),
    }


if __name__ == "__main__":
    port, connections = int(sys.argv[1]), int(sys.argv[3])
    requests = [text.encode() for text in json.load(sys.stdin)]
    once = sys.argv[2] == "once"
    told = (
        ask_once(port, connections, requests) if once else ask_busily(port, float(sys.argv[2]), connections, requests)
    )
    print(json.dumps(told))
