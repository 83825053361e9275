"""XPath's regular expressions on RE2, which runs in linear time (XPath functions 3.1, 5.6; DMN 1.5, table 74).

Back-references need a search that goes back; a pattern that has one is refused. What cannot be read is None (null).
"""

from functools import lru_cache
from typing import Any

import re2

from kreisbund_platform.engine.feel.regex_classes import UnreadablePattern, class_escape, read_class
from kreisbund_platform.engine.feel.values import Meter

LONGEST_PATTERN = 2_000
_FLAGS = frozenset("smixq")
_PLAIN_ESCAPES = {"n": r"\n", "r": r"\r", "t": r"\t"}
_SYNTAX = frozenset("\\|.?*+(){}-[]^$")
_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.max_mem = 4 << 20


def find(meter: Meter, text: str, pattern: str, flags: str) -> bool | None:
    """Whether the pattern is found anywhere in the text."""
    compiled = _prepared(meter, text, pattern, flags)
    return None if compiled is None else compiled.search(text) is not None


def replaced(meter: Meter, text: str, pattern: str, replacement: str, flags: str) -> str | None:
    """The text with each match replaced; a pattern that matches nothing at all is an error, as in XPath."""
    compiled = _prepared(meter, text, pattern, flags)
    if compiled is None or compiled.search("") is not None:
        return None
    template = [replacement] if "q" in flags else _template(replacement, compiled.groups)
    if template is None:
        return None
    parts, position = [], 0
    for match in compiled.finditer(text):
        parts.append(text[position : match.start()])
        parts += [part if isinstance(part, str) else match.group(part) or "" for part in template]
        meter.step(1 + (sum(map(len, parts[-len(template) - 1 :])) >> 4))
        position = match.end()
    return "".join([*parts, text[position:]])


def split(meter: Meter, text: str, pattern: str) -> list[str] | None:
    """The parts of the text between the matches."""
    compiled = _prepared(meter, text, pattern, "")
    if compiled is None or compiled.search("") is not None:
        return None
    parts, position = [], 0
    for match in compiled.finditer(text):
        meter.step()
        parts.append(text[position : match.start()])
        position = match.end()
    return [*parts, text[position:]]


def _prepared(meter: Meter, text: str, pattern: str, flags: str) -> Any:
    meter.step(1 + (len(text) + len(pattern) >> 4))
    try:
        text.encode()
        compiled = _compiled(pattern, flags)
    except (UnreadablePattern, UnicodeEncodeError, re2.error):
        return None
    meter.step(len(text) * compiled.programsize >> 14)
    return compiled


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: str) -> Any:
    if len(pattern) > LONGEST_PATTERN or not set(flags) <= _FLAGS:
        raise UnreadablePattern
    translated = re2.escape(pattern) if "q" in flags else translate(pattern, flags)
    letters = "".join(letter for letter in "ims" if letter in flags)
    return re2.compile(f"(?{letters}){translated}" if letters else translated, _QUIET)


def _template(replacement: str, groups: int) -> list[str | int] | None:
    r"""The replacement's texts and group numbers; None where a `$` or `\` stands wrongly."""
    parts: list[str | int] = []
    at = 0
    while at < len(replacement):
        character, following = replacement[at], replacement[at + 1 : at + 2]
        if character == "\\" and following in ("\\", "$") and following:
            parts.append(following)
            at += 2
        elif character == "$" and following.isdecimal() and following.isascii():
            at, number = _group(replacement, at + 1, groups)
            parts.append(number if number <= groups else "")
        elif character in "\\$":
            return None
        else:
            parts.append(character)
            at += 1
    return parts


def _group(text: str, at: int, groups: int) -> tuple[int, int]:
    """The end and number of a group: as many digits as name a group that is there."""
    number = int(text[at])
    at += 1
    while at < len(text) and text[at].isascii() and text[at].isdecimal() and number * 10 + int(text[at]) <= groups:
        number = number * 10 + int(text[at])
        at += 1
    return at, number


def translate(pattern: str, flags: str) -> str:
    """The pattern as RE2 writes it; raises UnreadablePattern."""
    return _Translation(pattern, flags).run()


def _without_blanks(pattern: str) -> str:
    r"""The pattern without the blanks outside its classes; so `\ s` becomes `\s`."""
    parts: list[str] = []
    depth = escaped = 0
    for character in pattern:
        if character in " \t\r\n" and not depth:
            continue
        parts.append(character)
        if escaped or character == "\\":
            escaped = 0 if escaped else 1
        else:
            depth += (character == "[") - (character == "]")
    return "".join(parts)


class _Translation:
    def __init__(self, pattern: str, flags: str) -> None:
        self.text = _without_blanks(pattern) if "x" in flags else pattern
        self.folded = "i" in flags
        self.any = r"(?s:.)" if "s" in flags else r"[^\n\r]"
        self.at = 0

    def run(self) -> str:
        parts: list[str] = []
        while self.at < len(self.text):
            parts.append(self._next())
        return "".join(parts)

    def _next(self) -> str:
        character = self.text[self.at]
        self.at += 1
        if character == "\\":
            return self._escape()
        if character == "[":
            found, self.at = read_class(self.text, self.at, folded=self.folded)
            return found
        if character == ".":
            return self.any
        if character == "(":
            return self._opening()
        if character in "]}":
            raise UnreadablePattern
        return self._quantifier() if character == "{" else character

    def _escape(self) -> str:
        character = self.text[self.at : self.at + 1]
        self.at += 1
        if character in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[character]
        if character and character in _SYNTAX:
            return "\\" + character
        found, self.at = class_escape(self.text, self.at - 1)
        return f"[{found}]"

    def _opening(self) -> str:
        if self.text.startswith("?:", self.at):
            self.at += 2
            return "(?:"
        if self.text.startswith("?", self.at):
            raise UnreadablePattern
        return "("

    def _quantifier(self) -> str:
        end = self.text.find("}", self.at)
        least, comma, most = self.text[self.at : end].partition(",")
        fits = end > 0 and least.isdecimal() and (most.isdecimal() or not most)
        if not fits or (most and int(most) < int(least)):
            raise UnreadablePattern
        self.at = end + 1
        return f"{{{least}{comma}{most}}}"
