"""What a model must keep to be published. Each check raises ModelRefused at the first element that breaks it."""

from collections.abc import Callable, Iterator

from kreisbund_platform.engine.bpmn.model import Behaviour, ProcessModel
from kreisbund_platform.engine.plan import loops
from kreisbund_platform.engine.plan.catchers import catching_boundary, catching_handler
from kreisbund_platform.engine.plan.model import Container, Element, Flow, Plan
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.texts import _

_HOSTS = (Behaviour.TASK, Behaviour.JOB, Behaviour.SUB_PROCESS, Behaviour.CALL)
_SPLITS = (Behaviour.EXCLUSIVE, Behaviour.INCLUSIVE)
_UNCONDITIONAL = (Behaviour.PARALLEL, Behaviour.EVENT_GATEWAY, Behaviour.START)
_APPLICATIONS = ("message", "signal")


def check_model(model: ProcessModel) -> None:
    """What a broad reading lets pass, and two versions of one template called from the same model."""
    for found in model.overlooked:
        raise ModelRefused(found.element_id, found.reason)
    pinned: dict[str | None, str | None] = {}
    for node in model.nodes:
        if node.behaviour is Behaviour.CALL:
            number = node.attributes.get("version")
            if pinned.setdefault(node.called, number) != number:
                raise ModelRefused(node.element_id, _("Diese Vorlage wird schon in einer anderen Fassung aufgerufen."))


def check_plan(plan: Plan) -> None:
    """All checks: beginnings, then elements, then what spans several."""
    for container in plan.containers.values():
        _starts(plan, container)
    for element in plan.elements.values():
        for check in _ELEMENT_CHECKS:
            check(plan, element)
    for container in plan.containers.values():
        _links(plan, container)
        inside = (plan.elements[element_id] for element_id in container.element_ids)
        if not any(element.kind == "endEvent" for element in inside):
            raise ModelRefused(container.container_id, _("Das Endereignis fehlt."))
    loops.refuse_loops(plan)


def _connections(_plan: Plan, element: Element) -> None:
    alone = element.behaviour is Behaviour.EVENT_SUB_PROCESS
    starts = alone or element.behaviour in (Behaviour.START, Behaviour.BOUNDARY)
    ends = alone or element.kind == "endEvent"
    if bool(element.incoming) is starts:
        text = _("Hierher darf kein Sequenzfluss führen.") if starts else _("Hierher führt kein Sequenzfluss.")
        raise ModelRefused(element.element_id, text)
    if bool(element.outgoing) is ends:
        text = _("Von hier darf kein Sequenzfluss ausgehen.") if ends else _("Von hier führt kein Sequenzfluss weiter.")
        raise ModelRefused(element.element_id, text)


# --- beginnings


def _starts(plan: Plan, container: Container) -> None:
    if not container.starts or container.implicit:
        raise ModelRefused(container.container_id, _("Das Startereignis fehlt."))
    starts = [plan.elements[name] for name in container.starts]
    if container.container_id == plan.process_id:
        _process_starts(starts)
    elif _is_event_sub_process(plan, container):
        _handler_start(starts)
    else:
        _inner_start(plan, container, starts)


def _is_event_sub_process(plan: Plan, container: Container) -> bool:
    host = plan.elements.get(container.container_id)
    return host is not None and host.behaviour is Behaviour.EVENT_SUB_PROCESS


def _process_starts(starts: list[Element]) -> None:
    """Applications begin it without a trigger, messages and signals by start events of their own."""
    for element in starts[1:]:
        if element.event is None:
            raise ModelRefused(element.element_id, _("Es darf nur ein Startereignis ohne Auslöser geben."))
    for element in starts:
        if element.event is not None and element.event.type not in _APPLICATIONS:
            raise ModelRefused(element.element_id, _("Ein Vorgang beginnt mit einem Antrag oder einer Nachricht."))


def _handler_start(starts: list[Element]) -> None:
    if len(starts) > 1:
        raise ModelRefused(starts[1].element_id, _("Ein Ereignis-Teilprozess hat genau ein Startereignis."))
    start = starts[0]
    if start.event is None:
        raise ModelRefused(start.element_id, _("Dem Ereignis fehlt der Auslöser."))
    if start.event.type == "error" and not start.interrupting:
        raise ModelRefused(start.element_id, _("Ein Fehler unterbricht immer."))


def _inner_start(plan: Plan, container: Container, starts: list[Element]) -> None:
    called = plan.elements[container.container_id].behaviour is Behaviour.CALL
    plain = [element for element in starts if element.event is None]
    if not plain or (len(starts) > 1 and not called):
        raise ModelRefused(starts[-1].element_id, _("Ein Teilprozess beginnt mit einem Startereignis ohne Auslöser."))


