"""A process as a static SVG from its BPMN DI: server-made, no script, no inline style."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from textwrap import wrap

from lxml import etree

from kreisbund_platform.engine import diagram_marks
from kreisbund_platform.engine.bpmn import BPMN
from kreisbund_platform.engine.refused import ModelRefused, local_name, read_xml
from kreisbund_platform.texts import _

MARGIN = 20.0
LINE = 14.0
FARTHEST = 100_000.0
_GATEWAYS = {"exclusiveGateway": "×", "parallelGateway": "+", "inclusiveGateway": "○", "eventBasedGateway": "⬠"}
_TRIGGERS = {
    "timerEventDefinition": "◷",
    "messageEventDefinition": "✉",
    "errorEventDefinition": "ϟ",
    "terminateEventDefinition": "●",
    "signalEventDefinition": "△",
    "escalationEventDefinition": "▲",
    "linkEventDefinition": "➔",
}
_MARKS = {"userTask": "☺", "serviceTask": "⚙", "businessRuleTask": "▤", "sendTask": "✉", "receiveTask": "✉"}
_SUB_PROCESSES = ("subProcess", "adHocSubProcess", "transaction")
_AROUND = ("participant", "lane", *_SUB_PROCESSES)  # drawn first: what they enclose lies on them


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


Point = tuple[float, float]


@dataclass(frozen=True)
class _Marked:
    """What is told apart from the rest: where a case stands, what differs, and a way with its numbers."""

    current: frozenset[str]
    marks: Mapping[str, str]
    path: Sequence[str]
    arrow: str

    def numbers(self, name: str) -> list[int]:
        """The places of an element in the way, counted over elements alone."""
        return [number for number, step in enumerate(self.path, 1) if step == name]


def render_svg(
    bpmn_xml: bytes,
    *,
    highlight: frozenset[str] = frozenset(),
    marks: Mapping[str, str] | None = None,
    path: Sequence[str] = (),
    name: str = "",
) -> str:
    """The picture. Raises ModelRefused for a file without layout.

    `highlight`: elements with the class `current`. `marks`: `added`, `removed` or `changed` by id of an element or
    a flow. `path`: ids of elements and flows in the order of a way, drawn thick, its elements numbered. Ids that are
    not drawn are left out. `name`: a word that keeps two pictures on one page apart.
    """
    root = read_xml(bpmn_xml)
    model = {element.get("id"): element for element in root.iter(f"{{{BPMN}}}*") if element.get("id")}
    shapes = [(model[name], box) for name, box in _shapes(root) if name in model]
    edges = [(model[name], points) for name, points in _edges(root) if name in model]
    if not shapes:
        raise ModelRefused(local_name(root), _("Das Modell enthält kein Diagramm."))
    steps = [name for name in path if any(element.get("id") == name for element, _box in shapes)]
    marked = _Marked(highlight, marks or {}, steps, f"arrow{name}")
    painted = sorted(shapes, key=_largest_first)
    body = [_shape(element, box, marked) for element, box in painted if local_name(element) in _AROUND]
    body += [_edge(element, points, marked, on_way=element.get("id") in path) for element, points in edges]
    body += [_shape(element, box, marked) for element, box in painted if local_name(element) not in _AROUND]
    body += [_labels(element, box, marked) for element, box in shapes]
    names = {name: _name_of(element) for name, element in model.items() if name}
    return _document(root, _frame([box for _element, box in shapes], edges), body, names, marked)


def _name_of(element: etree._Element) -> str:
    """A flow without a name is told by its ends' names only, so it has none here."""
    return element.get("name") or ("" if local_name(element) == "sequenceFlow" else element.get("id") or "")


def _largest_first(shape: tuple[etree._Element, _Box]) -> float:
    return -shape[1].width * shape[1].height


def _number(element: etree._Element, name: str) -> float:
    try:
        value = float(element.get(name) or "0")
    except ValueError:
        value = FARTHEST * 2
    if not abs(value) <= FARTHEST:
        raise ModelRefused(local_name(element), _("Das Diagramm enthält eine unlesbare Zahl."))
    return value


def _shapes(root: etree._Element) -> Iterator[tuple[str, _Box]]:
    for shape in root.iter("{*}BPMNShape"):
        bounds = next(shape.iterchildren("{*}Bounds"), None)
        if bounds is not None:
            x, y, width, height = (_number(bounds, name) for name in ("x", "y", "width", "height"))
            yield shape.get("bpmnElement") or "", _Box(x, y, width, height)


