"""Work that is done behind whoever asks, so that nobody waits for it."""

import logging
import threading
from collections.abc import Callable

from kreisbund_platform import telemetry


class Behind:
    """One piece of work in a thread of its own, once at a time. Thread-safe."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        self._running = threading.Lock()

    def begin(self) -> None:
        """Begins it, unless it is under way."""
        if self._running.acquire(blocking=False):
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

    @property
    def is_under_way(self) -> bool:
        """Whether it is not done yet."""
        return self._running.locked()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as problem:  # whoever cannot do without does it anew and is told
            telemetry.log("behind_failed", level=logging.WARNING, problem=problem, work=self._name)
        finally:
            self._running.release()
