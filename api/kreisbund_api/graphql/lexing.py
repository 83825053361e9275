"""Reads a document's tokens by one regular expression, where the library reads sign by sign and keeps them all linked.

What parsing costs is halved, and nothing is left to the collector of cycles. Whatever the expression does not know
(escapes, fractions, faults) the library reads itself, so tokens and messages are its own; lines and columns are not
kept, because nobody is shown them.
"""

import re

from graphql import DocumentNode
from graphql.language import Lexer, Source, Token, TokenKind
from graphql.language.block_string import dedent_block_string_lines
from graphql.language.parser import Parser

TOKEN = re.compile(
    r"(?:[ \t\r\n,\ufeff]++|#[^\r\n]*+)*+"  # ignored
    r"(?:([A-Za-z_][A-Za-z0-9_]*+)"
    r"|([!$&():=@\[\]{|}])"
    r"|(\.\.\.)"
    r"|(-?(?:0|[1-9][0-9]*+)(?![0-9.A-Za-z_]))"
    r'|"(?!"")([^"\\\r\n\ud800-\udfff]*+)"'
    r'|"""((?:[^"\\\ud800-\udfff]++|\\"""|\\|"(?!""))*+)""")'
)
NAME, MARK, SPREAD, INT, STRING, BLOCK = range(1, 7)  # the groups above
KINDS = {
    NAME: TokenKind.NAME,
    SPREAD: TokenKind.SPREAD,
    INT: TokenKind.INT,
    STRING: TokenKind.STRING,
    BLOCK: TokenKind.BLOCK_STRING,
}
MARKS = {kind.value: kind for kind in TokenKind if len(kind.value) == 1}
LINE_END = re.compile(r"\r\n|[\r\n]")


def parsed(text: str) -> DocumentNode:
    """The document without locations. Raises GraphQLSyntaxError, RecursionError."""
    source = Source(text)
    return Parser(source, no_location=True, lexer=QuickLexer(source)).parse_document()


class QuickLexer(Lexer):
    """The library's lexer with a quick way for what is common."""

    _ahead: Token | None = None

    def advance(self) -> Token:
        """The next token, now the current one."""
        self.last_token, self.token, self._ahead = self.token, self.lookahead(), None
        return self.token

    def lookahead(self) -> Token:
        """The next token; the current one stays."""
        if self._ahead is None:
            self._ahead = self.token if self.token.kind is TokenKind.EOF else self.read_next_token(self.token.end)
        return self._ahead

    def read_next_token(self, start: int) -> Token:
        """The first token from `start` on that is no comment."""
        found = TOKEN.match(self.source.body, start)
        if found is None:
            return self._read_slowly(start)
        group = found.lastindex or NAME
        value: str = found[group]
        if group == MARK:
            return Token(MARKS[value], found.end() - 1, found.end(), 1, 1)
        if group == BLOCK:
            value = "\n".join(dedent_block_string_lines(LINE_END.split(value.replace('\\"""', '"""'))))
        return Token(KINDS[group], found.start(group), found.end(), 1, 1, value)

    def _read_slowly(self, start: int) -> Token:
        token = super().read_next_token(start)
        while token.kind is TokenKind.COMMENT:
            token = super().read_next_token(token.end)
        return token
