"""Long-lived processes that set notices: started when needed, replaced after a fault or many notices."""

import atexit
import os
import queue
import selectors
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

WORKER = Path(__file__).with_name("notices_worker.py")
TEMPLATE = Path(__file__).with_name("notice.typ")
RENDER_SECONDS = 2.0
START_SECONDS = 30.0
RENDERS_OF_ONE_LIFE = 1_000
LARGEST_REQUEST = 1 << 20  # bytes of JSON
LARGEST_ANSWER = 20 << 20  # bytes of PDF


class NoticeNotSetError(Exception):
    """A notice could not be set; says how, never what was in it."""


class _WorkerGoneError(NoticeNotSetError):
    """The worker ended: out of memory, as a rule. `was_used`: earlier notices may have filled it."""

    was_used = False


class NoticeProcess:
    """One worker and the pipe to it; used by one thread at a time."""

    def __init__(self) -> None:
        self.renders = 0
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-I", str(WORKER), str(TEMPLATE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )
        try:
            self._answer(START_SECONDS)
        except NoticeNotSetError:
            self.close()
            raise

    def render(self, request: bytes) -> bytes:
        """The PDF for a request; raises NoticeNotSetError."""
        self.renders += 1
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(struct.pack(">I", len(request)) + request)
            pipe.flush()
        except OSError as fault:
            raise _WorkerGoneError("the worker is gone") from fault
        return self._answer(RENDER_SECONDS)

    def close(self) -> None:
        """Ends the worker, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _answer(self, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        state, size = struct.unpack(">cI", self._read(5, deadline))
        if size > LARGEST_ANSWER:
            raise NoticeNotSetError("the answer is too large")
        content = self._read(size, deadline)
        if state != b"+":
            raise NoticeNotSetError(content.decode("ascii", "replace"))
        return content

    def _read(self, size: int, deadline: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        content = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while len(content) < size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise NoticeNotSetError("the worker took too long")
                part = os.read(pipe.fileno(), size - len(content))
                if not part:
                    raise _WorkerGoneError("the worker is gone")
                content += part
        return bytes(content)


class NoticeProcesses:
    """A pool for all threads of this process. Workers start at the first notice."""

    def __init__(self, count: int) -> None:
        self._free: queue.LifoQueue[NoticeProcess | None] = queue.LifoQueue()
        for _slot in range(count):
            self._free.put(None)
        atexit.register(self.close)

    def render(self, request: bytes) -> bytes:
        """Sets one notice in a free worker; waits for one. Raises NoticeNotSetError."""
        if len(request) > LARGEST_REQUEST:
            raise NoticeNotSetError("the notice is too large")
        try:
            return self._rendered(request)
        except _WorkerGoneError as fault:
            if not fault.was_used:
                raise
        return self._rendered(request)  # once more, in a worker that no other notice has filled

    def _rendered(self, request: bytes) -> bytes:
        process = self._free.get()
        try:
            process = process or NoticeProcess()
            content = process.render(request)
        except BaseException as fault:
            self._free.put(self._ended(process))
            if isinstance(fault, _WorkerGoneError):
                fault.was_used = process is not None and process.renders > 1
            raise
        spent = process.renders >= RENDERS_OF_ONE_LIFE
        self._free.put(self._ended(process) if spent else process)
        return content

    def close(self) -> None:
        """Ends the workers that are idle."""
        for process in [self._free.get() for _slot in range(self._free.qsize())]:
            self._free.put(self._ended(process))

    @staticmethod
    def _ended(process: NoticeProcess | None) -> None:
        if process is not None:
            process.close()
