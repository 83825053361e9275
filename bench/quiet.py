"""Counties at their usual load: requests at fixed moments, each timed from the moment it was due (open loop).

`python -m bench.quiet PORT SECONDS PER_SECOND` reads JSON from its input, a list of requests; prints seconds as JSON.
"""

import asyncio
import json
import sys
import time

HEAD_END = b"\r\n\r\n"


class Connections:
    """Kept connections; a new one where all are busy."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, request: bytes) -> int:
        """The status, once the whole answer is there."""
        while self._idle and self._idle[-1][0].at_eof():  # idle for so long that the server hung up
            self._idle.pop()[1].close()
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(request)
        head = await reader.readuntil(HEAD_END)
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        self._idle.append((reader, writer))
        return int(head.split(b" ", 2)[1])


async def ask_steadily(port: int, seconds: float, per_second: float, requests: list[bytes]) -> dict[str, object]:
    connections, begun = Connections(port), time.perf_counter()
    taken: list[float] = []
    refused: list[int] = []

    async def one(due: float, request: bytes) -> None:
        status = await connections.ask(request)
        taken.append(time.perf_counter() - due)
        if status != 200:
            refused.append(status)

    asking = []
    for number in range(int(seconds * per_second)):
        due = begun + number / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asking.append(asyncio.create_task(one(due, requests[number % len(requests)])))
    await asyncio.gather(*asking)
    return {"taken": taken, "refused": refused}


if __name__ == "__main__":
    port, seconds, per_second = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    requests = [text.encode() for text in json.load(sys.stdin)]
    print(json.dumps(asyncio.run(ask_steadily(port, seconds, per_second, requests))))
