"""Activities that run several times: a host token at the activity, a scope with one token for each instance.

Instances keep what they gather to themselves until they end; then it becomes an entry of the output collection, or
is merged into the variables where there is none.
"""

from decimal import Decimal
from typing import Any

from kreisbund_platform.engine.feel import FeelError
from kreisbund_platform.engine.feel.values import plain
from kreisbund_platform.engine.plan.model import Element, MultiInstance
from kreisbund_platform.engine.running import events as e
from kreisbund_platform.engine.running.closing import close_scope
from kreisbund_platform.engine.running.leaving import consume, leave, stop
from kreisbund_platform.engine.running.marking import INSTANCES, Resting, Scope
from kreisbund_platform.engine.running.resting import rest
from kreisbund_platform.engine.running.run import Run, Trouble

MOST_INSTANCES = 1_000
COLLECTION, COMPLETION, OUTPUT = "COLLECTION", "COMPLETION", "OUTPUT"


def open_instances(run: Run, element: Element, scope: int) -> None:
    """All instances of a parallel activity, or the first of a sequential one; none at all passes at once."""
    multi = element.multi
    assert multi is not None
    try:
        total = _total(multi, run.view(scope))
    except Trouble as trouble:
        stop(run, element, scope, trouble)
        return
    if multi.output_collection:
        run.merge({multi.output_collection: [None] * total}, scope)
    if not total:
        leave(run, element, scope)
        return
    started = 1 if multi.sequential else total
    host = rest(run, element, scope, instances=(total, started, 0))
    if host is None:
        return
    inner = run.marking.number()
    run.marking.scopes[inner] = Scope(element.element_id + INSTANCES, scope, host, started)
    run.moving.extend((element, inner, None, number) for number in range(1, started + 1))


def _total(multi: MultiInstance, known: dict[str, Any]) -> int:
    expression = multi.collection or multi.cardinality
    if expression is None:
        return 1
    try:
        value = expression(known)
    except FeelError as error:
        raise Trouble(COLLECTION) from error
    if isinstance(value, list):
        value = Decimal(len(value))
    if not isinstance(value, Decimal) or value != value.to_integral_value() or not 0 <= value <= MOST_INSTANCES:
        raise Trouble(COLLECTION)
    return int(value)


def finish_instance(run: Run, element: Element, scope: int, instance: int) -> None:
    """One instance is done, in the scope of all; the last one, or the completion condition, ends the activity."""
    host_token = run.marking.scopes[scope].host
    assert host_token is not None
    assert element.multi is not None
    host = run.marking.tokens[host_token]
    try:
        gathered = _gathered(run, element, scope, instance)
        complete = _is_complete(run, element, scope, instance, host)
    except Trouble as trouble:
        stop(run, element, scope, trouble, instance)
        return
    _count(run, host)
    run.forget(scope, instance)
    run.merge(gathered, host.scope)
    run.effects.append(e.Passed(element.element_id, instance))
    _go_on(run, element, scope, host_token, complete)


def _go_on(run: Run, element: Element, scope: int, host_token: int, complete: bool) -> None:
    host = run.marking.tokens[host_token]
    assert host.instances is not None
    total, started, completed = host.instances
    if complete:
        close_scope(run, scope)
        run.finished.append(host_token)
    elif started < total:
        host.instances = (total, started + 1, completed)
        run.moving.append((element, scope, None, started + 1))
    else:
        consume(run, scope, 1)


def _count(run: Run, host: Resting) -> None:
    assert host.instances is not None
    total, started, completed = host.instances
    host.instances = (total, started, completed + 1)


def _gathered(run: Run, element: Element, scope: int, instance: int) -> dict[str, Any]:
    """What becomes of an instance's own data."""
    multi = element.multi
    own = run.own(scope, instance)
    if multi is None or multi.output_collection is None:
        return own
    outer = run.marking.scopes[scope].outer
    assert outer is not None
    results = run.view(outer).get(multi.output_collection)
    results = list(results) if isinstance(results, list) else []
    results += [None] * (instance - len(results))
    results[instance - 1] = _result(run, element, multi, scope, instance) if multi.output_element else own
    return {multi.output_collection: results}


def _result(run: Run, element: Element, multi: MultiInstance, scope: int, instance: int) -> Any:
    assert multi.output_element is not None
    try:
        return plain(multi.output_element(run.view(scope, element, instance)))
    except FeelError as error:
        raise Trouble(OUTPUT) from error


def _is_complete(run: Run, element: Element, scope: int, instance: int, host: Resting) -> bool:
    if element.multi is None or element.multi.completion is None:
        return False
    assert host.instances is not None
    total, started, completed = host.instances
    known = run.view(scope, element, instance) | _figures(total, started - completed - 1, completed + 1)
    try:
        return element.multi.completion(known) is True
    except FeelError as error:
        raise Trouble(COMPLETION) from error


def _figures(total: int, active: int, completed: int) -> dict[str, int]:
    """Under BPMN's names (table 10.30) and those that Activiti's family uses."""
    return {
        "numberOfInstances": total,
        "numberOfActiveInstances": active,
        "numberOfCompletedInstances": completed,
        "numberOfTerminatedInstances": 0,
        "nrOfInstances": total,
        "nrOfActiveInstances": active,
        "nrOfCompletedInstances": completed,
    }
