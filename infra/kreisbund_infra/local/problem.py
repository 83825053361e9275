"""What the user can do something about, and how the launcher speaks."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_speaking = threading.Lock()


class Problem(Exception):  # noqa: N818  it is the user's word for it
    """One clear line that says what is wrong and what to do; the launcher ends with status 1."""


def say(text: str) -> None:
    """One line to the user, whole even when several steps speak at once."""
    with _speaking:
        print(text, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says what was done and how long it took."""
    start = time.monotonic()
    yield
    say(f"  {what:<44} {time.monotonic() - start:6.1f} s")


def fail(problem: Problem) -> int:
    """Tells a problem on stderr; answers the exit status."""
    print(f"kreisbund: {problem}", file=sys.stderr)
    return 1
