"""Who catches an error or an escalation: the exact code first, then who takes any."""

from collections.abc import Iterable

from kreisbund_platform.engine.plan.model import Element, Plan


def catching_boundary(plan: Plan, host: Element, code: str, kind: str = "error") -> Element | None:
    """The host's boundary event for a code."""
    return _catching((plan.elements[name] for name in host.boundaries), kind, code)


def catching_handler(plan: Plan, container_id: str, kind: str, code: str) -> Element | None:
    """The start event of the event sub-process directly in a container that takes a code."""
    inner = plan.containers[container_id].event_sub_processes
    return _catching((plan.elements[start] for name in inner for start in plan.elements[name].awaits), kind, code)


def _catching(events: Iterable[Element], kind: str, code: str) -> Element | None:
    taking = [
        event for event in events if event.event and event.event.type == kind and event.event.name in (None, code)
    ]
    exact = (event for event in taking if event.event and event.event.name is not None)
    return next(exact, taking[0] if taking else None)
