"""What is marked in a drawing: differences of two versions, and a way through the process, told by more than colour.

Each mark has a line pattern, a badge with a word and its line in the legend, so that it is read without colours
(WCAG 1.4.1) and in print; colours keep 4.5:1 against white.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from kreisbund_platform.texts import _

LINE = 14.0
PATH_COLOUR = "#7a1fa2"
MARKS = ("added", "changed", "removed")


@dataclass(frozen=True)
class Look:
    """How a mark is drawn: colour, fill, dashes and the word of its badge."""

    word: str
    sign: str
    colour: str
    fill: str
    dashes: str


def look_of(mark: str) -> Look:
    """The look of `added`, `removed` or `changed`."""
    looks = {
        "added": Look(_("neu"), "+", "#0b5d1e", "#e6f4e9", "8 3"),
        "removed": Look(_("entfällt"), "−", "#9b1c1c", "#fbe9e9", "2 3"),
        "changed": Look(_("geändert"), "≠", "#0b3d91", "#e8effb", ""),
    }
    return looks[mark]


def paint(mark: str) -> str:
    """Attributes of a marked outline."""
    look = look_of(mark)
    dashes = f' stroke-dasharray="{look.dashes}"' if look.dashes else ""
    return f'fill="{look.fill}" stroke="{look.colour}" stroke-width="3"{dashes}'


def badge(mark: str, x: float, y: float) -> str:
    """The word of a mark on a label whose left end is at x and whose middle at y."""
    look = look_of(mark)
    text = f"{look.sign} {look.word}"
    width = 7.0 * len(text) + 8
    return (
        f'<rect x="{x:g}" y="{y - 9:g}" width="{width:g}" height="18" rx="3" fill="{look.colour}"/>'
        f'<text x="{x + width / 2:g}" y="{y + 4:g}" text-anchor="middle" font-size="12" font-weight="bold" '
        f'fill="#ffffff">{escape(text)}</text>'
    )


def crossed_out(x: float, y: float, width: float, height: float) -> str:
    """A stroke through what is gone."""
    colour = look_of("removed").colour
    return f'<path d="M{x:g} {y + height:g}L{x + width:g} {y:g}" stroke="{colour}" stroke-width="2" fill="none"/>'


def step_number(number: int, x: float, y: float) -> str:
    """The place of an element in the highlighted way."""
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="10" fill="{PATH_COLOUR}"/><text x="{x:g}" y="{y + 4:g}" '
        f'text-anchor="middle" font-size="11" font-weight="bold" fill="#ffffff">{number}</text>'
    )


def legend(marks: Mapping[str, str], path: Sequence[str], x: float, y: float) -> str:
    """One line for each mark that is used; empty where there is none."""
    parts, left = [], x
    for mark in MARKS:
        if mark in marks.values():
            parts.append(f'<rect x="{left:g}" y="{y - 10:g}" width="28" height="20" rx="4" {paint(mark)}/>')
            parts.append(badge(mark, left + 36, y))
            left += 36 + 7.0 * (len(look_of(mark).word) + 2) + 32
    if path:
        words = _("Weg, in der Reihenfolge der Zahlen")
        parts.append(step_number(1, left + 10, y))
        parts.append(f'<text x="{left + 28:g}" y="{y + 4:g}" font-size="12" fill="#1a1a1a">{escape(words)}</text>')
    return f'<g class="legend">{"".join(parts)}</g>' if parts else ""


def described(names: Mapping[str, str], marks: Mapping[str, str], path: Sequence[str]) -> str:
    """The marks in words, for who cannot see the drawing; `names` are those of the elements that are drawn."""
    sentences = []
    for mark in MARKS:
        found = [names[place] for place, kind in marks.items() if kind == mark and names.get(place)]
        if found:
            sentences.append(f"{look_of(mark).word}: {', '.join(dict.fromkeys(found))}.")
    steps = [names[place] for place in path if names.get(place)]
    if steps:
        sentences.append(_("Hervorgehobener Weg: {steps}.").format(steps=", ".join(steps)))
    return f"<desc>{escape(' '.join(sentences))}</desc>" if sentences else ""