# --- elements


def _hosts(plan: Plan, element: Element) -> None:
    if element.host is None:
        return
    host = plan.elements[element.host]
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
        if target.behaviour is not Behaviour.CATCH or len(target.incoming) != 1 or target.boundaries or target.multi:
            raise ModelRefused(
                target.element_id, _("Nach einem ereignisbasierten Gateway stehen nur eigene Fangereignisse.")
            )


def _cycles(plan: Plan, element: Element) -> None:
    if element.timer is None or element.timer.kind != "timeCycle":
        return
    outer = plan.elements.get(element.container)
    handler = element.behaviour is Behaviour.START and outer and outer.behaviour is Behaviour.EVENT_SUB_PROCESS
    if (element.interrupting and (element.host or handler)) or not (element.host or handler):
        reason = _("Wiederholungen sind nur an Ereignissen erlaubt, die nicht unterbrechen.")
        raise ModelRefused(element.element_id, reason)


def _decisions(plan: Plan, element: Element) -> None:
    if element.behaviour is not Behaviour.RULE:
        return
    decision_id = element.attributes.get("decision")
    if decision_id is None:
        raise ModelRefused(element.element_id, _("Der Geschäftsregelaufgabe fehlt kb:decision."))
    decisions, name = plan.decisions_for(decision_id)
    if name not in decisions.by_id:
        raise ModelRefused(element.element_id, _("Die Entscheidung „{name}“ gibt es nicht.").format(name=decision_id))


def _calls(_plan: Plan, element: Element) -> None:
    """The version is pinned by its number, so that what has been checked is what runs."""
    if element.behaviour is Behaviour.CALL and not element.attributes.get("version", "").isdecimal():
        raise ModelRefused(element.element_id, _("Dem Aufruf fehlt die Nummer der Fassung (kb:version)."))


def _instances(_plan: Plan, element: Element) -> None:
    multi = element.multi
    if multi is None:
        return
    if element.behaviour is Behaviour.EVENT_SUB_PROCESS:
        raise ModelRefused(element.element_id, _("Ein Ereignis-Teilprozess läuft nicht mehrfach."))
    if (multi.cardinality is None) is (multi.collection is None):
        raise ModelRefused(
            element.element_id, _("Die Mehrfachausführung braucht eine Anzahl oder eine Liste (kb:collection).")
        )
    if multi.output_element is not None and multi.output_collection is None:
        raise ModelRefused(element.element_id, _("Dem Ergebnis der Mehrfachausführung fehlt kb:outputCollection."))


def _errors(plan: Plan, element: Element) -> None:
    if element.kind != "endEvent" or element.event is None or element.event.type != "error":
        return
    if not any(_catches_error(plan, name, element) for name in _outward(plan, element.container)):
        raise ModelRefused(element.element_id, _("Diesen Fehler fängt niemand."))


def _outward(plan: Plan, container: str) -> Iterator[str]:
    yield container
    while container in plan.elements:
        container = plan.elements[container].container
        yield container


def _catches_error(plan: Plan, container: str, thrown: Element) -> bool:
    code = (thrown.event.name if thrown.event else None) or ""
    handler = catching_handler(plan, container, "error", code)
    if handler is not None and not _is_inside(plan, thrown, handler):
        return True
    return container in plan.elements and catching_boundary(plan, plan.elements[container], code) is not None


def _is_inside(plan: Plan, element: Element, handler: Element) -> bool:
    return handler.element_id in _outward(plan, element.container)


_ELEMENT_CHECKS: tuple[Callable[[Plan, Element], None], ...] = (
    _connections,
    _hosts,
    _conditions,
    _event_gateways,
    _cycles,
    _decisions,
    _calls,
    _instances,
    _errors,
)


def _links(plan: Plan, container: Container) -> None:
    """Links meet in the same process: one catch event for each name, and nothing but links lead there."""
    caught: set[str | None] = set()
    for element in (plan.elements[name] for name in container.element_ids):
        if element.event is None or element.event.type != "link":
            continue
        if any(flow.condition or "~" not in flow.flow_id for flow in _link_flows(element)):
            raise ModelRefused(element.element_id, _("Ein Link ersetzt den Sequenzfluss."))
        if element.kind == "intermediateCatchEvent":
            if element.event.name in caught:
                raise ModelRefused(element.element_id, _("Zu diesem Link gibt es schon ein Ziel."))
            caught.add(element.event.name)


def _link_flows(element: Element) -> tuple[Flow, ...]:
    return element.incoming if element.kind == "intermediateCatchEvent" else element.outgoing
