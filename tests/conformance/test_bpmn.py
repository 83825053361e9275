"""`conformance bpmn`: files of many tools, broken ones, given cases; nothing lost, nothing raised."""

import json
from collections import Counter
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from kreisbund_tenants.conformance import bpmn, bpmn_file
from kreisbund_tenants.conformance.bpmn_file import judge

MODELS = Path(__file__).parent / "models"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
TOOLS = sorted(path for path in (MODELS / "tools").iterdir())
SOUND = {"bpmn_io.bpmn", "signavio.bpmn", "trisotech.bpmn", "zeebe.bpmn", "flowable.bpmn20.xml", "camunda.bpmn"}


def counted(element) -> Counter:
    """The contract's count, by the standard library."""
    own = element.tag.startswith(BPMN)
    found = Counter([element.tag.removeprefix(BPMN)] if own else [])
    if element.tag != BPMN + "extensionElements":
        for child in element:
            found += counted(child)
    return found


def canonical(data: bytes) -> str:
    return ElementTree.canonicalize(data, with_comments=True)


@pytest.mark.parametrize("path", TOOLS, ids=lambda path: path.name)
def test_other_tools_files_are_read_counted_and_written_again(path, tmp_path):
    found = judge(path, path.name, tmp_path / "out" / path.name)
    assert found.parsed, found.line()
    assert not found.failed
    assert found.roundtrip is True
    assert canonical((tmp_path / "out" / path.name).read_bytes()) == canonical(path.read_bytes())
    assert found.elements == counted(ElementTree.fromstring(path.read_bytes()))
    if path.name in SOUND:
        assert (found.sound, found.completed) == ("sound", "completed"), found.line()


def test_the_miwg_models(outside_data, tmp_path):
    for path in sorted((outside_data / "bpmn-miwg").glob("*.bpmn")):
        found = judge(path, path.name, tmp_path / path.name)
        assert found.parsed, found.line()
        assert found.completed == "completed", found.line()
        assert found.elements == counted(ElementTree.fromstring(path.read_bytes()))
        assert canonical((tmp_path / path.name).read_bytes()) == canonical(path.read_bytes())


# --- encodings


def encoded(text: str, encoding: str, bom: bytes = b"") -> bytes:
    return bom + text.replace("UTF-8", encoding, 1).encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "bom"), [("UTF-8", b"\xef\xbb\xbf"), ("UTF-16", b""), ("ISO-8859-1", b""), ("windows-1252", b"")]
)
def test_encodings(tmp_path, encoding, bom):
    path = tmp_path / "model.bpmn"
    path.write_bytes(encoded((MODELS / "tools" / "signavio.bpmn").read_text("utf-8"), encoding, bom))
    found = judge(path, path.name, tmp_path / "out.bpmn")
    assert found.parsed, found.line()
    assert found.roundtrip
    root = ElementTree.fromstring((tmp_path / "out.bpmn").read_bytes())
    assert root.find(f"{BPMN}collaboration/{BPMN}participant").get("name") == "Bürger"


# --- broken and refused

REFUSED = {
    "dangling_flow": "a_nowhere",
    "unknown_element": "a",
    "unknown_child": "wormhole",
    "unnamed_unknown": "timeMachine",
    "boundary_of_nothing": "b",
    "same_id_twice": "a",
    "across_the_border": "s_inner",
    "flow_without_target": "f",
    "not_well_formed": "line 4",
    "empty": "line 1",
    "no_xml": "line 1",
    "external_entity": "line 2",
    "doctype": "line 1",
    "page": "html",
}
UNSOUND = {
    "exclusive_into_parallel": ("j", "stuck"),
    "parallel_into_exclusive": ("j", "completed"),
    "endless_loop": ("e", "stuck"),
    "unreachable": ("lone", "completed"),
    "link_to_nowhere": ("t", None),
}
BY_DESIGN = {"complex_gateway": "g", "ad_hoc": "h", "transaction": "t", "compensation": "e", "conditional": "c"}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_element(name):
    found = judge(MODELS / "broken" / f"{name}.bpmn", name, None)
    assert (found.parsed, found.failed) == (False, False), found.line()
    assert found.refused_element == REFUSED[name]
    assert found.reason
    assert found.line().startswith(f"{name} refused - - {REFUSED[name]} ")


