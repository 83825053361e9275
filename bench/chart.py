"""The figures that have a goal, each as a bar beside it, on a logarithmic scale: one SVG file without scripts."""

import math
from collections.abc import Mapping

from lxml import etree

from bench.goals import GOALS, Goal

SVG = "{http://www.w3.org/2000/svg}"
LABELS, BARS, VALUES = 330, 560, 240  # widths of the three columns in pixels
LINE, BAR, TOP, BOTTOM = 30, 16, 64, 44
REACHED, MISSED, GOAL, GRID, TEXT = "#1b6e3a", "#b3541e", "#111111", "#d5d5d5", "#222222"
LEGEND = "Bar: measured (median of the rounds). Black line: goal. Scale: logarithmic."


def drawn(figures: Mapping[str, float], subtitle: str) -> bytes:
    """The picture; what has no goal is left out, and what is not measured too."""
    shown = {name: (figures[name], goal) for name, goal in GOALS.items() if name in figures}
    width, height = LABELS + BARS + VALUES, TOP + LINE * len(shown) + BOTTOM
    svg = etree.Element(f"{SVG}svg", nsmap={None: SVG[1:-1]}, viewBox=f"0 0 {width} {height}", role="img")
    svg.set("font-family", "sans-serif")
    svg.set("font-size", "13")
    etree.SubElement(svg, f"{SVG}title").text = "Kreisbund: figures and goals"
    _box(svg, 0, 0, width, height, "#ffffff")
    _text(svg, 12, 24, "Kreisbund: figures and goals", size=17)
    _text(svg, 12, 44, f"{subtitle} {LEGEND}", size=12)
    scale = Scale([each for value, goal in shown.values() for each in (value, goal.limit)])
    _grid(svg, scale, height)
    for number, (name, (value, goal)) in enumerate(shown.items()):
        _line(svg, scale, TOP + LINE * number, name, value, goal)
    return etree.tostring(svg, xml_declaration=True, encoding="utf-8", pretty_print=True)


class Scale:
    """Whole decades around the values; zero lies at the left edge."""

    def __init__(self, values: list[float]) -> None:
        above = [value for value in values if value > 0] or [1.0]
        self.first = math.floor(math.log10(min(above)))
        self.last = max(math.ceil(math.log10(max(above))), self.first + 1)

    def x(self, value: float) -> float:
        if value <= 0:
            return LABELS
        part = (math.log10(value) - self.first) / (self.last - self.first)
        return LABELS + BARS * min(1.0, max(0.0, part))


def _grid(svg: etree._Element, scale: Scale, height: int) -> None:
    for power in range(scale.first, scale.last + 1):
        x = scale.x(10.0**power)
        _box(svg, x, TOP, 1, height - TOP - BOTTOM, GRID)
        _text(svg, x, height - BOTTOM + 18, f"{10.0**power:g}", anchor="middle", size=12)


def _line(svg: etree._Element, scale: Scale, top: int, name: str, value: float, goal: Goal) -> None:
    reached = goal.reached(value)
    middle = top + LINE // 2
    _text(svg, LABELS - 10, middle + 4, name, anchor="end")
    _box(svg, LABELS, middle - BAR // 2, max(1.0, scale.x(value) - LABELS), BAR, REACHED if reached else MISSED)
    _box(svg, scale.x(goal.limit) - 1, middle - BAR // 2 - 4, 3, BAR + 8, GOAL)
    _text(svg, LABELS + BARS + 12, middle + 4, f"{value:.3g} (goal {goal}): {'reached' if reached else 'missed'}")


def _box(svg: etree._Element, x: float, y: float, width: float, height: float, fill: str) -> None:
    sizes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
    etree.SubElement(svg, f"{SVG}rect", fill=fill, **sizes)


def _text(svg: etree._Element, x: float, y: float, text: str, *, anchor: str = "start", size: int = 13) -> None:
    shown = etree.SubElement(svg, f"{SVG}text", x=f"{x:.1f}", y=f"{y:.1f}", fill=TEXT)
    shown.set("text-anchor", anchor)
    shown.set("font-size", str(size))
    shown.text = text
