"""Charts as SVG from the server; colours come from the stylesheet, the figures stand in a table beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup

from kreisbund_api.web.words import german_number
from kreisbund_platform.texts import _

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 960, 320, 56, 48, 16


@dataclass(frozen=True)
class Bars:
    """One month: its name, applications received, decisions made."""

    label: str
    received: int
    decided: int


def bar_chart(bars: Sequence[Bars]) -> Markup:
    """Two bars a month under a scale that ends at a round number."""
    most = scale_end(max((max(each.received, each.decided) for each in bars), default=0))
    title = _("Eingegangene Anträge und Entscheidungen je Monat")
    body = Markup("").join([*_grid(most), *_bars(bars, most)])
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(WIDTH, HEIGHT, title, body)


def scale_end(most: int) -> int:
    """The first of 4, 8, 20, 40, 80, 200, … that is not less."""
    step = 1
    while True:
        for factor in (4, 8, 20):
            if factor * step >= most:
                return factor * step
        step *= 10


def _grid(most: int) -> Iterator[Markup]:
    line = Markup(
        '<line class="line" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end" {}>{}</text>'
    )
    size = Markup('font-size="14"')
    for quarter in range(5):
        y = _y(most * quarter / 4, most)
        yield line.format(LEFT, WIDTH, y, y, LEFT - 8, y + 5, size, german_number(most * quarter // 4))


def _bars(bars: Sequence[Bars], most: int) -> Iterator[Markup]:
    bar = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>')
    width = (WIDTH - LEFT) / max(1, len(bars))
    for number, each in enumerate(bars):
        x = LEFT + number * width
        for kind, value, shift in (("received", each.received, 0.12), ("decided", each.decided, 0.5)):
            y = _y(value, most)
            yield bar.format(
                kind, round(x + shift * width, 1), y, round(0.36 * width, 1), round(HEIGHT - BOTTOM - y, 1)
            )
        yield _label(each.label, round(x + width / 2, 1))


def _label(label: str, x: float) -> Markup:
    month, _blank, year = label.partition(" ")
    text = Markup('<text x="{}" y="{}" text-anchor="middle" font-size="14">{}</text>')
    return text.format(x, HEIGHT - BOTTOM + 20, month[:3]) + text.format(x, HEIGHT - BOTTOM + 38, year)


def _y(value: float, most: int) -> float:
    return round(HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - TOP), 1)


@dataclass(frozen=True)
class Span:
    """A name, the median of something and what nine out of ten stay below."""

    label: str
    median: float
    p90: float


ROW, NAME_WIDTH = 40, 300


def span_chart(spans: Sequence[Span], title: str) -> Markup:
    """A lying bar to the median and a mark at the ninth decile for each, under a scale from zero."""
    most = scale_end(ceil(max((span.p90 for span in spans), default=0)))
    height = ROW * len(spans) + BOTTOM
    body = Markup("").join([*_columns(most, height), *(_span(n, span, most) for n, span in enumerate(spans))])
    frame = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return frame.format(WIDTH, height, title, body)


def _columns(most: int, height: int) -> Iterator[Markup]:
    line = Markup(
        '<line class="line" x1="{}" x2="{}" y1="0" y2="{}"/>'
        '<text x="{}" y="{}" text-anchor="middle" font-size="14">{}</text>'
    )
    for quarter in range(5):
        x = _x(most * quarter / 4, most)
        yield line.format(x, x, height - BOTTOM, x, height - BOTTOM + 20, german_number(most * quarter / 4))


def _span(number: int, span: Span, most: int) -> Markup:
    top = number * ROW + 8
    name = span.label if len(span.label) <= 36 else span.label[:35] + "…"
    return Markup(
        '<text x="{}" y="{}" text-anchor="end" font-size="15">{}</text>'
        '<rect class="received" x="{}" y="{}" width="{}" height="24"/>'
        '<rect class="decided" x="{}" y="{}" width="4" height="32"/>'
    ).format(
        NAME_WIDTH - 12, top + 17, name, NAME_WIDTH, top, max(1, round(_x(span.median, most) - NAME_WIDTH, 1)),
        round(_x(span.p90, most) - 2, 1), top - 4,
    )  # fmt: skip


def _x(value: float, most: int) -> float:
    return round(NAME_WIDTH + value / most * (WIDTH - NAME_WIDTH - 24), 1)
