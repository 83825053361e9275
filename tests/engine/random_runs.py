"""Cases driven at random: tasks, jobs, messages, timers, incidents repaired, in any order."""

from kreisbund_platform.engine.advance import (
    EngineFault,
    IncidentRetried,
    JobCompleted,
    MessageReceived,
    SignalReceived,
    Start,
    TaskCompleted,
    TimerFired,
    advance,
    incidents,
    waiting,
)
from kreisbund_platform.engine.bpmn import Behaviour
from tests.engine.models import NOW


class Case:
    """One case; `values` are the names that conditions read, given anew at each step so that loops end."""

    def __init__(self, plan, random, state=None):
        self.plan, self.random, self.state, self.variables = plan, random, state, {}
        flows = [flow for element in plan.elements.values() for flow in element.outgoing if flow.condition]
        self.names = sorted({name for flow in flows for name in getattr(flow.condition, "names", ())})

    def values(self):
        return {name: self.random.randint(0, 9) for name in self.names}

    def start(self):
        begins = self.random.choice(self.plan.containers[self.plan.process_id].starts)
        implicit = self.plan.containers[self.plan.process_id].implicit
        self.take(Start(self.values(), None if implicit else begins))
        return self

    def take(self, event):
        step = advance(self.plan, self.state, self.variables, event, NOW)
        self.state = step.state
        self.variables = step.variables if step.variables is not None else self.variables

    def possible(self):
        """What may happen next; non-interrupting events seldom, so that side threads end."""
        found = [IncidentRetried(token, self.values(), self._way_on(at)) for token, at, _ in incidents(self.state)]
        for token, name in waiting(self.state):
            element = self.plan.elements[name]
            if element.behaviour is Behaviour.TASK:
                found.append(TaskCompleted(token, self.values()))
            elif element.behaviour is Behaviour.JOB:
                found.append(JobCompleted(token, self.values()))
        for key, (name, _scope, fired, *more) in self.state["tokens"].items():
            if self.plan.elements[name].behaviour is not Behaviour.EVENT_SUB_PROCESS:
                found += self._events(int(key), self.plan.elements[name], fired, more)
        for key, (name, _scope, fired) in self.state.get("listeners", {}).items():
            if self.random.random() < 0.1:
                found += self._events(int(key), self.plan.elements[name], fired, [])
        return found

    def _way_on(self, name):
        flows = self.plan.elements[name].outgoing
        return self.random.choice(flows).flow_id if flows else None

    def _events(self, token, element, fired, more):
        own = () if more and isinstance(more[0], list) else element.awaits
        border = () if more and isinstance(more[0], int) else element.boundaries
        for name in (*own, *border):
            event = self.plan.elements[name]
            kind = event.event.type if event.event else None
            if not event.interrupting and (self.random.random() < 0.7 or fired.get(name)):
                continue
            if kind == "message":
                yield MessageReceived(token, name, self.values())
            elif kind == "signal":
                yield SignalReceived(token, name, self.values())
            elif kind == "timer" and not fired.get(name):
                yield TimerFired(token, name)

    def stuck(self):
        """Nothing waits, nothing can be repaired, and still it has not ended."""
        return not self.state["ended"] and not waiting(self.state) and not incidents(self.state)

    def run(self, steps=300):
        """Goes on until the case ends or sticks; answers whether it ended within the steps."""
        for _step in range(steps):
            if self.state["ended"] or self.stuck():
                break
            events = self.possible()
            if events:
                self.take(self.random.choice(events))
        return self.state["ended"]


def ends(plan, random, *, runs, state=None):
    """How many of the runs ended; -1 where one stuck. Loops without a wait state are left out."""
    ended = 0
    for _run in range(runs):
        case = Case(plan, random, state)
        try:
            case = case if state else case.start()
            ended += case.run()
        except EngineFault:
            return None
        if case.stuck():
            return -1
    return ended