def _edges(root: etree._Element) -> Iterator[tuple[str, list[Point]]]:
    for edge in root.iter("{*}BPMNEdge"):
        points = [(_number(point, "x"), _number(point, "y")) for point in edge.iterchildren("{*}waypoint")]
        if len(points) > 1:
            yield edge.get("bpmnElement") or "", points


def _frame(boxes: list[_Box], edges: list[tuple[etree._Element, list[Point]]]) -> _Box:
    points = [point for _element, found in edges for point in found]
    left = min([box.x for box in boxes] + [x for x, _y in points]) - MARGIN
    top = min([box.y for box in boxes] + [y for _x, y in points]) - MARGIN
    right = max([box.x + box.width for box in boxes] + [x for x, _y in points]) + MARGIN
    bottom = max([box.y + box.height for box in boxes] + [y for _x, y in points]) + MARGIN + 2 * LINE
    return _Box(left, top, right - left, bottom - top)


def _document(root: etree._Element, frame: _Box, body: list[str], names: Mapping[str, str], marked: _Marked) -> str:
    process = next(root.iter(f"{{{BPMN}}}process"), None)
    name = (process.get("name") if process is not None else None) or _("Ablauf")
    legend = diagram_marks.legend(marked.marks, marked.path, frame.x + MARGIN, frame.y + frame.height)
    height = frame.height + (2 * LINE if legend else 0)
    view = f"{frame.x:g} {frame.y:g} {frame.width:g} {height:g}"
    title = escape(_("Ablaufdiagramm: {name}").format(name=name))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="process-diagram" role="img" viewBox="{view}" '
        f'width="{frame.width:g}" height="{height:g}" font-family="sans-serif" font-size="12">'
        f"<title>{title}</title>{diagram_marks.described(names, marked.marks, marked.path)}"
        f'<defs><marker id="{marked.arrow}" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0L10 5L0 10z" fill="#333333"/></marker></defs>' + "".join(body) + legend + "</svg>"
    )


