"""Operaton is given the product's process, and the product's eight processes really work."""

from lxml import etree

from bench import crowd, operaton_peer
from bench.office import TEMPLATE

BPMN = {"b": "http://www.omg.org/spec/BPMN/20100524/MODEL"}
OPERATON = "{http://operaton.org/schema/1.0/bpmn}"
OURS = "{urn:kreisbund:bpmn:1}"


def elements(document):
    """What there is and how it is connected, without anybody's own attributes."""
    own = document.iterfind(".//b:process/*", BPMN)
    return [
        (each.tag, {name: value for name, value in each.attrib.items() if not name.startswith("{")}) for each in own
    ]


def test_the_peer_runs_the_same_process():
    ours = etree.fromstring((TEMPLATE / "process.bpmn").read_bytes())
    theirs = etree.fromstring(operaton_peer.model().encode())
    assert elements(theirs) == elements(ours)
    for mine, other in zip(ours.iterfind(".//b:userTask", BPMN), theirs.iterfind(".//b:userTask", BPMN), strict=True):
        assert other.get(f"{OPERATON}dueDate") == mine.get(f"{OURS}due")
        assert other.get(f"{OPERATON}candidateGroups") == mine.get(f"{OURS}role")
    durations = [[each.text for each in found.iterfind(".//b:timeDuration", BPMN)] for found in (ours, theirs)]
    assert durations[0] == durations[1] != []
    conditions = [each.text for each in theirs.iterfind(".//b:conditionExpression", BPMN)]
    assert conditions == ["${outcome == 'missing'}", "${outcome == 'again'}", "${outcome == 'no'}"]


def test_eight_processes_complete_what_they_are_given(bench_office, monkeypatch):
    monkeypatch.setattr(crowd, "WARM_UP", 1)
    monkeypatch.setattr(crowd, "STEPS", 3)
    at_work = crowd.Crowd(bench_office, standing=10)
    cost = at_work.cost()
    counted = "SELECT count(*) FILTER (WHERE status = 'COMPLETED'), count(*) FILTER (WHERE status = 'OPEN') FROM task"
    done, still_open = bench_office.connection.execute(counted).fetchone()
    assert done == crowd.PROCESSES * 4
    assert still_open == 1 + 10 + crowd.PROCESSES * 4
    assert min(cost.wall, cost.client) > 0
    assert cost.database >= 0  # counted in hundredths of a second
