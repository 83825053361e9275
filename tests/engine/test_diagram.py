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
