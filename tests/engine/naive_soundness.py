"""The definition of soundness tried out flow by flow, without folding or nets: the oracle for `engine/soundness.py`."""

from itertools import chain, combinations, product

from kreisbund_platform.engine.bpmn import Behaviour

CLEARING = ("terminate", "error")


class TooManyError(Exception):
    pass


class Game:
    """Markings are sets of flows; every set of flows that an element may send is one exit."""

    def __init__(self, plan, container):
        self.elements = {name: plan.elements[name] for name in container.element_ids}
        self.starts, self.together = container.starts, container.implicit
        self.upstream = plan.upstream
        self.target = {f.flow_id: f.target for e in self.elements.values() for f in e.outgoing}
        main = self.reach(self.starts, sides=False)
        beside = {b for e in self.elements.values() for b in e.boundaries if not self.elements[b].interrupting}
        for _round in beside:
            main |= set().union(*(self.reach([b], sides=False) for b in beside if self._meets(b, main)))
        self.main = main
        side = {f.flow_id for name, e in self.elements.items() for f in e.outgoing if name not in main}
        self.harmless = side | self._clearing()
        self.fired = set()

    def reach(self, roots, *, sides):
        found, pending = set(), list(roots)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                element = self.elements[name]
                pending += [f.target for f in element.outgoing]
                pending += [b for b in element.boundaries if sides or self.elements[b].interrupting]
        return found

    def _meets(self, boundary, main):
        both = self.reach([boundary], sides=True) & main
        return any(self.elements[name].behaviour is not Behaviour.END for name in both)

    def _clears(self, element):
        return element.behaviour is Behaviour.END and element.event is not None and element.event.type in CLEARING

    def _clearing(self):
        found = {name for name, e in self.elements.items() if self._clears(e)}
        while True:
            more = {name for name, e in self.elements.items() if name not in found and self._surely(e, found)}
            if not more:
                return {f for f, target in self.target.items() if target in found}
            found |= more

    def _surely(self, element, found):
        if element.joins or not element.outgoing:
            return False
        ways = [element, *(self.elements[b] for b in element.boundaries if b in self.main)]
        return all(f.target in found for w in ways for f in w.outgoing)

    # --- moves

    def own(self, element):
        flows = [f.flow_id for f in element.outgoing]
        default = element.default
        conditional = [f.flow_id for f in element.outgoing if f.flow_id != default]
        if element.behaviour in (Behaviour.EXCLUSIVE, Behaviour.EVENT_GATEWAY):
            return [{f} for f in flows]
        if element.behaviour is Behaviour.PARALLEL or len(flows) < 2:
            return [set(flows)]
        always = set()
        if element.behaviour is not Behaviour.INCLUSIVE and not default:
            always = {f.flow_id for f in element.outgoing if f.condition is None}
            conditional = [f for f in conditional if f not in always]
        some = chain.from_iterable(combinations(conditional, n) for n in range(len(conditional) + 1))
        found = [always | set(flows) for flows in some if always or flows]
        return [*found, {default}] if default else found

    def exits(self, element):
        boundaries = [self.elements[b] for b in element.boundaries]
        ways = [element, *(b for b in boundaries if b.interrupting)]
        sides = [[set(), *self.own(b)] for b in boundaries if not b.interrupting]
        for way in ways:
            for parts in product(self.own(way), *sides):
                yield set().union(*parts)

    def taken(self, marking, element):
        """What the element may take: one flow each, or a join's."""
        here = {f.flow_id for f in element.incoming} & marking
        if not element.joins:
            return [{flow} for flow in here]
        if element.behaviour is Behaviour.PARALLEL:
            return [here] if len(here) == len(element.incoming) else []
        places = {self.target[f] for f in marking} - {element.element_id}
        upstream = self.upstream[element.element_id]
        covered = set().union(*(upstream[f] for f in here))
        empty = [f.flow_id for f in element.incoming if f.flow_id not in here]
        return [here] if here and not any(places & (upstream[f] - covered) for f in empty) else []

    def following(self, marking):
        """All next markings; None for one with two tokens in one place."""
        for name in {self.target[f] for f in marking}:
            element = self.elements[name]
            for taken in self.taken(marking, element):
                self.fired.add(name)
                rest = marking - taken
                if self._clears(element):
                    yield frozenset()
                    continue
                for put in self.exits(element):
                    yield None if rest & put - self.harmless else rest | put

    def crowded(self, marking):
        """Two tokens before one end."""
        ends = [self.target[f] for f in marking - self.harmless if not self.elements[self.target[f]].outgoing]
        ends = [name for name in ends if not self.elements[name].joins]
        return len(ends) != len(set(ends))

    def first(self):
        exits = [list(self.exits(self.elements[name])) for name in self.starts]
        if self.together:
            return {frozenset(set().union(*some)) for some in product(*exits)}
        return {frozenset(put) for some in exits for put in some}

    def sound(self, limit):
        """Explores everything; raises TooManyError."""
        back, seen, pending = {}, self.first(), list(self.first())
        while pending:
            marking = pending.pop()
            following = list(self.following(marking))
            if None in following or self.crowded(marking) or (marking and not following):
                return False
            for other in following:
                back.setdefault(other, set()).add(marking)
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
            if len(seen) > limit:
                raise TooManyError
        return self._completes(seen, back) and self._alive()

    def _completes(self, seen, back):
        finishing, pending = {frozenset()}, [frozenset()]
        while pending:
            for other in back.get(pending.pop(), ()):
                if other not in finishing:
                    finishing.add(other)
                    pending.append(other)
        return seen <= finishing

    def _alive(self):
        reached = self.fired | set(self.starts)
        return all(e.host or name in reached for name, e in self.elements.items())


def sound(plan, limit=20_000):
    """Whether every container is sound."""
    return all(Game(plan, container).sound(limit) for container in plan.containers.values())
