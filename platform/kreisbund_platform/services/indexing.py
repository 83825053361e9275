"""Builds the search index: under which terms each service is found, and how strongly."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.services import queries
from kreisbund_platform.services.queries import IndexedService
from kreisbund_platform.services.terms import Vocabulary, stem, stems, words

NAME, EVERYDAY, PART, OZG, SITUATION = 1.0, 0.95, 0.7, 0.5, 0.25


@cache
def everyday_words() -> dict[str, list[list[str]]]:
    """Everyday word → phrases of the official language, as stems."""
    table = tomllib.loads(Path(__file__).with_name("everyday_words.toml").read_text("utf-8"))
    return {word: [stems(phrase) for phrase in phrases] for word, phrases in table.items()}


def rebuild(connection: Connection[Any]) -> None:
    """Indexes every service; part of the import's transaction."""
    services = queries.services_to_index(connection)
    vocabulary = Vocabulary(text for s in services for text in (s.name, s.ozg_name or "", s.life_situation or ""))
    found = {service.id: everyday(service.name) for service in services}
    queries.set_synonyms(connection, list(found.items()))
    queries.replace_terms(connection, _terms(services, vocabulary, found))


def everyday(name: str) -> list[str]:
    """What citizens call a service of this name."""
    has = set(stems(name))
    return [word for word, phrases in everyday_words().items() if any(has >= set(phrase) for phrase in phrases)]


def _terms(
    services: list[IndexedService], vocabulary: Vocabulary, synonyms: dict[UUID, list[str]]
) -> Iterator[tuple[str, UUID, float]]:
    for service in services:
        weights: dict[str, float] = {}
        for term, weight in _weighted(service, vocabulary, synonyms[service.id]):
            weights[term] = max(weight, weights.get(term, 0.0))
        yield from ((term, service.id, weight) for term, weight in weights.items())


def _weighted(service: IndexedService, vocabulary: Vocabulary, synonyms: list[str]) -> Iterator[tuple[str, float]]:
    name_words = list(words(service.name))
    for position, word in enumerate(name_words):
        # what stands first in a LeiKa name is the thing itself, later words qualify it
        here = NAME * (1.0 if position == 0 else 0.8)
        yield stem(word), here
        for part in vocabulary.parts(word):
            yield part, here * PART
    for word in synonyms:
        yield stem(word), EVERYDAY / (1 + 0.1 * max(0, len(name_words) - 2))
    for text, weight in ((service.ozg_name, OZG), (service.life_situation, _situation_weight(service, vocabulary))):
        for word in words(text or ""):
            yield stem(word), weight
            for part in vocabulary.parts(word):
                yield part, weight * PART


def _situation_weight(service: IndexedService, vocabulary: Vocabulary) -> float:
    """A life situation speaks most for a bundle that bears its name: Wohnsitzmeldungen in „Wohnen & Umzug"."""
    own = set(_with_parts(service.ozg_name or "", vocabulary))
    return SITUATION * (2 if own & set(_with_parts(service.life_situation or "", vocabulary)) else 1)


def _with_parts(text: str, vocabulary: Vocabulary) -> Iterator[str]:
    for word in words(text):
        yield stem(word)
        yield from vocabulary.parts(word)