@pytest.mark.parametrize("name", BY_DESIGN)
def test_what_the_engine_does_not_run_is_refused_by_name(name):
    found = judge(MODELS / "refused" / f"{name}.bpmn", name, None)
    assert (found.parsed, found.failed, found.refused_element) == (False, False, BY_DESIGN[name]), found.line()
    assert found.elements["process"] == 1


@pytest.mark.parametrize("name", UNSOUND)
def test_what_cannot_end_well_is_unsound(name):
    found = judge(MODELS / "broken" / f"{name}.bpmn", name, None)
    assert found.sound == "unsound", found.line()
    element, completed = UNSOUND[name]
    assert found.refused_element == element
    assert completed is None or found.completed == completed


def test_every_broken_model_has_its_test():
    assert {path.stem for path in (MODELS / "broken").iterdir()} == REFUSED.keys() | UNSOUND.keys()


def test_files_changed_at_random_never_raise(tmp_path):
    random = Random(4)
    path = tmp_path / "changed.bpmn"
    for number in range(150):
        root = ElementTree.fromstring(random.choice(TOOLS).read_bytes())
        for _ in range(random.randint(1, 4)):
            change(random, root)
        path.write_bytes(ElementTree.tostring(root))
        found = judge(path, path.name, None)
        assert not found.failed, f"{number}: {found.line()}"
        assert found.roundtrip is not False, f"{number}: {found.line()}"
        assert found.parsed or found.refused_element


def change(random: Random, root) -> None:
    parents = [element for element in root.iter() if len(element)]
    if not parents:
        return
    parent = random.choice(parents)
    child = random.choice(list(parent))
    other = random.choice(list(root.iter()))
    match random.randrange(4):
        case 0:
            parent.remove(child)
        case 1:
            parent.append(child)
        case 2 if child.attrib:
            child.set(random.choice(list(child.attrib)), other.get("id", ""))
        case _:
            child.tag = other.tag


# --- given cases

TRACES = {
    "choice": [("completed", "a"), ("completed", "b"), ("completed", "c")],
    "parallel": [("completed", "a b c d")],
    "stuck": [("stuck", "a")],
    "incident": [("incident", "a"), ("completed", "a c")],
    "instances": [("completed", "in each in each many many many"), ("completed", "in each in each")],
    "timers": [("completed", "a d c b")],
    "messages": [("completed", "send work get after")],
    "signals": [("completed", "a heard b")],
    "calls": [("completed", "inner call gone"), ("completed", "inner")],
    "errors": [("completed", "in note mend")],
    "handlers": [("completed", "in handled handler sub")],
}


@pytest.mark.parametrize("name", TRACES)
def test_given_cases_leave_their_trace(name):
    found = judge(MODELS / "cases" / f"{name}.bpmn", name, None)
    assert [(case["completed"], " ".join(case["trace"])) for case in found.cases] == TRACES[name], found.line()


# --- the command


def test_the_command_prints_a_line_a_file_and_writes_json(tmp_path, capsys):
    assert bpmn.run(MODELS, tmp_path / "found.json", tmp_path / "out") == 0
    lines = capsys.readouterr().out.splitlines()
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    parsed = sum(entry["parsed"] for entry in found)
    assert lines[-1] == f"{parsed} parsed, {len(found) - parsed} refused, 0 failed"
    assert len(lines) == len(found) + 1
    assert all("  " not in line for line in lines)
    fields = "file parsed refused_element reason sound completed elements roundtrip cases"
    assert all(list(entry) == fields.split() for entry in found)
    written = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert written == {entry["file"] for entry in found if entry["parsed"]}


def test_a_file_that_raises_fails_alone(tmp_path, capsys, monkeypatch):
    (tmp_path / "a.bpmn").write_bytes((MODELS / "tools" / "bpmn_io.bpmn").read_bytes())
    (tmp_path / "b.bpmn").write_bytes(b"")
    monkeypatch.setattr(bpmn_file, "count_elements", lambda data: {} if not data else 1 / 0)
    assert bpmn.run(tmp_path, None, None) == 1
    first, _second, last = capsys.readouterr().out.splitlines()
    assert first == "a.bpmn failed - - ZeroDivisionError"
    assert last == "0 parsed, 1 refused, 1 failed"
