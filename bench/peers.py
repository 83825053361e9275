"""The peers of the reads: how each is started and asked, and that it answers what the product answers."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from bench import postgraphile_peer, same
from bench.contenders import Contender
from bench.served import Served, UnavailableError
from bench.site import CHECKOUT, question
from kreisbund_infra.local import home

Questions = Mapping[str, tuple[str, Sequence[dict[str, Any]]]]
Answer = Callable[[str, dict[str, Any]], Any]


@dataclass(frozen=True)
class Peer:
    """`start(login, schema)`; `queries` by the figure's name where they are not the product's; `as_ours` renames."""

    start: Callable[[Mapping[str, str], str], Served]
    queries: Mapping[str, str]
    as_ours: Callable[[Any], Any]


def start_plain(login: Mapping[str, str], _schema: str) -> Served:
    log = home.from_environment().logs / "bench-plain.log"
    return Served([sys.executable, "-m", "bench.plain", "{port}"], login, CHECKOUT, log)


PEERS = {
    "plain": Peer(start_plain, {}, lambda data: data),
    "postgraphile": Peer(postgraphile_peer.start, postgraphile_peer.QUERIES, postgraphile_peer.as_ours),
}


def started(
    questions: Questions, answer: Answer, login: Mapping[str, str], schema: str, held: ExitStack
) -> tuple[list[Contender], list[str]]:
    """Those that can be had, and by name why others are missing; `answer` is the product's. They last as `held` does.

    Raises same.DifferentError where a peer answers something else.
    """
    found, missing = [], []
    for name, peer in PEERS.items():
        try:
            served = held.enter_context(closing(peer.start(login, schema)))
            compare(name, peer, served, questions, answer)
            found.append(_contender(name, peer, served, questions))
        except UnavailableError as reason:
            missing.append(f"{name}: {reason}")
    return found, missing


def compare(name: str, peer: Peer, served: Served, questions: Questions, answer: Answer) -> None:
    """Every question that will be asked, once."""
    for figure, (query, given) in questions.items():
        for variables in given:
            theirs = served.answer(peer.queries.get(figure, query), variables)
            same.check(name, answer(query, variables), peer.as_ours(theirs))


def _contender(name: str, peer: Peer, served: Served, questions: Questions) -> Contender:
    requests = {
        figure: [question(served.port, peer.queries.get(figure, query), each) for each in given]
        for figure, (query, given) in questions.items()
    }
    return Contender(name, served.port, served.pid, requests)
