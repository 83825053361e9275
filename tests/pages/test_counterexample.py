"""What the workshop draws where a case would get stuck."""

import re
from pathlib import Path

import kreisbund_tenants
from kreisbund_api.web.studio.previews import counterexample, drawing

SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung" / "process.bpmn"


def test_the_way_to_the_fault_is_numbered_in_the_drawing():
    sound = SCHOOL.read_text()
    whole = re.compile(r"exclusiveGateway( id=\"gateway_complete\".*?)exclusiveGateway", re.S)
    broken = whole.sub(r"parallelGateway\1parallelGateway", sound)
    assert counterexample(sound) == ""
    drawn = counterexample(broken)
    assert drawn.startswith("<svg")
    assert len(drawn) > len(drawing(broken)), "the way stands in it"


def test_what_cannot_be_read_has_no_counterexample():
    assert counterexample("<nonsense/>") == ""
