"""The pages' own documents: which of them do not become one statement, and what is planned again under their load.

`page_fallbacks`: queries of pages of which an answer was made by the interpreter, for anybody who sees the page, about
anything that there is. `replans`: see replans.py. Everybody of the demonstration, with all that can happen in a county
done once (as for the attacks in tests/isolation), asks as the pages do: through the executor, from threads, each with a
session of the county's login.
"""

import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import replans
from bench.page_questions import Question, cursors_in, questions
from bench.step import Measure
from kreisbund_api.services import Answer, Execute
from kreisbund_infra.local.home import Home
from kreisbund_infra.local.testing import VARIABLE, throw_away_server
from kreisbund_platform import telemetry
from kreisbund_platform.database.session import Database
from kreisbund_platform.identity.principals import Principal, RealmKind, Role
from kreisbund_platform.ids import Kind
from kreisbund_platform.tenancy.context import TenantContext
from tests.isolation import lives, world
from tests.isolation.judging import Judge
from tests.support.ports import free_port

THREADS, TIMES, MOST_LOOKS = 4, 3, 6
FORBIDDEN = "FORBIDDEN"
# asked only of those who were answered another one: some who may ask the second never see the page
BEHIND = {"desk/version_check": "desk/releases"}
AREAS = {RealmKind.SERVICE_TEAM: "studio", RealmKind.STATE: "state", RealmKind.OPERATIONS: "operations"}


@dataclass(frozen=True)
class Visitor:
    """Who looks at pages of which area; without a principal a guest of the county."""

    area: str
    principal: Principal | None
    county: TenantContext | None


@dataclass(frozen=True)
class Scene:
    """Who asks whom, and what there is to be asked about."""

    execute: Execute
    database: Database
    visitors: Sequence[Visitor]
    ids: Mapping[Kind, Sequence[str]]


