"""BPMN and DMN compiled once, when published, into an immutable plan that cases run on for years.

`compile_plan` refuses loudly, naming the element, what could not run; `checks.py` holds the rules. `build_plan` does
without those, for files of other tools that are only to be judged.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from kreisbund_platform.engine.bpmn import read_process
from kreisbund_platform.engine.bpmn.model import Behaviour, ProcessModel
from kreisbund_platform.engine.dmn import read_decisions
from kreisbund_platform.engine.plan import building, checks
from kreisbund_platform.engine.plan import calls as plan_calls
from kreisbund_platform.engine.plan.model import CalledModel, Container, Element, Flow, MultiInstance, Plan
from kreisbund_platform.engine.refused import ModelRefused

__all__ = [
    "Behaviour",
    "CalledModel",
    "Container",
    "Element",
    "Flow",
    "ModelRefused",
    "MultiInstance",
    "Plan",
    "build_plan",
    "compile_plan",
    "content_hash",
]


def compile_plan(
    bpmn_xml: bytes, decisions: Mapping[str, bytes], called: Mapping[str, CalledModel] | None = None
) -> Plan:
    """Compiles a process, the DMN files by name that it uses and the templates it calls, by slug.

    Raises ModelRefused at the first element that could not run.
    """
    model = read_process(bpmn_xml)
    checks.check_model(model)
    plan = _built(model, decisions, called or {}, {}, content_hash(bpmn_xml, decisions, called or {}), lenient=False)
    checks.check_plan(plan)
    return _with_upstream(plan)


def build_plan(
    model: ProcessModel,
    decisions: Mapping[str, bytes] | None = None,
    called: Mapping[str, CalledModel] | None = None,
    *,
    lenient: bool = True,
    beside: Mapping[str, ProcessModel] | None = None,
) -> Plan:
    """A plan without the checks of publishing; `beside` are processes of the same file that it may call, by id.

    A call of something else becomes a job. Raises ModelRefused for flows and boundary events that hang in the air.
    """
    return _with_upstream(_built(model, decisions or {}, called or {}, beside or {}, "", lenient=lenient))


def content_hash(
    bpmn_xml: bytes, decisions: Mapping[str, bytes], called: Mapping[str, CalledModel] | None = None
) -> str:
    """SHA-256 over the model, its decisions and what it calls, independent of their order."""
    digest = hashlib.sha256(hashlib.sha256(bpmn_xml).digest())
    for name in sorted(decisions):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(decisions[name]).digest())
    for slug, model in sorted((called or {}).items()):
        inner = content_hash(model.bpmn_xml, model.decisions, model.called)
        digest.update(hashlib.sha256(f"{slug}\0{inner}".encode()).digest())
    return digest.hexdigest()


def _built(
    model: ProcessModel,
    decisions: Mapping[str, bytes],
    called: Mapping[str, CalledModel],
    beside: Mapping[str, ProcessModel],
    digest: str,
    *,
    lenient: bool,
) -> Plan:
    whole = plan_calls.embed(model, called, beside, lenient=lenient)
    elements = building.elements_of(whole.model, lenient=lenient)
    return Plan(
        digest,
        model.process_id,
        MappingProxyType(dict(model.attributes)),
        MappingProxyType(elements),
        MappingProxyType(building.containers_of(whole.model, elements)),
        read_decisions(decisions),
        MappingProxyType({}),
        MappingProxyType(dict(whole.decisions)),
    )


def _with_upstream(plan: Plan) -> Plan:
    return replace(plan, upstream=building.upstream_of(plan.elements))
