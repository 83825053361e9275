"""Expressions of SQL that join texts, so that a statement joins as little as it can: constants are put together here,
what is joined already is not joined again.
"""

from collections.abc import Sequence

MOST_ARGUMENTS = 90  # PostgreSQL takes 100 arguments a call
MOST_IN_A_ROW = 40  # each further sign of joining is one level of nesting more


class Text(str):
    """An expression of SQL that is a constant text; `said` is the text."""

    said: str


class Short(str):
    """An expression of SQL that is a text, never null and seldom long."""


class Joined(str):
    """An expression of SQL that joins texts; `parts` are theirs."""

    parts: Sequence[str]


def literal(text: str) -> Text:
    """A constant: JSON punctuation, type names, response keys and marks. None holds a quote, a backslash or a percent
    sign.
    """
    marked = "".join(f"\\x{ord(sign):02x}" if sign < " " else sign for sign in text)
    made = Text(f"'{text}'" if marked == text else f"E'{marked}'")
    made.said = text
    return made


def concat(parts: Sequence[str]) -> Joined:
    """The text of all parts, one after the other; what they join themselves is joined once, constants are one.

    Short texts are joined by `||`, which costs half of what an argument of `concat` does but copies what stands before.
    """
    flat: list[str] = []
    for part in parts:
        for each in part.parts if isinstance(part, Joined) else [part]:
            last = flat[-1] if flat else None
            if isinstance(each, Text) and isinstance(last, Text):
                flat[-1] = literal(last.said + each.said)
            else:
                flat.append(each)
    made = Joined(_in_one(_in_rows(flat)))
    made.parts = flat
    return made


def _in_rows(parts: Sequence[str]) -> list[str]:
    """Short texts that follow each other as one expression; whatever else stands by itself."""
    found: list[str] = []
    row: list[str] = []
    for part in [*parts, ""]:
        is_short = isinstance(part, Text | Short)
        if row and (not is_short or len(row) == MOST_IN_A_ROW):
            found.append(row[0] if len(row) == 1 else f"({' || '.join(row)})")
            row = []
        if is_short:
            row.append(part)
        elif part:
            found.append(part)
    return found


def _in_one(parts: list[str]) -> str:
    while len(parts) > MOST_ARGUMENTS:
        chunks = [parts[at : at + MOST_ARGUMENTS] for at in range(0, len(parts), MOST_ARGUMENTS)]
        parts = [f"concat({', '.join(chunk)})" for chunk in chunks]
    return parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"
