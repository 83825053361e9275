"""The drawing of a variation: an inserted step gets its place, a skipped one leaves a line."""

from collections.abc import Iterator
from itertools import pairwise

from lxml import etree

DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
WIDTH, HEIGHT, GAP = 120.0, 80.0, 50.0

Point = tuple[float, float]


def draw_inserted(root: etree._Element, flow_id: str, task_id: str, onward_id: str) -> None:
    """Draws a task in the middle of a flow and the flow that leads on; what lies right of it moves on."""
    edge = _drawn(root, flow_id)
    if edge is None:
        return
    position = _widest(_points(edge))
    (x0, y), (x1, _y1) = list(pairwise(_points(edge)))[position]
    if x1 > x0:
        _make_room(root, x1, max(0.0, WIDTH + 2 * GAP - (x1 - x0)))
    points = _points(edge)
    (x0, y0), (x1, y1) = points[position], points[position + 1]
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    left, right = ((x - WIDTH / 2, y), (x + WIDTH / 2, y)) if x1 >= x0 else ((x + WIDTH / 2, y), (x - WIDTH / 2, y))
    _set_points(edge, [*points[: position + 1], left])
    _add_shape(edge, task_id, x - WIDTH / 2, y - HEIGHT / 2)
    _add_edge(edge, onward_id, [right, *points[position + 1 :]])


def draw_skipped(root: etree._Element, identifier: str, incoming: list[str], outgoing: str) -> None:
    """Takes a step out of the drawing; the flows to it go on where it led."""
    way_on = _drawn(root, outgoing)
    rest = [] if way_on is None else _points(way_on)
    for flow_id in incoming:
        edge = _drawn(root, flow_id)
        if edge is not None:
            _set_points(edge, [*_points(edge), *rest])
    for gone in (way_on, _drawn(root, identifier)):
        if gone is not None:
            gone.getparent().remove(gone)  # type: ignore[union-attr]


def _drawn(root: etree._Element, identifier: str) -> etree._Element | None:
    drawn = root.iter(f"{{{DI}}}BPMNShape", f"{{{DI}}}BPMNEdge")
    return next((found for found in drawn if found.get("bpmnElement") == identifier), None)


def _points(edge: etree._Element) -> list[Point]:
    return [(_number(point, "x"), _number(point, "y")) for point in edge.iterchildren(f"{{{DD}}}waypoint")]


def _number(found: etree._Element, name: str) -> float:
    try:
        return float(found.get(name) or 0)
    except ValueError:
        return 0.0


def _widest(points: list[Point]) -> int:
    """The position of the longest stretch that leads to the right, else of the longest."""
    stretches = list(pairwise(points))
    rightward = [number for number, ((x0, y0), (x1, y1)) in enumerate(stretches) if x1 > x0 and y0 == y1]
    return max(rightward or range(len(stretches)), key=lambda number: _length(*stretches[number]))


def _length(start: Point, end: Point) -> float:
    return abs(start[0] - end[0]) + abs(start[1] - end[1])


def _make_room(root: etree._Element, edge_x: float, width: float) -> None:
    for bounds in root.iter(f"{{{DC}}}Bounds"):
        x, wide = _number(bounds, "x"), _number(bounds, "width")
        if x >= edge_x - 1:
            bounds.set("x", f"{x + width:g}")
        elif x + wide > edge_x + 1:
            bounds.set("width", f"{wide + width:g}")
    for point in root.iter(f"{{{DD}}}waypoint"):
        if _number(point, "x") >= edge_x - 1:
            point.set("x", f"{_number(point, 'x') + width:g}")


def _set_points(edge: etree._Element, points: list[Point]) -> None:
    for old in [*edge.iterchildren(f"{{{DD}}}waypoint"), *edge.iterchildren(f"{{{DI}}}BPMNLabel")]:
        edge.remove(old)
    edge.extend(_waypoints(points))


def _waypoints(points: list[Point]) -> Iterator[etree._Element]:
    for x, y in points:
        yield etree.Element(f"{{{DD}}}waypoint", {"x": f"{x:g}", "y": f"{y:g}"})


def _add_shape(beside: etree._Element, identifier: str, x: float, y: float) -> None:
    shape = etree.Element(f"{{{DI}}}BPMNShape", {"id": f"shape_{identifier}", "bpmnElement": identifier})
    size = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{WIDTH:g}", "height": f"{HEIGHT:g}"}
    etree.SubElement(shape, f"{{{DC}}}Bounds", size)
    beside.addnext(shape)


def _add_edge(beside: etree._Element, identifier: str, points: list[Point]) -> None:
    edge = etree.Element(f"{{{DI}}}BPMNEdge", {"id": f"edge_{identifier}", "bpmnElement": identifier})
    edge.extend(_waypoints(points))
    beside.addnext(edge)
