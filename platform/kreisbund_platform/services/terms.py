"""German words as search terms: stems, and the parts of compounds.

„Hundehaltung" is found under hundehalt, hund and halt; „Hund anmelden" asks for hund and anmeld. A compound is
split only into words that the catalogue itself uses, so no dictionary is needed and nonsense parts stay out.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import snowballstemmer

WORD = re.compile(r"[^\W\d_]+|\d+")
STOP_WORDS = frozenset(
    """
    der die das den dem des ein eine einer eines einem einen und oder für von vom zum zur zu im in ins am an auf aus
    bei beim mit nach ohne über unter durch gegen um als wie ich mein meine meinen wir sie er es ist sind wird werden
    nicht auch nur bis ab so sich kann muss möchte will brauche beantragen antrag
    """.split()  # noqa: SIM905  a list of fifty quoted words is harder to read
)
SHORTEST_PART = 3
LINKS = ("", "s", "es", "n", "en", "er", "e")
LONGEST_QUERY = 200
_stemmer = snowballstemmer.stemmer("german")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of a lower-case word (Snowball, German); umlauts fold to their base letters."""
    return str(_stemmer.stemWord(word))


def words(text: str) -> Iterator[str]:
    """The words of a text, lower-case, without stop words; „An- und Abmeldung" gives an, abmeldung."""
    for match in WORD.finditer(unicodedata.normalize("NFC", text).lower()):
        if match[0] not in STOP_WORDS:
            yield match[0]


def stems(text: str) -> list[str]:
    """The stems of a text in order, each once."""
    return list(dict.fromkeys(stem(word) for word in words(text)))


class Vocabulary:
    """The words of a catalogue, against which compounds are split."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._stems = {stem(word) for text in texts for word in words(text) if len(word) > SHORTEST_PART}

    def parts(self, word: str) -> tuple[str, ...]:
        """Stems of the parts of a compound; empty where the word is none."""
        return _split(word, frozenset(), self._stems) or ()


def _split(word: str, seen: frozenset[str], known: set[str]) -> tuple[str, ...] | None:
    for cut in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        head, tail = word[:cut], word[cut:]
        first = _head(head, known)
        if first is None or tail in seen:
            continue
        last = stem(tail)
        if last in known:
            return (first, last)
        if rest := _split(tail, seen | {word}, known):
            return (first, *rest)
    return None


def _head(head: str, known: set[str]) -> str | None:
    for link in LINKS:
        if head.endswith(link) and len(head) - len(link) >= SHORTEST_PART:
            candidate = stem(head[: len(head) - len(link)] if link else head)
            if candidate in known:
                return candidate
    return None
