"""What soundness says, and how a net is judged: decided on the folded net, told on the net as drawn."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from kreisbund_platform.engine.soundness.counting import explore_runs
from kreisbund_platform.engine.soundness.exploring import Outcome, explore
from kreisbund_platform.engine.soundness.folding import fold, without_stops
from kreisbund_platform.engine.soundness.net import Join, Net
from kreisbund_platform.engine.soundness.regions import shrink
from kreisbund_platform.texts import _

FEW_STATES = 1_000
MOST_STATES = 30_000
MOST_STATES_DRAWN = 5_000


@dataclass(frozen=True)
class Verdict:
    """`element_id` and `reason` (German) say where and why it is not sound.

    `kind` is DEADLOCK, UNSAFE, MIXED, UNREACHABLE, DEAD_END, LIVELOCK or UNDECIDED. `path` are the elements and flows
    from the start to the fault, `waiting` the flows or elements where tokens stand then.
    """

    result: Literal["sound", "unsound", "undecided"]
    element_id: str | None = None
    reason: str | None = None
    kind: str | None = None
    path: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


SOUND = Verdict("sound")
_REASONS: dict[str, Callable[[], str]] = {
    "DEADLOCK": lambda: _("Hier wird auf einen Zweig gewartet, der nicht kommen kann."),
    "UNSAFE": lambda: _("Hier laufen mehrere Zweige ohne Abgleich zusammen."),
    "UNREACHABLE": lambda: _("Dieses Element wird nie erreicht."),
    "DEAD_END": lambda: _("Hier endet der Weg ohne Endereignis."),
    "LIVELOCK": lambda: _("Von hier führt kein Weg zum Ende."),
    "MIXED": lambda: _("Läuft dieser Nebenweg mehrmals zugleich, geraten hier seine Zweige durcheinander."),
    "UNDECIDED": lambda: _("Der Ablauf ist zu verzweigt, um ihn vollständig zu prüfen."),
}


def fault(kind: str, element_id: str | None, path: Iterable[str] = (), waiting: Iterable[str] = ()) -> Verdict:
    """A verdict with the reason of its kind."""
    result: Literal["unsound", "undecided"] = "undecided" if kind == "UNDECIDED" else "unsound"
    return Verdict(result, element_id, _REASONS[kind](), kind, tuple(path), tuple(waiting))


def judge(net: Net, container_id: str, *, alive: bool) -> Verdict:
    """Whether the net can always complete; where that stays undecided, the container is named."""
    outcome = decided(net, alive=alive)
    if outcome.kind is None:
        return SOUND
    if outcome.kind == "UNDECIDED":
        return fault("UNDECIDED", container_id)
    return _told(_as_drawn(net, outcome, alive=alive))


def judge_runs(net: Net, more: Counter[int], container_id: str) -> Verdict:
    """Whether several runs of a side thread can all complete. Folding may confuse runs that an inclusive join mixes."""
    inclusive = any(node.join is Join.INCLUSIVE for node in net.nodes.values())
    outcome = explore_runs(net if inclusive else fold(net), more, MOST_STATES_DRAWN)
    if outcome.kind is None:
        return SOUND
    return fault("UNDECIDED", container_id) if outcome.kind == "UNDECIDED" else _told(outcome)


def decided(net: Net, *, alive: bool) -> Outcome:
    """At once where little is left after folding, else region by region."""
    few = min(FEW_STATES, MOST_STATES)
    outcome = _explored(fold(net), few, alive=alive)
    return _explored(shrink(net, few), MOST_STATES, alive=alive) if outcome.kind == "UNDECIDED" else outcome


def _explored(folded: Net, limit: int, *, alive: bool) -> Outcome:
    """Tried first without the choices to stop everything, which fit no folding rule."""
    pruned = without_stops(folded)
    if pruned is not None:
        outcome = explore(pruned, limit, alive=alive)
        if outcome.kind in (None, "DEADLOCK", "UNSAFE"):
            return outcome
    return explore(folded, limit, alive=alive)


def _as_drawn(net: Net, outcome: Outcome, *, alive: bool) -> Outcome:
    """The fault's shortest way in the net as drawn where that is small enough, else the folded one's."""
    drawn = explore(net, MOST_STATES_DRAWN, alive=alive)
    return outcome if drawn.kind in (None, "UNDECIDED") else drawn


def _told(outcome: Outcome) -> Verdict:
    assert outcome.kind is not None
    return fault(outcome.kind, outcome.element_id, outcome.path, outcome.waiting)
