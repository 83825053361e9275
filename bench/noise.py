"""A county that floods, as cheap to run as can be: one prepared request, written over and over to kept connections.

`python -m bench.noise PORT SECONDS PER_SECOND` reads the request from its input and prints what came back as JSON.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter

CONNECTIONS = 50
UNANSWERED = 20  # requests in flight on one connection
TICK = 0.01
STATUS = b"HTTP/1.1 "


class Line:
    """One connection: what is still to be written, and how many answers are awaited."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.unsent = b""
        self.awaited = 0
        self._tail = b""

    def send(self, request: bytes) -> bool:
        """Whether there was room for one more."""
        if self.awaited >= UNANSWERED or self.unsent:
            return False
        self.awaited += 1
        self.unsent = request
        self.push()
        return True

    def push(self) -> None:
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            return

    def read(self, found: Counter[str]) -> bool:
        """Counts statuses; False where the server hung up."""
        try:
            data = self.socket.recv(262_144)
        except ConnectionError:
            data = b""
        parts = (self._tail + data).split(STATUS)
        for part in parts[1:]:
            if len(part) >= 3:
                found[part[:3].decode()] += 1
                self.awaited -= 1
        last = parts[-1]
        self._tail = STATUS + last if len(parts) > 1 and len(last) < 3 else last[-len(STATUS) + 1 :]
        return bool(data)


def flood(port: int, seconds: float, per_second: float, request: bytes) -> dict[str, object]:
    lines = [Line(port) for _ in range(CONNECTIONS)]
    waiting = selectors.DefaultSelector()
    for line in lines:
        waiting.register(line.socket, selectors.EVENT_READ, line)
    begun, cpu = time.perf_counter(), time.process_time()
    found: Counter[str] = Counter()
    due = sent = held_back = turn = 0
    while (now := time.perf_counter() - begun) < seconds:
        while due < now * per_second:
            due += 1
            turn += 1
            done = lines[turn % len(lines)].send(request)
            sent, held_back = sent + done, held_back + (not done)
        for key, _events in waiting.select(TICK):
            line: Line = key.data
            if not line.read(found):
                waiting.unregister(line.socket)
                line.socket.close()
                lines[lines.index(line)] = fresh = Line(port)
                waiting.register(fresh.socket, selectors.EVENT_READ, fresh)
        for line in lines:
            if line.unsent:
                line.push()
    return {
        "attempted": due,
        "sent": sent,
        "held_back": held_back,
        "answers": dict(found),
        "cpu": (time.process_time() - cpu) / seconds,
    }


if __name__ == "__main__":
    port, seconds, per_second = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(flood(port, seconds, per_second, sys.stdin.buffer.read())))
