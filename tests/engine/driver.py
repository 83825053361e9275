"""A case in a test: events by element id, and after each what must always hold."""

import copy
import json

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.plan import Plan, compile_plan
from tests.engine.models import NOW


class Case:
    def __init__(self, model: bytes | Plan, variables=None, *, start_event=None, called=None, decisions=None):
        self.plan = model if isinstance(model, Plan) else compile_plan(model, decisions or {}, called)
        self.state, self.variables, self.effects = None, {}, ()
        self.passed: list[str] = []
        self.take(engine.Start(variables or {}, start_event))

    def take(self, event):
        before = copy.deepcopy((self.state, self.variables))
        step = engine.advance(self.plan, self.state, self.variables, event, NOW)
        assert (self.state, self.variables) == before, "advance changed its arguments"
        self.state = step.state
        self.variables = self.variables if step.variables is None else step.variables
        self.effects = step.effects
        self.passed += [effect.element_id for effect in self.of(engine.Passed)]
        self._hold()
        return self

    def _hold(self):
        assert json.loads(json.dumps(self.state)) == self.state
        alive = [entry[1] for entry in self.state["tokens"].values()]
        alive += [entry[1] for entry in self.state.get("incidents", {}).values()]
        for key, flows in self.state["joins"].items():
            alive += [int(key.partition("|")[0])] * sum(flows.values())
        for scope, (_container, outer, host, live) in self.state["scopes"].items():
            assert live == alive.count(int(scope)) > 0
            assert outer is None or str(outer) in self.state["scopes"]
            assert host is None or str(host) in self.state["tokens"]
        assert self.state["ended"] == (not self.state["scopes"])
        assert not (self.state["ended"] and (self.state["tokens"] or self.state["joins"]))
        for entry in self.state.get("listeners", {}).values():
            assert str(entry[1]) in self.state["scopes"]

    def of(self, kind):
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def waiting(self):
        return sorted(at for _, at in engine.waiting(self.state))

    @property
    def stopped(self):
        return sorted((at, reason) for _, at, reason in engine.incidents(self.state))

    @property
    def ended(self):
        return self.state["ended"]

    def token(self, element_id, nth=0):
        return [token for token, at in engine.waiting(self.state) if at == element_id][nth]

    def complete(self, element_id, nth=0, **variables):
        return self.take(engine.TaskCompleted(self.token(element_id, nth), variables))

    def job(self, element_id, **variables):
        return self.take(engine.JobCompleted(self.token(element_id), variables))

    def host(self, event_id):
        """The token or listener that waits for an event."""
        for token, entry in self.state.get("listeners", {}).items():
            if event_id in self.plan.elements[entry[0]].awaits:
                return int(token)
        for token, entry in self.state["tokens"].items():
            element, more = self.plan.elements[entry[0]], [*entry, None][3]
            own = element.awaits if not isinstance(more, list) and element.kind != "subProcess" else ()
            if event_id in own + (element.boundaries if not isinstance(more, int) else ()):
                return int(token)
        raise LookupError(event_id)

    def timer(self, event_id):
        return self.take(engine.TimerFired(self.host(event_id), event_id))

    def message(self, event_id, **variables):
        return self.take(engine.MessageReceived(self.host(event_id), event_id, variables))

    def signal(self, event_id, **variables):
        return self.take(engine.SignalReceived(self.host(event_id), event_id, variables))

    def error(self, element_id, code):
        return self.take(engine.ErrorRaised(self.token(element_id), code))

    def retry(self, element_id, flow_id=None, **variables):
        token = next(token for token, at, _ in engine.incidents(self.state) if at == element_id)
        return self.take(engine.IncidentRetried(token, variables, flow_id))
