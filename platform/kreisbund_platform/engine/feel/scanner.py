"""FEEL's words, read on demand: which of them is a name depends on the names in scope (DMN 1.5, 10.3.1.3)."""

import re
from collections.abc import Iterable, Iterator

from kreisbund_platform.engine.feel.syntax import LONGEST_TEXT, FeelError

_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff\u2600-\u27bf"
)
_PART = _START + r"0-9\u00b7\u0300-\u036f\u203f-\u2040"
_WORD = re.compile(f"[{_START}][{_PART}]*")
_NAME_TOKEN = re.compile(f"[{_PART}]+|[./\\-’'+*]|[^\\s{_PART}]")
_PART_OF_NAME = re.compile(f"[{_PART}]")
_SYMBOL = re.compile(r"\*\*|\.\.|<=|>=|!=|[-+*/=<>()\[\],.?{}:@]")
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BLANK = re.compile(r"(?:\s|\ufeff|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}
_ENDS = r"and|or|in|then|else|return|satisfies|between|instance"
_FILTER = re.compile(rf"\[\s*(?![\s,)\]}}.=<>!*/+]|$|(?:{_ENDS})\b)[^\[\]]*[\[\]]")
# A new name's text: up to what ends it. Names are written with letters, digits, blanks and . / - ' + *
_NEW_NAME = re.compile(f"[{_START}][{_PART}\\s./\\-’'+*]*")
KEYWORDS = frozenset(
    {
        *("and", "or", "in", "between", "if", "then", "else", "true", "false", "null"),
        *("some", "every", "satisfies", "for", "return", "function", "external"),
    }
)


class Names:
    """Names in scope that are more than one word; inner scopes come before outer ones."""

    def __init__(self, names: Iterable[str], outer: "Names | None" = None, further: "Names | None" = None) -> None:
        self.outer = outer
        self.further = further
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in names:
            tokens = tuple(_NAME_TOKEN.findall(name))
            if len(tokens) > 1:
                self._by_first.setdefault(tokens[0], []).append((tokens, name))

    def candidates(self, first: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """All names that begin with this word."""
        scope: Names | None = self
        while scope is not None:
            yield from scope._by_first.get(first, ())
            if scope.further is not None:
                yield from scope.further.candidates(first)
            scope = scope.outer


class Scanner:
    """A text and a position in it."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_TEXT:
            raise FeelError("expression too long")
        self.text = text
        self.at = 0
        self._skip()

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _take(self, end: int) -> str:
        taken = self.text[self.at : end]
        self.at = end
        self._skip()
        return taken

    def failed(self) -> FeelError:
        """The refusal of whatever stands here."""
        found = self.text[self.at : self.at + 10]
        return FeelError(f"unexpected {found!r} at position {self.at}" if found else "unexpected end")

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    def symbol(self) -> str:
        """The symbol here, or nothing."""
        match = _SYMBOL.match(self.text, self.at)
        return match.group() if match else ""

    def accept(self, *symbols: str) -> str:
        """Takes one of the symbols; nothing where another stands."""
        found = self.symbol()
        return self._take(self.at + len(found)) if found and found in symbols else ""

    def expect(self, *symbols: str) -> str:
        """Takes one of the symbols or raises FeelError."""
        found = self.accept(*symbols)
        if not found:
            raise self.failed()
        return found

    def word(self) -> str:
        """The single word here, or nothing."""
        match = _WORD.match(self.text, self.at)
        return match.group() if match else ""

    def accept_word(self, *words: str) -> str:
        """Takes one of the words; nothing where another stands."""
        found = self.word()
        return self._take(self.at + len(found)) if found and found in words else ""

    def accept_words(self, *words: str) -> bool:
        """Takes all the words in their order, or nothing."""
        start = self.at
        for word in words:
            if not self.accept_word(word):
                self.at = start
                return False
        return True

    def accept_call(self, name: str) -> bool:
        """Takes the word and the opening bracket after it, or nothing."""
        start = self.at
        if self.accept_word(name) and self.accept("("):
            return True
        self.at = start
        return False

    def expect_word(self, word: str) -> None:
        """Takes the word or raises FeelError."""
        if not self.accept_word(word):
            raise self.failed()

    def number(self) -> str:
        """Takes a number's text; nothing where none stands."""
        match = _NUMBER.match(self.text, self.at)
        return self._take(match.end()) if match else ""

    def string(self) -> str | None:
        """Takes a string literal and answers its value; None where none stands."""
        match = _STRING.match(self.text, self.at)
        if match is None:
            return None
        return unescaped(self._take(match.end())[1:-1])

    def known_name(self, names: Names) -> str:
        """Takes the longest name in scope of several words; nothing where none fits."""
        best, best_end = "", self.at
        for tokens, name in names.candidates(self.word() or self.text[self.at : self.at + 1]):
            end = self._end_of(tokens)
            if end > best_end:
                best, best_end = name, end
        if best:
            self._take(best_end)
        return best

    def _end_of(self, tokens: tuple[str, ...]) -> int:
        at = self.at
        for token in tokens:
            blank = _BLANK.match(self.text, at)
            at = blank.end() if blank else at
            if not self.text.startswith(token, at):
                return -1
            at += len(token)
            if _PART_OF_NAME.match(token[-1]) and _PART_OF_NAME.match(self.text, at):
                return -1
        return at

    def simple_name(self) -> str:
        """Takes one word that is no keyword; nothing where none stands."""
        found = self.word()
        return "" if found in KEYWORDS else self._take(self.at + len(found)) if found else ""

    def bracket_encloses(self) -> bool:
        """Whether the `[` here opens a filter; if not, it closes an open range: `]1..3[`."""
        return _FILTER.match(self.text, self.at) is not None

    def new_name(self, *ends: str) -> str:
        """Takes a name not known before, up to one of the symbols; nothing where none stands."""
        match = _NEW_NAME.match(self.text, self.at)
        if match is None or not self.text.startswith(ends, match.end()):
            return ""
        return " ".join(self._take(match.end()).split())

    def new_name_before(self, word: str) -> str:
        """Takes a name not known before, up to the word; nothing where none stands."""
        match = re.compile(rf"(.{{1,200}}?)\s+{word}(?![{_PART}])", re.DOTALL).match(self.text, self.at)
        if match is None or not _NEW_NAME.fullmatch(match.group(1)):
            return ""
        return " ".join(self._take(match.end(1)).split())


def unescaped(text: str) -> str:
    """A string literal's value; two halves of a surrogate pair become their character."""
    if "\\" not in text:
        return text
    joined = _ESCAPE.sub(_escape, text)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escape(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) == 1:
        return _ESCAPES.get(code, match.group())
    number = int(code[1:], 16)
    return chr(number) if number <= 0x10FFFF else "\ufffd"
