"""How much a person and a county may ask: buckets that refill evenly. In this process; more come with more."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from kreisbund_api.transport import too_many
from kreisbund_api.turns import lane_of
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.tenancy.context import TenantContext

MOST_BUCKETS = 50_000


@dataclass
class _Bucket:
    left: float
    at: float


class Quota:
    """A bucket of `burst` requests per name, refilled by `per_second`. Thread-safe."""

    def __init__(self, burst: float, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> int:
        """0 where the request is allowed, else the whole seconds until the next one is."""
        now = self._monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(name, _Bucket(self._burst, now))
            self._buckets.move_to_end(name)
            while len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
            bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
            bucket.at = now
            if bucket.left < 1:
                return max(1, math.ceil((1 - bucket.left) / self._per_second))
            bucket.left -= 1
            return 0


@dataclass(frozen=True)
class Quotas:
    """What one person and what one county may ask. A county's guests have a bucket of their own beside its people."""

    person: Quota
    county: Quota

    def count(self, principal: Principal | None, county: TenantContext | None = None) -> None:
        """Counts one request. Raises RefusedError 429 with the seconds until the next one is welcome."""
        lane = lane_of(principal, county)
        if principal is None or not principal.subject:
            seconds = self.county.take(f"{lane}/guests")
        else:
            seconds = self.person.take(f"{lane}/{principal.subject}") or self.county.take(lane)
        if seconds:
            raise too_many(seconds)


def demo_quotas() -> Quotas:
    """One person may send 50,000 requests in 40 minutes, however they are spread; a county four times as many."""
    return Quotas(Quota(burst=50_000, per_second=25), Quota(burst=200_000, per_second=200))


def production_quotas() -> Quotas:
    """A person at a screen or a modest program: ten a second, two minutes' worth at once; a county: a hundred."""
    return Quotas(Quota(burst=1_200, per_second=10), Quota(burst=12_000, per_second=100))
