"""Can every case finish? Looks at the control flow of each process and sub-process on its own, data left out.

Each condition is a free choice, an interrupting boundary event an alternative exit of its host, a non-interrupting
one an extra branch that may start. Sound is: every case can complete, no element is dead, no flow and no end event
gets a second token while the first may still be there (van der Aalst 1997). Threads that non-interrupting events
start and that never meet the main one are judged by themselves. Beyond the limit the answer is honestly "undecided".
"""

from dataclasses import replace

from kreisbund_platform.engine.plan.model import Container, Plan
from kreisbund_platform.engine.soundness.drawing import drawn_way, drawn_wrong, mixed
from kreisbund_platform.engine.soundness.net import Builder, threads
from kreisbund_platform.engine.soundness.running import check_from
from kreisbund_platform.engine.soundness.verdicts import SOUND, Verdict, judge

__all__ = ["SOUND", "Verdict", "check", "check_from"]


def check(plan: Plan) -> Verdict:
    """The first container that is not sound decides."""
    for container in plan.containers.values():
        verdict = _check_container(plan, container)
        if verdict.result != "sound":
            return _with_way_in(plan, container, verdict)
    return SOUND


def _check_container(plan: Plan, container: Container) -> Verdict:
    if not container.element_ids:
        return SOUND
    return drawn_wrong(plan, container) or _check_threads(plan, container)


def _check_threads(plan: Plan, container: Container) -> Verdict:
    for roots, thread in threads(plan.elements, container):
        first = plan.elements[roots[0]]
        wrong = mixed(plan, container, first, thread.members) if first.host is not None else None
        net = Builder(plan.elements, thread).begin(roots, together=container.implicit)
        verdict = wrong or judge(net, container.container_id, alive=True)
        if verdict.result != "sound":
            return verdict
    return SOUND


def _with_way_in(plan: Plan, container: Container, verdict: Verdict) -> Verdict:
    """The path from the case's start, through the sub-processes around."""
    path, name = verdict.path, container.container_id
    while path and name in plan.elements:
        around = plan.containers[plan.elements[name].container]
        path = (*drawn_way(plan.elements, around.starts, name), *path)
        name = around.container_id
    return replace(verdict, path=path)
