"""Tells the worker which counties this process changed, some times a second; see tenancy/attention.py."""

import logging

from kreisbund_platform import telemetry
from kreisbund_platform.clock import Clock
from kreisbund_platform.tenancy import attention
from kreisbund_platform.tenancy.connections import Connections


def run(changed: attention.Changed, connections: Connections, clock: Clock) -> None:
    """For a thread of its own; never ends. What cannot be told is found when the county's turn comes."""
    while True:
        hints = changed.gathered()
        latest = clock.now() + attention.SOON
        soon = {county: due_at for county, due_at in hints.items() if due_at < latest}
        if not soon:
            continue
        try:
            with connections.for_workspace("registry") as registry:
                attention.tell(registry, soon)
        except Exception as problem:
            telemetry.log("hints_lost", level=logging.WARNING, problem=problem, counties=len(soon))
