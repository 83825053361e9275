"""How a version fares in the counties that run it: two bars a county, with the line above which a rollout halts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kreisbund_platform.texts import _

WIDTH, LEFT, RIGHT, TOP, ROW = 960, 260, 90, 24, 64


@dataclass(frozen=True)
class Fares:
    """A county's counts, None before it has told any."""

    county: str
    cases: int | None
    incidents: int | None
    overdue: int | None

    def share(self, count: int | None) -> float:
        """Of all cases on the version."""
        return (count or 0) / self.cases if self.cases else 0.0


def health_chart(rows: Sequence[Fares], most_incidents: float, most_overdue: float) -> Markup:
    """The picture; the scale ends at a round share above everything shown."""
    shares = [each.share(count) for each in rows for count in (each.incidents, each.overdue)]
    most = next(end for end in (0.1, 0.25, 0.5, 1.0) if end >= max([*shares, most_incidents, most_overdue]))
    height = TOP + ROW * len(rows) + 30
    title = _("Anteil der Vorgänge mit Störung und der überfälligen Vorgänge je Landkreis")
    body = [*_limits(most_incidents, most_overdue, most, len(rows))]
    body += [part for number, each in enumerate(rows) for part in _row(each, number, most)]
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, title, Markup("").join(body)
    )


def _limits(most_incidents: float, most_overdue: float, most: float, rows: int) -> Iterator[Markup]:
    line = Markup('<line class="line" x1="{0}" x2="{0}" y1="{1}" y2="{2}" stroke-dasharray="6 4"/>')
    text = Markup('<text x="{}" y="{}" text-anchor="middle" font-size="14">{}</text>')
    bottom = TOP + ROW * rows
    for share, name in ((most_incidents, _("Störungen höchstens")), (most_overdue, _("Überfällig höchstens"))):
        yield line.format(_x(share, most), TOP - 6, bottom)
        yield text.format(min(max(_x(share, most), LEFT + 60), WIDTH - 90), bottom + 20, f"{name} {share:.0%}")


def _row(each: Fares, number: int, most: float) -> Iterator[Markup]:
    top = TOP + number * ROW
    yield Markup('<text x="0" y="{}" font-size="16">{}</text>').format(top + 24, each.county)
    if not each.cases:
        yield Markup('<text x="{}" y="{}" font-size="14">{}</text>').format(LEFT, top + 24, _("noch keine Vorgänge"))
        return
    for kind, count, shift in (("received", each.incidents, 4), ("decided", each.overdue, 28)):
        share = each.share(count)
        bar = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="20"/>')
        yield bar.format(kind, LEFT, top + shift, max(1, round(_x(share, most) - LEFT, 1)))
        name = _("Störung") if kind == "received" else _("überfällig")
        label = Markup('<text x="{}" y="{}" font-size="14">{}</text>')
        yield label.format(round(_x(share, most) + 6, 1), top + shift + 15, f"{name} {share:.0%}")


def _x(share: float, most: float) -> float:
    return round(LEFT + min(share, most) / most * (WIDTH - LEFT - RIGHT), 1)
