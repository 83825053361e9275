"""How much one person may ask: a bucket per subject that refills evenly. In this process; more come with more."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_BUCKETS = 50_000


@dataclass
class _Bucket:
    left: float
    at: float


class Quota:
    """A bucket of `burst` requests per person, refilled by `per_second`. Thread-safe."""

    def __init__(self, burst: float, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, person: str) -> int:
        """0 where the request is allowed, else the whole seconds until the next one is."""
        now = self._monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(person, _Bucket(self._burst, now))
            self._buckets.move_to_end(person)
            while len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
            bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
            bucket.at = now
            if bucket.left < 1:
                return max(1, math.ceil((1 - bucket.left) / self._per_second))
            bucket.left -= 1
            return 0


def demo_quota() -> Quota:
    """One person may send 50,000 requests in 40 minutes, however they are spread."""
    return Quota(burst=50_000, per_second=25)


def production_quota() -> Quota:
    """A person at a screen or a modest program: ten a second, two minutes' worth at once."""
    return Quota(burst=1_200, per_second=10)