def _edge(element: etree._Element, points: list[Point], marked: _Marked, *, on_way: bool) -> str:
    flow = local_name(element) == "sequenceFlow"
    mark = marked.marks.get(element.get("id") or "")
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    look = f'marker-end="url(#{marked.arrow})"' if flow else 'stroke-dasharray="3 3"'
    line = f'<path class="flow" d="{path}" fill="none" {_stroke(mark, on_way=on_way)} {look}/>'
    (x1, y1), (x2, y2) = list(pairwise(points))[(len(points) - 1) // 2]
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    if mark:
        line += diagram_marks.badge(mark, x + 3, y + LINE)
    if x1 == x2:
        return line + _label(element.get("name"), x1 + 5, y, 14, anchor="start")
    return line + _label(element.get("name"), x, y - LINE / 2, 14)


def _stroke(mark: str | None, *, on_way: bool) -> str:
    if on_way:
        return f'stroke="{diagram_marks.PATH_COLOUR}" stroke-width="5"'
    if mark is None:
        return 'stroke="#333333" stroke-width="1.5"'
    look = diagram_marks.look_of(mark)
    dashes = f' stroke-dasharray="{look.dashes}"' if look.dashes else ""
    return f'stroke="{look.colour}" stroke-width="3"{dashes}'


def _shape(element: etree._Element, box: _Box, marked: _Marked) -> str:
    identifier, kind = element.get("id") or "", local_name(element)
    mark = marked.marks.get(identifier)
    extra = " current" if identifier in marked.current else f" {mark}" if mark else ""
    return f'<g class="{escape(kind)}{extra}">{_outline(element, kind, box, _paint(identifier, mark, marked))}</g>'


def _paint(identifier: str, mark: str | None, marked: _Marked) -> str:
    if identifier in marked.current:
        return 'fill="#fff3d6" stroke="#b35900" stroke-width="3"'
    if mark:
        return diagram_marks.paint(mark)
    if identifier in marked.path:
        return f'fill="#f4e9f8" stroke="{diagram_marks.PATH_COLOUR}" stroke-width="3"'
    return 'fill="#ffffff" stroke="#333333" stroke-width="1.5"'


def _labels(element: etree._Element, box: _Box, marked: _Marked) -> str:
    """Badge and numbers, drawn last so that nothing covers them."""
    identifier = element.get("id") or ""
    mark = marked.marks.get(identifier)
    parts = []
    if mark:
        parts.append(diagram_marks.badge(mark, box.x + 4, box.y))
    if mark == "removed":
        parts.append(diagram_marks.crossed_out(box.x, box.y, box.width, box.height))
    for place, number in enumerate(marked.numbers(identifier)):
        parts.append(diagram_marks.step_number(number, box.x + box.width - 22 * place, box.y))
    return "".join(parts)


def _outline(element: etree._Element, kind: str, box: _Box, paint: str) -> str:
    x, y = box.middle
    below = box.y + box.height + LINE
    if kind.endswith("Event"):
        beside = kind == "boundaryEvent"
        place, anchor = (box.x + box.width, "start") if beside else (x, "middle")
        return _event(element, kind, box, paint) + _label(element.get("name"), place, below, 16, anchor=anchor)
    if kind.endswith("Gateway"):
        corners = f"{x:g},{box.y:g} {box.x + box.width:g},{y:g} {x:g},{box.y + box.height:g} {box.x:g},{y:g}"
        mark = _text(_GATEWAYS.get(kind, "*"), x, y + 7, size=22)
        return f'<polygon points="{corners}" {paint}/>{mark}' + _label_above(element.get("name"), x - 4, box.y)
    if kind in ("lane", "participant"):
        return _rectangle(box, paint, 0) + _text(element.get("name") or "", box.x + 6, box.y + LINE, anchor="start")
    if kind in _SUB_PROCESSES:
        event = element.get("triggeredByEvent") == "true" and "dasharray" not in paint
        dashes = ' stroke-dasharray="4 3"' if event else ""
        name = _label(element.get("name"), x, box.y + LINE, int(box.width / 7))
        return _rectangle(box, paint + dashes, 10) + name + _activity_mark(element, kind, box)
    mark = _text(_MARKS.get(kind, ""), box.x + 6, box.y + LINE, anchor="start") + _activity_mark(element, kind, box)
    return (
        _rectangle(box, paint, 10) + mark + _label(element.get("name"), x, y, max(6, int(box.width / 7)), centred=True)
    )


def _activity_mark(element: etree._Element, kind: str, box: _Box) -> str:
    """At the lower edge: several instances, or another template that is called."""
    several = next((child for child in element if local_name(child) == "multiInstanceLoopCharacteristics"), None)
    marks = "⊞" if kind == "callActivity" else ""
    if several is not None:
        marks += " ☰" if several.get("isSequential") == "true" else " ⫴"
    return _text(marks.strip(), box.middle[0], box.y + box.height - 4, size=13)


def _event(element: etree._Element, kind: str, box: _Box, paint: str) -> str:
    x, y = box.middle
    radius = min(box.width, box.height) / 2
    if kind == "endEvent":
        paint = paint.replace('stroke-width="1.5"', 'stroke-width="4"')
    circles = f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" {paint}/>'
    if kind in ("boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"):
        open_end = element.get("cancelActivity") == "false" and "dasharray" not in paint
        dashes = ' stroke-dasharray="4 2"' if open_end else ""
        circles += f'<circle cx="{x:g}" cy="{y:g}" r="{max(1.0, radius - 4):g}" {paint}{dashes}/>'
    trigger = next((_TRIGGERS[local_name(child)] for child in element if local_name(child) in _TRIGGERS), "")
    return circles + _text(trigger, x, y + 5, size=16)


def _rectangle(box: _Box, paint: str, radius: int) -> str:
    size = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"'
    return f'<rect {size} rx="{radius}" {paint}/>'


def _label(text: str | None, x: float, y: float, columns: int, *, centred: bool = False, anchor: str = "middle") -> str:
    lines = wrap(text or "", max(1, columns))[:6]
    first = y - (len(lines) - 1) * LINE / 2 + 4 if centred else y
    return "".join(_text(line, x, first + number * LINE, anchor=anchor) for number, line in enumerate(lines))


def _label_above(text: str | None, x: float, y: float) -> str:
    """Beside the upper corner, where no flow leaves a gateway."""
    lines = wrap(text or "", 16)[:6]
    return _label(text, x, y - (len(lines) - 1) * LINE, 16, anchor="end")


def _text(text: str, x: float, y: float, *, anchor: str = "middle", size: int = 12) -> str:
    if not text:
        return ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="#1a1a1a">{escape(text)}</text>'
