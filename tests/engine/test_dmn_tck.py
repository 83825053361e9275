"""`conformance dmn`: the DMN TCK's level 2 from the shared data, and that the runner can fail."""

import os
import re
import shutil
from pathlib import Path

import pytest

from kreisbund_tenants.conformance import dmn

DATA = Path(os.environ.get("KREISBUND_DATA") or Path(__file__).parents[3] / "shared" / "data") / "dmn-tck"
FILES = sorted(DATA.glob("*/*-test-*.xml"))
outside_data = pytest.mark.skipif(not FILES, reason=f"no DMN TCK at {DATA}; set KREISBUND_DATA")

MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" namespace="urn:a">
<inputData id="i" name="n"><variable name="n" typeRef="number"/></inputData>
<decision id="a" name="twice"><variable name="twice" typeRef="number"/>
  <informationRequirement><requiredInput href="#i"/></informationRequirement>
  <literalExpression><text>n * 2</text></literalExpression></decision>
<decision id="b" name="broken"><literalExpression><text>1 + + (</text></literalExpression></decision>
<decision id="c" name="day"><literalExpression><text>@"2026-01-01"</text></literalExpression></decision>
</definitions>"""
CASES = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<modelName>a.dmn</modelName>
<testCase id="001"><inputNode name="n"><value xsi:type="xsd:decimal">2</value></inputNode>
  <resultNode name="twice" type="decision"><expected><value xsi:type="xsd:decimal">4.0</value></expected></resultNode>
  <resultNode name="broken" type="decision" errorResult="true"><expected><value xsi:nil="true"/></expected></resultNode>
</testCase>
<testCase id="002">
  <resultNode name="day" type="decision"><expected><value xsi:type="xsd:date">2026-01-01</value></expected></resultNode>
</testCase>
</testCases>"""


def _folder(folder, model=MODEL, cases=CASES):
    (folder / "x").mkdir(parents=True)
    (folder / "x" / "a.dmn").write_text(model)
    (folder / "x" / "a-test-01.xml").write_text(cases)
    return folder


@pytest.mark.outside_data
@outside_data
def test_level_2_passes(capsys):
    assert dmn.run(DATA, None) == 0
    assert capsys.readouterr().out == "116 passed, 0 failed\n"


@pytest.mark.outside_data
@outside_data
def test_altered_expectations_fail_exactly_there(tmp_path, capsys):
    """The first value of each result in each file is altered; each of these cases fails and no other does."""
    altered = 0
    shutil.copytree(DATA, tmp_path / "tck")
    for path in sorted((tmp_path / "tck").glob("*/*-test-*.xml")):
        text = path.read_text()
        case = re.search(r"<testCase.*?</testCase>", text, re.DOTALL).group()
        changed = re.sub(r'(<expected>.*?<value[^>]*)xsi:type="[^"]*">[^<]*<', r'\1xsi:type="xsd:string">altered<',
                         case, count=1, flags=re.DOTALL)  # fmt: skip
        altered += changed != case
        path.write_text(text.replace(case, changed, 1))
    assert altered >= 27
    assert dmn.run(tmp_path / "tck", None) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{116 - altered} passed, {altered} failed"
    assert len({line.split()[1] for line in lines[:-1]}) == altered


def test_all_pass(tmp_path, capsys):
    assert dmn.run(_folder(tmp_path), None) == 0
    assert capsys.readouterr().out == "2 passed, 0 failed\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (">4.0<", ">5<", "FAIL x/a-test-01.xml 001 twice: expected 5, got 4"),
        (">4.0<", ">4.0000001<", "FAIL x/a-test-01.xml 001 twice: expected 4.0000001, got 4"),
        ('decimal">4.0<', 'string">4\n"<', 'FAIL x/a-test-01.xml 001 twice: expected "4\\n\\"", got 4'),
        ('decimal">4.0<', 'boolean">true<', "FAIL x/a-test-01.xml 001 twice: expected true, got 4"),
        ("2026-01-01", "2026-01-02", 'FAIL x/a-test-01.xml 002 day: expected @"2026-01-02", got @"2026-01-01"'),
        ('name="day"', 'name="other"', 'FAIL x/a-test-01.xml 002 other: expected @"2026-01-01", got null'),
    ],
)
def test_what_is_altered_fails(tmp_path, capsys, old, new, line):
    assert dmn.run(_folder(tmp_path, cases=CASES.replace(old, new, 1)), None) == 1
    assert capsys.readouterr().out.splitlines() == [line, "1 passed, 1 failed"]


@pytest.mark.parametrize("model", ["<definitions", "<a/>", MODEL.replace("DMN", "CMMN", 1)])
def test_an_unreadable_model_fails_all_its_nodes(tmp_path, capsys, model):
    assert dmn.run(_folder(tmp_path, model=model), None) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "0 passed, 2 failed"


def test_a_missing_model_fails(tmp_path, capsys):
    (_folder(tmp_path) / "x" / "a.dmn").unlink()
    assert dmn.run(tmp_path, tmp_path / "out.json") == 1
    assert capsys.readouterr().out.endswith("0 passed, 2 failed\n")
    assert '"passed": false' in (tmp_path / "out.json").read_text()
