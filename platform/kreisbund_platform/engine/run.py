"""Moving tokens: one `Run` per event, from its first move until every token rests."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kreisbund_platform.engine import dmn
from kreisbund_platform.engine import events as e
from kreisbund_platform.engine.bpmn import Behaviour
from kreisbund_platform.engine.checks import catching_boundary
from kreisbund_platform.engine.feel import FeelError
from kreisbund_platform.engine.marking import Marking, Resting, Scope
from kreisbund_platform.engine.plan import Element, Flow, Plan

MOST_MOVES = 10_000
_RESTING = (Behaviour.TASK, Behaviour.JOB, Behaviour.CATCH, Behaviour.EVENT_GATEWAY)


class Run:
    """Tokens on the move are pairs of flow and scope in `_moving`; all others stand in the marking."""

    def __init__(self, plan: Plan, marking: Marking, variables: dict[str, Any], now: datetime) -> None:
        self.plan = plan
        self.marking = marking
        self.variables = variables
        self.effects: list[e.Effect] = []
        self._now = now
        self._moving: deque[tuple[Flow, int]] = deque()

    # --- beginnings

    def merge(self, variables: dict[str, Any]) -> None:
        """Adds variables by key; the mapping given to the engine stays as it was."""
        if variables:
            self.variables = {**self.variables, **variables}

    def open_scope(self, container_id: str, outer: int | None, host: int | None) -> None:
        """Starts the process or a sub-process."""
        scope = self.marking.number()
        container = self.plan.containers[container_id]
        self.marking.scopes[scope] = Scope(container_id, outer, host, 1)
        self._pass(self.plan.elements[container.start], scope)

    def complete(self, token: int) -> None:
        """The work at a token is done."""
        at = self._remove(token, "completed")
        self._pass(self.plan.elements[at.element_id], at.scope)

    def fire(self, token: int, element: Element) -> None:
        """A timer, message or error that the token waits for has happened."""
        if element.host is not None:
            self._fire_boundary(token, element)
            return
        at = self._remove(token, "completed")
        self._pass(element, at.scope)

    def throw(self, scope: int | None, code: str, at: str) -> None:
        """Looks outward from a scope for a boundary event that catches the error."""
        while scope is not None:
            here = self.marking.scopes[scope]
            if here.host is not None and (boundary := catching_boundary(self.plan, self._at(here.host), code)):
                self._fire_boundary(here.host, boundary)
                return
            scope = here.outer
        raise e.EngineFault(at, "error caught by nobody")

    def cancel(self) -> None:
        """Ends everything."""
        for scope in [key for key, value in self.marking.scopes.items() if value.host is None]:
            self._close_scope(scope)
        self._end()

    def settle(self) -> None:
        """Moves until every token rests; raises EngineFault after `MOST_MOVES`."""
        moves = 0
        while not self.marking.ended:
            while self._moving:
                moves += 1
                flow, scope = self._moving.popleft()
                if moves > MOST_MOVES:
                    raise e.EngineFault(flow.target, "loop without a wait state")
                self._arrive(flow, scope)
            if not self._release_inclusive_join():
                return

    # --- arriving

    def _arrive(self, flow: Flow, scope: int) -> None:
        element = self.plan.elements[flow.target]
        behaviour = element.behaviour
        if behaviour in _RESTING:
            self._rest(element, scope)
        elif behaviour is Behaviour.SUB_PROCESS:
            self.open_scope(element.element_id, scope, self._rest(element, scope))
        elif behaviour in (Behaviour.PARALLEL, Behaviour.INCLUSIVE) and len(element.incoming) > 1:
            self._join(element, flow, scope)
        elif behaviour is Behaviour.END:
            self._reach_end(element, scope)
        else:
            if behaviour is Behaviour.RULE:
                self._decide(element)
            self._pass(element, scope)

    def _rest(self, element: Element, scope: int) -> int:
        token = self.marking.number()
        self.marking.tokens[token] = Resting(element.element_id, scope)
        if element.behaviour is Behaviour.TASK:
            self.effects.append(e.TaskOpened(token, element.element_id))
        elif element.behaviour is Behaviour.JOB:
            self.effects.append(e.JobRequested(token, element.element_id))
        for awaited in self.awaited(element):
            self._arm(token, awaited)
        if element.behaviour is not Behaviour.SUB_PROCESS:
            self.effects.append(e.Waiting(token, element.element_id))
        return token

    def awaited(self, element: Element) -> list[Element]:
        """The events a token at this element waits for: its own, those behind an event gateway, its boundary's."""
        found = [self.plan.elements[name] for name in element.boundaries]
        if element.behaviour is Behaviour.CATCH:
            found.append(element)
        elif element.behaviour is Behaviour.EVENT_GATEWAY:
            found += [self.plan.elements[flow.target] for flow in element.outgoing]
        return found

    def _arm(self, token: int, awaited: Element) -> None:
        if awaited.timer:
            self._set_timer(token, awaited)
        elif awaited.event and awaited.event.type == "message":
            name = awaited.event.name or awaited.element_id
            self.effects.append(e.SubscriptionOpened(token, awaited.element_id, name))

    def _set_timer(self, token: int, awaited: Element) -> None:
        assert awaited.timer is not None
        try:
            due_at = awaited.timer.due_at(self.variables, self._now)
        except ValueError as error:
            raise e.EngineFault(awaited.element_id, "no due date from the timer's expression") from error
        self.effects.append(e.TimerSet(token, awaited.element_id, due_at))

    def _decide(self, element: Element) -> None:
        decision_id = element.attributes["decision"]
        try:
            outcome = dmn.decide(self.plan.decisions, decision_id, self.variables)
        except dmn.DecisionFault as fault:
            raise e.EngineFault(element.element_id, str(fault)) from fault
        self.merge(dict(outcome.values))
        self.effects.append(e.DecisionMade(element.element_id, decision_id, outcome.rule_ids))

    def _reach_end(self, element: Element, scope: int) -> None:
        self.effects.append(e.Passed(element.element_id))
        kind = element.event.type if element.event else None
        if kind == "error" and element.event:
            self.throw(scope, element.event.name or "", element.element_id)
        elif kind == "terminate":
            self._empty_scope(scope)
            self.marking.scopes[scope].live = 0
            self._leave_if_empty(scope)
        else:
            self._consume(scope, 1)

    # --- joins

    def _join(self, element: Element, flow: Flow, scope: int) -> None:
        arrived = self.marking.joins.setdefault((scope, element.element_id), {})
        arrived[flow.flow_id] = arrived.get(flow.flow_id, 0) + 1
        if element.behaviour is Behaviour.PARALLEL and len(arrived) == len(element.incoming):
            self._release(element, scope)

    def _release(self, element: Element, scope: int) -> None:
        """Takes one token from each flow that has any and sends one on."""
        arrived = self.marking.joins.pop((scope, element.element_id))
        rest = {flow_id: count - 1 for flow_id, count in arrived.items() if count > 1}
        if rest:
            self.marking.joins[scope, element.element_id] = rest
        self.marking.scopes[scope].live -= len(arrived) - 1
        self._pass(element, scope)

    def _release_inclusive_join(self) -> bool:
        for (scope, name), arrived in self.marking.joins.items():
            element = self.plan.elements[name]
            if element.behaviour is Behaviour.INCLUSIVE and not self._still_expected(scope, element, arrived):
                self._release(element, scope)
                return True
        return False

    def _still_expected(self, scope: int, join: Element, arrived: dict[str, int]) -> bool:
        """BPMN 2.0.2, table 13.4: a token elsewhere that can reach an empty flow but no flow with a token."""
        places = {at.element_id for at in self.marking.tokens.values() if at.scope == scope}
        places |= {name for (s, name) in self.marking.joins if s == scope and name != join.element_id}
        upstream = self.plan.upstream[join.element_id]
        reached = frozenset[str]().union(*(upstream[flow_id] for flow_id in arrived))
        empty = (upstream[flow.flow_id] for flow in join.incoming if flow.flow_id not in arrived)
        return any(places & (before - reached) for before in empty)

    # --- leaving

    def _pass(self, element: Element, scope: int) -> None:
        self.effects.append(e.Passed(element.element_id))
        chosen = self._chosen(element)
        self.marking.scopes[scope].live += len(chosen)
        self._moving.extend((flow, scope) for flow in chosen)
        self._consume(scope, 1)

    def _chosen(self, element: Element) -> list[Flow]:
        flows = element.outgoing
        if all(flow.condition is None for flow in flows) and element.default is None:
            return list(flows)
        open_ = [flow for flow in flows if flow.flow_id != element.default and self._is_open(flow)]
        if element.behaviour is Behaviour.EXCLUSIVE:
            open_ = open_[:1]
        if not open_:
            open_ = [flow for flow in flows if flow.flow_id == element.default]
        if not open_:
            raise e.EngineFault(element.element_id, "no condition holds and there is no default flow")
        return open_

    def _is_open(self, flow: Flow) -> bool:
        try:
            return flow.condition is None or flow.condition(self.variables) is True
        except FeelError as error:
            raise e.EngineFault(flow.flow_id, "the condition exceeds its limits") from error

    def _consume(self, scope: int, count: int) -> None:
        self.marking.scopes[scope].live -= count
        self._leave_if_empty(scope)

    def _leave_if_empty(self, scope: int) -> None:
        here = self.marking.scopes[scope]
        if here.live:
            return
        del self.marking.scopes[scope]
        if here.host is None:
            self._end()
        else:
            self.complete(here.host)

    def _end(self) -> None:
        self.marking.ended = True
        self.effects.append(e.Ended())

    # --- stopping

    def _at(self, token: int) -> Element:
        return self.plan.elements[self.marking.tokens[token].element_id]

    def _fire_boundary(self, token: int, boundary: Element) -> None:
        at = self.marking.tokens[token]
        if boundary.interrupting:
            self._kill(token)
        else:
            self.marking.scopes[at.scope].live += 1
            self._count_firing(token, at, boundary)
        self._pass(boundary, at.scope)

    def _count_firing(self, token: int, at: Resting, boundary: Element) -> None:
        if boundary.timer is None:
            return
        fired = at.fired.get(boundary.element_id, 0) + 1
        limit = boundary.timer.most_firings
        at.fired[boundary.element_id] = fired if limit is not None else 0
        if limit is None or fired < limit:
            self._set_timer(token, boundary)
        else:
            self.effects.append(e.TimerCleared(token, boundary.element_id))

    def _kill(self, token: int) -> None:
        for scope in [key for key, value in self.marking.scopes.items() if value.host == token]:
            self._close_scope(scope)
        self._remove(token, "cancelled")

    def _close_scope(self, scope: int) -> None:
        self._empty_scope(scope)
        del self.marking.scopes[scope]

    def _empty_scope(self, scope: int) -> None:
        for token in [token for token, at in self.marking.tokens.items() if at.scope == scope]:
            self._kill(token)
        for key in [key for key in self.marking.joins if key[0] == scope]:
            del self.marking.joins[key]
        self._moving = deque(move for move in self._moving if move[1] != scope)

    def _remove(self, token: int, reason: str) -> Resting:
        """Takes a token away with its task, timers and subscriptions; the scope's count is the caller's matter."""
        at = self.marking.tokens.pop(token)
        element = self.plan.elements[at.element_id]
        closing: dict[Behaviour, Callable[[int, str, str], e.Effect]] = {
            Behaviour.TASK: e.TaskClosed,
            Behaviour.JOB: e.JobClosed,
        }
        if element.behaviour in closing:
            self.effects.append(closing[element.behaviour](token, at.element_id, reason))
        awaited = self.awaited(element)
        if any(item.timer for item in awaited):
            self.effects.append(e.TimerCleared(token, None))
        if any(item.event and item.event.type == "message" for item in awaited):
            self.effects.append(e.SubscriptionClosed(token))
        return at
