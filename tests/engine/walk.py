"""Engine and token game walk the same random models; after each step the same must wait, listen and be stuck."""

import re
from random import Random
from typing import Any

from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine.plan import CalledModel, Plan, compile_plan
from tests.engine.models import NOW
from tests.engine.random_models import BLOCKS, Model
from tests.engine.token_game import WAITED_FOR, Game

ORDERS = 60
RECEIVED = {"message": engine.MessageReceived, "signal": engine.SignalReceived, "timer": engine.TimerFired}


class DivergenceError(AssertionError):
    """Engine and game differ."""


class EngineSide:
    """The engine's state, seen as the game's is."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.variables = plan, {}
        self.state: dict[str, Any] = engine.initial_state()
        self.events: list[engine.Event] = []

    def take(self, event: engine.Event) -> None:
        self.events.append(event)
        step = engine.advance(self.plan, self.state, self.variables, event, NOW)
        self.state = step.state
        self.variables = self.variables if step.variables is None else step.variables

    def waiting(self) -> list[tuple[str, int]]:
        return self._sorted((at, token) for token, at in engine.waiting(self.state))

    def incidents(self) -> list[tuple[str, int]]:
        return self._sorted((entry[0], int(token)) for token, entry in self.state.get("incidents", {}).items())

    def expected(self) -> list[tuple[str, int]]:
        resting = {**self.state["tokens"], **self.state.get("listeners", {})}
        return self._sorted(
            (name, int(token))
            for token, entry in resting.items()
            for name in self._awaited(token in self.state["tokens"], *entry)
            if self._is_waited_for(name, entry[2])
        )

    def _awaited(self, rests: bool, at: str, _scope: int, _fired: dict[str, int], more: Any = None) -> tuple[str, ...]:
        element = self.plan.elements[at]
        if rests and element.behaviour == "event_sub_process":
            return ()
        if isinstance(more, list):
            return element.boundaries
        return element.awaits if more else (*element.boundaries, *element.awaits)

    def _is_waited_for(self, name: str, fired: dict[str, int]) -> bool:
        element = self.plan.elements[name]
        limit = element.timer.most_firings if element.timer else None
        kind = element.event.type if element.event else None
        return kind in WAITED_FOR and (limit is None or fired.get(name, 0) < limit)

    def _sorted(self, found) -> list[tuple[str, int]]:
        return [
            (name, token) for name, _path, token in sorted((name, self._path(token), token) for name, token in found)
        ]

    def _path(self, token: int) -> tuple[int, ...]:
        """Older scopes first, instances by their number."""
        places = (
            self.state[part].get(str(token)) for part in ("tokens", "listeners", "incidents") if part in self.state
        )
        entry = next(place for place in places if place)
        host = self.state["scopes"][str(entry[1])][2]
        instance = entry[-1] if len(entry) == 5 or (len(entry) == 4 and isinstance(entry[3], int)) else None
        return (*(() if host is None else self._path(host)), instance or token)


class Walk:
    """One random model, random cases."""

    def __init__(self, seed: int, blocks: tuple[str, ...] = BLOCKS) -> None:
        self.random = Random(f"walk {seed}")
        self.model = Model(seed, self.random.randint(3, 7), blocks)
        self.plan = compile_plan(self.model.xml, {}, self._called(""))
        self.fresh = Game(self.model.xml, self.random, self.model.called)
        self.codes = sorted({"E0", *re.findall(r'errorCode="(E\d+)"', b"".join(self._files()).decode())})

    def cases(self, count: int, moves: int) -> int:
        """Several cases; the number of steps compared."""
        return sum(self.go(moves) for _ in range(count))

    def _begin(self) -> None:
        values = {name: self.random.randint(0, 9) for name in self.model.variables}
        values |= {
            name: [self.random.randint(0, 9) for _ in range(self.random.randint(0, 3))] for name in self.model.lists
        }
        self.side = EngineSide(self.plan)
        self.game = self.fresh.copy(Random(self.random.random()))
        self._both(engine.Start(values), lambda game: game.start(values))

    def _files(self) -> list[bytes]:
        return [self.model.xml, *self.model.called.values()]

    def _called(self, prefix: str) -> dict[str, CalledModel]:
        """What the file with this prefix calls: each with its own calls, never a circle."""
        return {
            slug: CalledModel(xml, {}, self._called(f"{slug}-"))
            for slug, xml in self.model.called.items()
            if slug.startswith(prefix) and "-" not in slug.removeprefix(prefix)
        }

    def go(self, moves: int) -> int:
        """One case; the number of steps compared; stops at its end."""
        self._begin()
        for step in range(1, moves + 1):
            choices = [] if self.game.ended else self._choices()
            if not choices:
                return step
            self._both(*self.random.choice(choices))
        return moves + 1

    def _both(self, event: engine.Event, move: Any) -> None:
        """A race has several right ends: the game tries other orders until one agrees."""
        before = self.game.copy(self.random)
        self.side.take(event)
        move(self.game)
        for order in range(ORDERS):
            if self._agrees():
                return
            self.game = before.copy(Random(order))
            move(self.game)
        raise DivergenceError(self._told())

    def _agrees(self) -> bool:
        pairs = (
            (getattr(self.side, what)(), getattr(self.game, what)()) for what in ("waiting", "expected", "incidents")
        )
        same = all([name for name, _ in ours] == [name for name, _ in theirs] for ours, theirs in pairs)
        return same and self.side.state["ended"] == self.game.ended

    def _told(self) -> str:
        lines = [f"after {self.side.events}"]
        for what in ("waiting", "expected", "incidents"):
            lines.append(f"{what}: engine {getattr(self.side, what)()}, game {getattr(self.game, what)()}")
        return "\n".join([*lines, f"ended: engine {self.side.state['ended']}, game {self.game.ended}"])

    # --- what may happen next, as the engine's event and the game's move

    def _choices(self) -> list[tuple[engine.Event, Any]]:
        found = [self._work(*pair) for pair in self._pairs("waiting") if self._is_work(pair[0])]
        found += [self._event(*pair) for pair in self._pairs("expected")]
        return found + [self._repair(*pair) for pair in self._pairs("incidents")]

    def _pairs(self, what: str) -> list[tuple[str, int, int]]:
        ours, theirs = getattr(self.side, what)(), getattr(self.game, what)()
        return [(name, token, number) for (name, token), (_, number) in zip(ours, theirs, strict=True)]

    def _is_work(self, name: str) -> bool:
        return self.side.plan.elements[name].behaviour in ("task", "job")

    def _change(self) -> dict[str, int]:
        return {name: self.random.randint(0, 9) for name in self.model.variables if self.random.random() < 0.3}

    def _work(self, name: str, token: int, number: int) -> tuple[engine.Event, Any]:
        change, chance = self._change(), self.random.random()
        if self.side.plan.elements[name].behaviour == "job" and chance < 0.3:
            if chance < 0.1:
                return engine.JobFailed(token, "GIVEN_UP"), lambda game: game.fail(number, None)
            code = self.random.choice(self.codes)
            return engine.ErrorRaised(token, code), lambda game: game.fail(number, code)
        done = engine.TaskCompleted if self.side.plan.elements[name].behaviour == "task" else engine.JobCompleted
        return done(token, change), lambda game: game.complete(number, change)

    def _event(self, name: str, token: int, number: int) -> tuple[engine.Event, Any]:
        kind = self.side.plan.elements[name].event.type
        return RECEIVED[kind](token, name), lambda game: game.receive(number, name)

    def _repair(self, name: str, token: int, number: int) -> tuple[engine.Event, Any]:
        change, flow = self._change(), None
        outgoing = self.side.plan.elements[name].outgoing
        if outgoing and not self.side.plan.elements[name].multi and self.random.random() < 0.4:
            flow = self.random.choice(outgoing).flow_id
        return engine.IncidentRetried(token, change, flow), lambda game: game.repair(number, change, flow)