@dataclass(frozen=True)
class Look:
    """One request of a page that is answered without errors."""

    visitor: Visitor
    question: Question
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What came of a look; `reasons`: why it was not compiled."""

    look: Look
    shows: bool
    reasons: frozenset[str]


class Pages(Measure):
    """Everybody looks at everything once, one after the other; a round is all of that again, mixed, from threads."""

    def __init__(self, scene: Scene | None = None, times: int = TIMES) -> None:
        self._times, self._rounds = times, 0
        with ExitStack() as held:
            self._scene = scene or held.enter_context(demonstration())
            self._again = held.enter_context(replans.watched())
            self.interpreted: dict[str, set[str]] = defaultdict(set)  # reasons by question
            self.answered: dict[str, bool] = {}  # whether there was anything to be shown
            self._looks: list[Look] = []
            for question in questions():
                for visitor in self._scene.visitors:
                    self._looks += self._met(question, visitor)
            self._held = held.pop_all()
        self.missing = list(self._unknown())
        for name, reasons in self.interpreted.items():
            print(f"not compiled: {name} ({', '.join(sorted(reasons))})", flush=True)

    def close(self) -> None:
        self._held.close()

    def round(self) -> dict[str, float]:
        looks = self._looks * self._times
        random.Random(self._rounds).shuffle(looks)
        self._rounds += 1
        before = self._again.times.copy()
        custom = replans.custom_plans(self._scene.database)
        with ThreadPoolExecutor(THREADS) as threads:
            long_ways = sum(threads.map(self._goes_the_long_way, looks))
        custom = max(0, replans.custom_plans(self._scene.database) - custom)
        again = self._again.times - before
        return {
            "page_fallbacks": float(len(self.interpreted)),
            "replans": float(custom + again.total()),
            "page_documents": float(len(self.answered)),
            "page_requests": float(len(looks)),
            "page_requests_interpreted": float(long_ways),
            "page_custom_plans": float(custom),
            "page_prepared_again": float(again["prepared"]),
            "page_compiled_again": float(again["compiled"]),
        }

    def _met(self, question: Question, visitor: Visitor) -> list[Look]:
        """Some looks of a visitor at a page, with something to be seen if there is any; none where it is not theirs."""
        if visitor.area != question.area or not self._gets_there(question, visitor):
            return []
        return [look for flags in question.flags for look in self._tried(question, visitor, flags)]

    def _gets_there(self, question: Question, visitor: Visitor) -> bool:
        before = BEHIND.get(question.name)
        return before is None or any(look.visitor is visitor and look.question.name == before for look in self._looks)

    def _tried(self, question: Question, visitor: Visitor, flags: Mapping[str, bool]) -> list[Look]:
        found: list[Found] = []
        waiting = question.given(self._scene.ids, flags)
        while waiting and sum(each.shows for each in found) < MOST_LOOKS:
            look = Look(visitor, question, waiting.pop(0))
            answer, reasons = self._asked(look)
            if any(error["extensions"]["code"] == FORBIDDEN for error in answer.errors):
                return []
            if answer.errors:
                continue
            shows = any(value not in (None, []) for value in (answer.data or {}).values())
            found.append(Found(look, shows, frozenset() if answer.was_compiled else frozenset(reasons)))
            if "after" in look.variables and look.variables["after"] is None:
                waiting = [{**look.variables, "after": each} for each in cursors_in(answer.data)] + waiting
        return self._kept(question.name, found)

    def _kept(self, name: str, found: list[Found]) -> list[Look]:
        """Those with something to be seen first. Where there is nothing, a refusal is not even noticed."""
        shows = any(each.shows for each in found)
        if not found or (not shows and any(FORBIDDEN in each.reasons for each in found)):
            return []
        self.answered[name] = self.answered.get(name, False) or shows
        if reasons := frozenset().union(*(each.reasons for each in found)):
            self.interpreted[name] |= reasons
        return [each.look for each in sorted(found, key=lambda each: not each.shows)[:MOST_LOOKS]]

    def _asked(self, look: Look) -> tuple[Answer, set[str]]:
        """The answer, and why it was not compiled."""
        reasons: set[str] = set()
        count = telemetry.interpreted.add
        telemetry.interpreted.add = lambda _number, why: reasons.add(why["reason"])
        try:
            return self._answer(look), reasons
        finally:
            telemetry.interpreted.add = count

    def _goes_the_long_way(self, look: Look) -> bool:
        answer = self._answer(look)
        assert not answer.errors, (look.question.name, answer.errors)
        if not answer.was_compiled and look.question.name not in self.interpreted:
            self.interpreted[look.question.name].add("UNDER_LOAD")
        return not answer.was_compiled

    def _answer(self, look: Look) -> Answer:
        who = look.visitor
        return self._scene.execute(who.principal, who.county, look.question.text, look.variables)

    def _unknown(self) -> Iterator[str]:
        """Pages of which nothing can be said, or less."""
        unseen = [each.name for each in questions() if each.name not in self.answered]
        empty = [name for name, shows in self.answered.items() if not shows]
        if unseen:
            yield f"pages that nobody here sees: {', '.join(unseen)}"
        if empty:
            yield f"pages that have nothing to show here: {', '.join(empty)}"


@contextmanager
def demonstration() -> Iterator[Scene]:
    """The demonstration's people and cases on a server of its own, with a life behind them; takes minutes."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="kreisbund-pages-")))
        server = Home(folder / "server", free_port())
        os.environ[VARIABLE] = held.enter_context(throw_away_server(server, Path(sys.prefix)))
        made = held.enter_context(world.made(folder))
        lives.lived(made)
        county = made.deployment.registry.by_slug(world.COUNTY)
        ids = {kind: sorted(found) for kind, found in Judge(made).around(world.COUNTY).ids.items()}
        visitors = [
            Visitor("portal", None, county) if each.is_guest else visitor_of(made.services.tokens.check(each.token))
            for each in made.people
            if each.county in (None, world.COUNTY) and each.role != "none"
        ]
        yield Scene(made.services.execute, made.services.connections._database, visitors, ids)


def visitor_of(principal: Principal) -> Visitor:
    """Somebody at the pages of their own area."""
    if principal.tenant is None:
        return Visitor(AREAS[principal.realm_kind], principal, None)
    area = "portal" if principal.roles == {Role.CITIZEN} else "desk"
    return Visitor(area, principal, principal.tenant)
