"""Waiting for what another thread does."""

import time
from collections.abc import Callable


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Returns once it holds; fails after so long."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never happens"
        time.sleep(0.005)
