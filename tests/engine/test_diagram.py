from xml.etree import ElementTree

import pytest

from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.engine.plan import ModelRefused
from tests.engine.models import straight

DI = (
    '<d:BPMNDiagram xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:c="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:i="http://www.omg.org/spec/DD/20100524/DI"><d:BPMNPlane bpmnElement="process">'
    '<d:BPMNShape bpmnElement="start"><c:Bounds x="10" y="20" width="36" height="36"/></d:BPMNShape>'
    '<d:BPMNShape bpmnElement="work"><c:Bounds x="100" y="0" width="{width}" height="80"/></d:BPMNShape>'
    '<d:BPMNEdge bpmnElement="start_work"><i:waypoint x="46" y="38"/><i:waypoint x="100" y="38"/></d:BPMNEdge>'
    "</d:BPMNPlane></d:BPMNDiagram></bpmn:definitions>"
)
TASK = '<bpmn:userTask id="work" name="Unterlagen &lt;script&gt;alert(1)&lt;/script&gt; &amp; Pläne prüfen"/>'


def drawn(width="100"):
    return straight(TASK).replace(b"</bpmn:definitions>", DI.format(width=width).encode())


def test_shapes_flows_and_names_are_drawn_and_escaped():
    svg = render_svg(drawn(), highlight=frozenset({"work"}))
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root[0].tag.endswith("title")
    assert "<script" not in svg
    assert "style=" not in svg
    assert 'class="userTask current"' in svg
    assert svg.count('marker-end="url(#arrow)"') == 1
    assert "prüfen" in "".join(root.itertext())


@pytest.mark.parametrize("xml", [straight(TASK), drawn("nan"), drawn("1e300"), drawn("breit")])
def test_no_or_absurd_layout_is_refused(xml):
    with pytest.raises(ModelRefused):
        render_svg(xml)


def test_marks_are_told_by_word_pattern_and_legend_and_in_a_description():
    svg = render_svg(drawn(), marks={"work": "added", "start_work": "changed", "elsewhere": "removed"})
    root = ElementTree.fromstring(svg)
    assert 'class="userTask added"' in svg
    assert 'stroke-dasharray="8 3"' in svg
    text = " ".join(root.itertext())
    assert "+ neu" in text
    assert "≠ geändert" in text
    assert root[1].tag.endswith("desc")
    assert root[1].text.startswith("neu: Unterlagen <script>")
    assert "<script" not in svg
    assert 'class="legend"' in svg


def test_what_is_gone_is_crossed_out():
    assert "− entfällt" in render_svg(drawn(), marks={"work": "removed"})


def test_a_way_is_numbered_and_its_flows_are_thick():
    svg = render_svg(drawn(), path=["start", "start_work", "work", "nowhere", "work"])
    numbers = [text.text for text in ElementTree.fromstring(svg).iter() if text.tag.endswith("text")]
    assert [number for number in numbers if number and number.isdigit()] == ["1", "2", "3", "1"]
    assert svg.count('stroke-width="5"') == 1
    assert "Hervorgehobener Weg" in svg


def test_nothing_marked_has_no_legend():
    assert "legend" not in render_svg(drawn())
