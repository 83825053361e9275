"""Which element of a new plan an old one has become, as a person would guess it."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping

from kreisbund_platform.engine.plan.model import Element, Plan


def suggest_mapping(old: Plan, new: Plan) -> dict[str, str]:
    """Old to new ids of elements and flows: the same id and kind, else the one of its kind and name on both sides.

    What is missing has no counterpart. A flow goes by its id, else by the only flow between its mapped ends.
    """
    found = {name: name for name, element in old.elements.items() if _same(element, new.elements.get(name))}
    found |= _by_name(old, new, found)
    found |= _of_flows(old, new, found)
    return {**found, old.process_id: new.process_id}


def _same(one: Element, other: Element | None) -> bool:
    return other is not None and one.behaviour is other.behaviour


def _by_name(old: Plan, new: Plan, known: Mapping[str, str]) -> dict[str, str]:
    before = _unique(old, set(known))
    after = _unique(new, set(known.values()))
    return {before[key]: after[key] for key in before if key in after}


def _unique(plan: Plan, known: set[str]) -> dict[Hashable, str]:
    named: defaultdict[Hashable, list[str]] = defaultdict(list)
    for name, element in plan.elements.items():
        if element.name and name not in known:
            named[element.behaviour, element.name].append(name)
    return {key: names[0] for key, names in named.items() if len(names) == 1}


def _of_flows(old: Plan, new: Plan, elements: Mapping[str, str]) -> dict[str, str]:
    ends: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for flow_id, pair in _flows(new):
        ends[pair].append(flow_id)
    targets = {flow_id: pair[1] for flow_id, pair in _flows(new)}
    found = {}
    for flow_id, (source, target) in _flows(old):
        between = ends[elements.get(source, ""), elements.get(target, "")]
        if flow_id in targets and targets[flow_id] == elements.get(target):
            found[flow_id] = flow_id
        elif len(between) == 1:
            found[flow_id] = between[0]
    return found


def _flows(plan: Plan) -> Iterator[tuple[str, tuple[str, str]]]:
    for element in plan.elements.values():
        yield from ((flow.flow_id, (flow.source, flow.target)) for flow in element.outgoing)
