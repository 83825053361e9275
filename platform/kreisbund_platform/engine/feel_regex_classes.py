r"""Character classes of XML Schema's regular expressions as RE2 writes them: `[a-z-[aeiou]]`, `\i`, `\c`, `\p{Lu}`."""

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_NAME_START = (
    r":A-Z_a-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}-\x{200D}"
    r"\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}"
)
_NAME_PART = _NAME_START + r"\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}"
_ESCAPES = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": r" \t\n\r",
    "S": None,
    "w": None,
    "W": r"\p{P}\p{Z}\p{C}",
    "i": _NAME_START,
    "I": None,
    "c": _NAME_PART,
    "C": None,
}
_NEGATED = {"S": "s", "w": "W", "I": "i", "C": "c"}
_PROPERTY = re.compile(r"([pP])\{([A-Z][a-z]?)\}")
_SINGLE = {"n": 10, "r": 13, "t": 9}
_SYNTAX = frozenset("\\|.?*+(){}-[]^$")
_LAST = sys.maxunicode
Ranges = list[tuple[int, int]]


class UnreadablePattern(Exception):  # noqa: N818  becomes null
    """The pattern is none of XPath's."""


def class_escape(text: str, at: int) -> tuple[str, int]:
    r"""`\d` and its like after the backslash: what stands in an RE2 class for it, and where it ends."""
    letter = text[at : at + 1]
    found = _ESCAPES.get(letter) if letter else None
    if found is not None:
        return found, at + 1
    if letter in _NEGATED:
        return _written(_complement(_ranges_of(_NEGATED[letter]))), at + 1
    match = _PROPERTY.match(text, at)
    if match is None:
        raise UnreadablePattern
    return f"\\{match[1]}{{{match[2]}}}", match.end()


def read_class(text: str, at: int) -> tuple[str, int]:
    """The class after its `[` as RE2 writes it, and where it ends."""
    ranges, at = _read_ranges(text, at, 0)
    return f"[{_written(ranges)}]" if ranges else r"[^\x{0}-\x{10FFFF}]", at


def _read_ranges(text: str, at: int, depth: int) -> tuple[Ranges, int]:
    negated = text.startswith("^", at)
    at += negated
    found: Ranges = []
    begun = at
    while not text.startswith("]", at) or at == begun:
        if text.startswith("-[", at) and at > begun:
            return _subtracted(text, at, found, depth, negated=negated)
        ranges, at = _item(text, at, begun)
        found += ranges
    return (_complement(_merged(found)) if negated else _merged(found)), at + 1


def _subtracted(text: str, at: int, found: Ranges, depth: int, *, negated: bool) -> tuple[Ranges, int]:
    if depth > 5:
        raise UnreadablePattern
    taken, at = _read_ranges(text, at + 2, depth + 1)
    if not text.startswith("]", at):
        raise UnreadablePattern
    base = _complement(_merged(found)) if negated else _merged(found)
    return _complement(_merged(_complement(base) + taken)), at + 1


def _item(text: str, at: int, begun: int) -> tuple[Ranges, int]:
    if text.startswith("\\", at) and text[at + 1 : at + 2] not in _SINGLE and text[at + 1 : at + 2] not in _SYNTAX:
        end = class_escape(text, at + 1)[1]
        return _ranges_of(text[at + 1 : end]), end
    low, at = _character(text, at, begun)
    if not text.startswith("-", at) or text.startswith(("-]", "-["), at):
        return [(low, low)], at
    high, at = _character(text, at + 1, begun)
    if high < low:
        raise UnreadablePattern
    return [(low, high)], at


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


@lru_cache(maxsize=64)
def _ranges_of(escape: str) -> Ranges:
    letter = escape[0]
    if letter in _NEGATED:
        return _complement(_ranges_of(_NEGATED[letter]))
    if letter in "sdDWic":
        test = _TESTS[letter]
        return _merged([(code, code) for code in range(_LAST + 1) if test(chr(code))])
    return _of_category(escape[2:-1], wanted=letter == "p")


def _of_category(category: str, *, wanted: bool) -> Ranges:
    codes = (code for code in range(_LAST + 1) if unicodedata.category(chr(code)).startswith(category) is wanted)
    return _merged([(code, code) for code in codes])


_IS_NAME_START = re.compile("[" + re.sub(r"\\x\{(\w+)\}", lambda m: f"\\U{int(m[1], 16):08x}", _NAME_START) + "]")
_IS_NAME_PART = re.compile("[" + re.sub(r"\\x\{(\w+)\}", lambda m: f"\\U{int(m[1], 16):08x}", _NAME_PART) + "]")
_TESTS: dict[str, Callable[[str], bool]] = {
    "s": lambda c: c in " \t\n\r",
    "d": lambda c: unicodedata.category(c) == "Nd",
    "D": lambda c: unicodedata.category(c) != "Nd",
    "W": lambda c: unicodedata.category(c)[0] in "PZC",
    "i": lambda c: _IS_NAME_START.match(c) is not None,
    "c": lambda c: _IS_NAME_PART.match(c) is not None,
}


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
