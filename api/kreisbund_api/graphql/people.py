"""Where people stood when they were last here: asked again together with what they want, so that it costs no wait."""

import threading
from collections import OrderedDict

from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.identity.standing import Stood

MOST_PEOPLE = 5_000


class People:
    """Those of one process who come with a token. Thread-safe."""

    def __init__(self) -> None:
        # by the object itself, which a checked token is remembered with; its place in memory is its own while held
        self._known: OrderedDict[int, tuple[Principal, Stood]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, principal: Principal) -> Stood | None:
        """Where this person stood; it counts only where the database says the same again."""
        found = self._known.get(id(principal))
        return found[1] if found else None

    def remember(self, principal: Principal, stood: Stood) -> None:
        """For the next time."""
        with self._lock:
            self._known[id(principal)] = principal, stood
            while len(self._known) > MOST_PEOPLE:
                self._known.popitem(last=False)

    def forget(self, principal: Principal) -> None:
        """They stand elsewhere now; another request of theirs may have noticed it, too."""
        with self._lock:
            self._known.pop(id(principal), None)
