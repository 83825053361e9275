r"""Character classes of XML Schema's regular expressions as RE2 writes them: `[a-z-[aeiou]]`, `\i`, `\c`, `\p{Lu}`."""

import re
import sys
import unicodedata
from bisect import bisect_right
from functools import lru_cache

Ranges = list[tuple[int, int]]
# XML 1.0, NameStartChar and NameChar.
_NAME_START: Ranges = [
    *((0x3A, 0x3A), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2FF)),
    *((0x370, 0x37D), (0x37F, 0x1FFF), (0x200C, 0x200D), (0x2070, 0x218F), (0x2C00, 0x2FEF), (0x3001, 0xD7FF)),
    *((0xF900, 0xFDCF), (0xFDF0, 0xFFFD), (0x10000, 0xEFFFF)),
]
_NAME_PART: Ranges = [*_NAME_START, (0x2D, 0x2E), (0x30, 0x39), (0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040)]
_ESCAPES = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": r" \t\n\r",
    "W": r"\p{P}\p{Z}\p{C}",
}
_NEGATED = {"S": "s", "w": "W", "I": "i", "C": "c"}
_PROPERTY = re.compile(r"([pP])\{([A-Z][a-z]?)\}")
_SINGLE = {"n": 10, "r": 13, "t": 9}
_SYNTAX = frozenset("\\|.?*+(){}-[]^$")
_LAST = sys.maxunicode
DEEPEST = 5


class UnreadablePattern(Exception):  # noqa: N818  becomes null
    """The pattern is none of XPath's."""


def class_escape(text: str, at: int) -> tuple[str, int]:
    r"""`\d` and its like after the backslash: what stands in an RE2 class for it, and where it ends."""
    letter = text[at : at + 1]
    found = _ESCAPES.get(letter) if letter else None
    if found is not None:
        return found, at + 1
    if letter and letter in "iIcCSw":
        return _written(_ranges_of(letter)), at + 1
    match = _PROPERTY.match(text, at)
    if match is None:
        raise UnreadablePattern
    return f"\\{match[1]}{{{match[2]}}}", match.end()


def read_class(text: str, at: int, *, folded: bool = False) -> tuple[str, int]:
    """The class after its `[` as RE2 writes it, and where it ends; `folded` takes capitals and small letters alike."""
    reader = _ClassReader(text, at, folded=folded)
    ranges = reader.ranges(0)
    return f"[{_written(ranges)}]" if ranges else r"[^\x{0}-\x{10FFFF}]", reader.at


class _ClassReader:
    def __init__(self, text: str, at: int, *, folded: bool) -> None:
        self.text = text
        self.at = at
        self.folded = folded

    def ranges(self, depth: int) -> Ranges:
        negated = self.text.startswith("^", self.at)
        self.at += negated
        found: Ranges = []
        begun = self.at
        while not self.text.startswith("]", self.at) or self.at == begun:
            if self.text.startswith("-[", self.at) and self.at > begun:
                return self._without(self._closed(found, negated=negated), depth)
            found += self._item(begun)
        self.at += 1
        return self._closed(found, negated=negated)

    def _closed(self, found: Ranges, *, negated: bool) -> Ranges:
        merged = _merged(found + _other_cases(_merged(found)) if self.folded else found)
        return _complement(merged) if negated else merged

    def _without(self, base: Ranges, depth: int) -> Ranges:
        if depth > DEEPEST:
            raise UnreadablePattern
        self.at += 2
        taken = self.ranges(depth + 1)
        if not self.text.startswith("]", self.at):
            raise UnreadablePattern
        self.at += 1
        return _complement(_merged(_complement(base) + taken))

    def _item(self, begun: int) -> Ranges:
        escaped = self.text[self.at + 1 : self.at + 2]
        if self.text.startswith("\\", self.at) and escaped not in _SINGLE and escaped not in _SYNTAX:
            start, self.at = self.at + 1, class_escape(self.text, self.at + 1)[1]
            return _ranges_of(self.text[start : self.at])
        low, self.at = _character(self.text, self.at, begun)
        if not self.text.startswith("-", self.at) or self.text.startswith(("-]", "-["), self.at):
            return [(low, low)]
        high, self.at = _character(self.text, self.at + 1, begun)
        if high < low:
            raise UnreadablePattern
        return [(low, high)]


def _character(text: str, at: int, begun: int) -> tuple[int, int]:
    character = text[at : at + 1]
    if character == "\\":
        escaped = text[at + 1 : at + 2]
        if escaped in _SINGLE and escaped:
            return _SINGLE[escaped], at + 2
        if not escaped or escaped not in _SYNTAX:
            raise UnreadablePattern
        return ord(escaped), at + 2
    if not character or character in "[]" or (character == "-" and at != begun and not text.startswith("]", at + 1)):
        raise UnreadablePattern
    return ord(character), at + 1


@lru_cache(maxsize=128)
def _ranges_of(escape: str) -> Ranges:
    letter = escape[0]
    if letter in _NEGATED:
        return _complement(_ranges_of(_NEGATED[letter]))
    if letter in _NAMED:
        return _merged(_NAMED[letter])
    if letter in "sdDW":
        return [(9, 10), (13, 13), (32, 32)] if letter == "s" else _of_categories(_CATEGORIES[letter])
    found = _of_categories((escape[2:-1],))
    return found if letter == "p" else _complement(found)


_NAMED = {"i": _NAME_START, "c": _NAME_PART}
_CATEGORIES = {"d": ("Nd",), "D": ("C", "L", "M", "Nl", "No", "P", "S", "Z"), "W": ("P", "Z", "C")}


def _of_categories(names: tuple[str, ...]) -> Ranges:
    return _merged([each for name, ranges in _by_category().items() if name.startswith(names) for each in ranges])


@lru_cache(maxsize=1)
def _by_category() -> dict[str, Ranges]:
    """The ranges of each general category, found once."""
    found: dict[str, Ranges] = {}
    start, current = 0, unicodedata.category("\0")
    for code in range(1, _LAST + 2):
        category = unicodedata.category(chr(code)) if code <= _LAST else ""
        if category != current:
            found.setdefault(current, []).append((start, code - 1))
            start, current = code, category
    return found


@lru_cache(maxsize=1)
def _cases() -> dict[int, tuple[int, ...]]:
    """The other cases of each letter that has some."""
    groups: dict[str, set[int]] = {}
    for code in range(0x1E944):
        letter = chr(code)
        folded = letter.casefold()
        if folded != letter or letter.upper() != letter:
            groups.setdefault(folded, set()).update({code, *map(ord, folded if len(folded) == 1 else "")})
    return {code: tuple(group - {code}) for group in groups.values() for code in group if len(group) > 1}


def _other_cases(ranges: Ranges) -> Ranges:
    starts = [low for low, _high in ranges]

    def holds(code: int) -> bool:
        place = bisect_right(starts, code) - 1
        return place >= 0 and code <= ranges[place][1]

    return [(other, other) for code, others in _cases().items() if holds(code) for other in others]


def _merged(ranges: Ranges) -> Ranges:
    found: Ranges = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def _complement(ranges: Ranges) -> Ranges:
    found: Ranges = []
    following = 0
    for low, high in ranges:
        if low > following:
            found.append((following, low - 1))
        following = high + 1
    return [*found, (following, _LAST)] if following <= _LAST else found


def _written(ranges: Ranges) -> str:
    return "".join(f"\\x{{{low:X}}}" if low == high else f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in ranges)
