"""What a model must keep to be published. Each check raises ModelRefused at the first element that breaks it."""

from collections.abc import Callable, Iterator

from kreisbund_platform.engine.bpmn import Behaviour
from kreisbund_platform.engine.plan import Element, ModelRefused, Plan
from kreisbund_platform.texts import _

_HOSTS = (Behaviour.TASK, Behaviour.JOB, Behaviour.SUB_PROCESS)
_SPLITS = (Behaviour.EXCLUSIVE, Behaviour.INCLUSIVE)
_UNCONDITIONAL = (Behaviour.PARALLEL, Behaviour.EVENT_GATEWAY, Behaviour.START)


def check_plan(plan: Plan) -> None:
    """All checks, the most local first."""
    for element in plan.elements.values():
        for check in _ELEMENT_CHECKS:
            check(plan, element)
    for name, container in plan.containers.items():
        inside = (plan.elements[element_id] for element_id in container.element_ids)
        if not any(element.kind == "endEvent" for element in inside):
            raise ModelRefused(name, _("Das Endereignis fehlt."))
    _refuse_loops(plan)


def _connections(_plan: Plan, element: Element) -> None:
    starts = element.behaviour in (Behaviour.START, Behaviour.BOUNDARY)
    ends = element.kind == "endEvent"
    if bool(element.incoming) is starts:
        text = _("Hierher darf kein Sequenzfluss führen.") if starts else _("Hierher führt kein Sequenzfluss.")
        raise ModelRefused(element.element_id, text)
    if bool(element.outgoing) is ends:
        text = _("Von hier darf kein Sequenzfluss ausgehen.") if ends else _("Von hier führt kein Sequenzfluss weiter.")
        raise ModelRefused(element.element_id, text)


def _starts(plan: Plan, element: Element) -> None:
    if element.behaviour is Behaviour.START and element.event and element.container != plan.process_id:
        raise ModelRefused(element.element_id, _("Ein Teilprozess beginnt ohne Auslöser."))


def _hosts(plan: Plan, element: Element) -> None:
    if element.host is None:
        return
    host = plan.elements.get(element.host)
    if host is None or host.container != element.container:
        raise ModelRefused(element.element_id, _("Das Randereignis hängt an keinem Element dieses Prozesses."))
    if host.behaviour not in _HOSTS and host.kind != "receiveTask":
        raise ModelRefused(element.element_id, _("Randereignisse gehören an Aufgaben und Teilprozesse."))
    if element.event and element.event.type == "error" and not element.interrupting:
        raise ModelRefused(element.element_id, _("Ein Fehler-Randereignis unterbricht immer."))


def _conditions(_plan: Plan, element: Element) -> None:
    ids = [flow.flow_id for flow in element.outgoing]
    if element.default is not None and element.default not in ids:
        raise ModelRefused(element.element_id, _("Der Standardfluss geht nicht von diesem Element aus."))
    for flow in element.outgoing:
        split = element.behaviour in _SPLITS and len(ids) > 1
        if split and flow.condition is None and flow.flow_id != element.default:
            raise ModelRefused(flow.flow_id, _("Dem Sequenzfluss fehlt die Bedingung."))
        if flow.condition is not None and element.behaviour in _UNCONDITIONAL:
            raise ModelRefused(flow.flow_id, _("Hier ist keine Bedingung erlaubt."))


def _event_gateways(plan: Plan, element: Element) -> None:
    if element.behaviour is not Behaviour.EVENT_GATEWAY:
        return
    targets = [plan.elements[flow.target] for flow in element.outgoing]
    if len(targets) < 2:
        raise ModelRefused(
            element.element_id, _("Nach einem ereignisbasierten Gateway stehen mindestens zwei Ereignisse.")
        )
    for target in targets:
        if target.behaviour is not Behaviour.CATCH or len(target.incoming) != 1 or target.boundaries:
            raise ModelRefused(
                target.element_id, _("Nach einem ereignisbasierten Gateway stehen nur eigene Fangereignisse.")
            )


def _cycles(_plan: Plan, element: Element) -> None:
    repeats = element.timer is not None and element.timer.kind == "timeCycle"
    if repeats and (element.host is None or element.interrupting):
        raise ModelRefused(
            element.element_id, _("Wiederholungen sind nur an nicht unterbrechenden Randereignissen erlaubt.")
        )


def _decisions(plan: Plan, element: Element) -> None:
    if element.behaviour is not Behaviour.RULE:
        return
    decision_id = element.attributes.get("decision")
    if decision_id is None:
        raise ModelRefused(element.element_id, _("Der Geschäftsregelaufgabe fehlt kb:decision."))
    if decision_id not in plan.decisions.by_id:
        raise ModelRefused(element.element_id, _("Die Entscheidung „{name}“ gibt es nicht.").format(name=decision_id))


def _errors(plan: Plan, element: Element) -> None:
    if element.kind != "endEvent" or element.event is None or element.event.type != "error":
        return
    container = element.container
    while container in plan.elements:
        host = plan.elements[container]
        if catching_boundary(plan, host, element.event.name or ""):
            return
        container = host.container
    raise ModelRefused(element.element_id, _("Diesen Fehler fängt niemand."))


def catching_boundary(plan: Plan, host: Element, code: str) -> Element | None:
    """The host's boundary event for an error code: the exact one first, then one for any code."""
    caught = [
        boundary
        for boundary in (plan.elements[name] for name in host.boundaries)
        if boundary.event and boundary.event.type == "error" and boundary.event.name in (None, code)
    ]
    return max(
        caught, key=lambda boundary: boundary.event is not None and boundary.event.name is not None, default=None
    )


_ELEMENT_CHECKS: tuple[Callable[[Plan, Element], None], ...] = (
    _connections,
    _starts,
    _hosts,
    _conditions,
    _event_gateways,
    _cycles,
    _decisions,
    _errors,
)


# --- loops that never rest


def _refuse_loops(plan: Plan) -> None:
    """A loop needs a person, a message or a timer in it. Service tasks do not count: they may answer at once."""
    for name in plan.elements:
        if not _rests(plan, name) and name in _onward(plan, name):
            raise ModelRefused(name, _("Diese Schleife enthält keinen Wartepunkt."))


def _onward(plan: Plan, name: str) -> set[str]:
    found: set[str] = set()
    pending = list(_successors(plan, name))
    while pending:
        following = pending.pop()
        if following not in found and not _rests(plan, following):
            found.add(following)
            pending += _successors(plan, following)
    return found


def _successors(plan: Plan, name: str) -> Iterator[str]:
    element = plan.elements[name]
    yield from (flow.target for flow in element.outgoing)
    yield from element.boundaries


def _rests(plan: Plan, name: str) -> bool:
    element = plan.elements[name]
    if element.behaviour is Behaviour.SUB_PROCESS:
        inner = _onward(plan, plan.containers[name].start)
        return not any(plan.elements[other].kind == "endEvent" for other in inner)
    waits_at_border = element.host is not None and element.event is not None and element.event.type != "error"
    return waits_at_border or element.behaviour in (Behaviour.TASK, Behaviour.CATCH, Behaviour.EVENT_GATEWAY)
