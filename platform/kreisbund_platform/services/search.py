"""Finds public services by what a citizen types: stems, parts of compounds, word starts, small typing errors."""

import math
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from rapidfuzz import process
from rapidfuzz.distance import OSA

from kreisbund_platform.services import queries
from kreisbund_platform.services.terms import LONGEST_QUERY, Vocabulary, stem, words

EXACT, PART, START, TYPO = 1.0, 0.6, 0.55, 0.5
MOST_WORDS = 8
MOST_TERMS = 30


@dataclass(frozen=True)
class _Index:
    """The catalogue's terms as this process knows them."""

    state: tuple[int, datetime | None]
    counts: dict[str, int]
    vocabulary: Vocabulary


_lock = threading.Lock()
_index: _Index | None = None


def ranked_ids(connection: Connection[Any], text: str, limit: int) -> list[tuple[UUID, float]]:
    """The services that fit, the best first, with their score; empty where nothing fits."""
    asked = list(dict.fromkeys(words(text[:LONGEST_QUERY])))[:MOST_WORDS]
    index = _current(connection)
    terms: list[str] = []
    positions: list[int] = []
    factors: list[float] = []
    for position, word in enumerate(asked):
        for term, factor in _candidates(word, index).items():
            rarity = math.log(1 + index.state[0] / index.counts[term])
            terms.append(term)
            positions.append(position)
            factors.append(factor * rarity)
    return queries.rank(connection, terms, positions, factors, limit) if terms else []


def _current(connection: Connection[Any]) -> _Index:
    global _index  # noqa: PLW0603  one cache a process, replaced when the catalogue changes
    state = queries.index_state(connection)
    with _lock:
        if _index is None or _index.state != state:
            counts = queries.term_counts(connection)
            _index = _Index(state, counts, Vocabulary(counts))
        return _index


def _candidates(word: str, index: _Index) -> dict[str, float]:
    """Terms of the index that a typed word may mean."""
    root = stem(word)
    found = {root: EXACT} if root in index.counts else {}
    for part in index.vocabulary.parts(word):
        if part in index.counts:
            found.setdefault(part, PART)
    for term in _starting(root, index):
        found.setdefault(term, START * len(root) / len(term) + 0.1)
    if not found:
        found = _mistyped(root, index)
    return found


def _starting(root: str, index: _Index) -> list[str]:
    if len(root) < 3:
        return []
    return sorted((term for term in index.counts if term.startswith(root)), key=len)[:MOST_TERMS]


def _mistyped(root: str, index: _Index) -> dict[str, float]:
    allowed = 1 if len(root) < 6 else 2
    if len(root) < 4:
        return {}
    near = process.extract(root, list(index.counts), scorer=OSA.distance, score_cutoff=allowed, limit=MOST_TERMS)
    return {term: TYPO / distance for term, distance, _position in near}
