"""The event log as XES: valid XML with what happened, by role; no person in it, no other county's case."""

from collections import Counter
from datetime import date

from lxml import etree

from kreisbund_platform.errors import NotFound
from kreisbund_platform.mining import xes
from kreisbund_platform.mining.periods import Period, between
from tests.cases.conftest import TEMPLATE
from tests.support.fixtures import START

XES = "{http://www.xes-standard.org/}"
PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31))


def exported(office, template=TEMPLATE, period=PERIOD):
    def act(work):
        found = xes.event_log(work, xes.LogOrder(period, template))
        return found if isinstance(found, NotFound) else b"".join(found)

    return office.do(act, role="team_lead")


def value(node, key):
    return next(each.get("value") for each in node if each.get("key") == key)


def traces(office):
    return etree.fromstring(exported(office)).findall(f"{XES}trace")


def trace_of(office, case_id):
    wanted = office.do(lambda work: xes.pseudonym(work, case_id))
    return next(trace for trace in traces(office) if value(trace, "concept:name") == wanted)


def test_a_case_is_a_trace_of_its_tasks_and_what_the_platform_did(office):
    done = office.submit()
    office.decide(done.case_id)
    trace = trace_of(office, done.case_id)
    events = [
        (value(e, "concept:name"), value(e, "lifecycle:transition"), value(e, "org:role"))
        for e in trace.findall(f"{XES}event")
    ]
    assert events[0] == ("Antrag eingegangen", "complete", "citizen")
    assert ("Bewilligung freigeben", "schedule", "caseworker") in events
    assert ("Bewilligung freigeben", "complete", "caseworker") in events
    assert ("Bewilligung bekannt geben", "complete", "system") in events
    moments = [value(e, "time:timestamp") for e in trace.findall(f"{XES}event")]
    assert moments == sorted(moments)
    assert value(trace, "kreisbund:version") == "1"


def test_the_log_declares_what_it_uses(office):
    office.submit()
    root = etree.fromstring(exported(office))
    assert (root.tag, root.get("xes.version")) == (f"{XES}log", "1849-2016")
    assert [each.get("prefix") for each in root.findall(f"{XES}extension")] == ["concept", "lifecycle", "time", "org"]
    keys = Counter(each.get("key") for event in root.iter(f"{XES}event") for each in event)
    assert set(keys) == {"concept:name", "lifecycle:transition", "time:timestamp", "org:role"}
    assert len(set(keys.values())) == 1


def test_no_person_and_no_number_is_in_it(office):
    case_id = office.submit().case_id
    office.complete(case_id)
    text = exported(office).decode()
    case = office.case(case_id)
    actors = {row[0] for row in office.rows("SELECT DISTINCT actor FROM event WHERE actor IS NOT NULL")}
    assert actors
    for secret in (case.case_number, str(case_id), "Müller", "org:resource", *actors - {"system"}):
        assert secret not in text, secret


def test_period_template_and_record_of_the_export(office):
    office.submit()
    empty = etree.fromstring(exported(office, period=Period(date(2020, 1, 1), date(2020, 2, 1))))
    assert not empty.findall(f"{XES}trace")
    assert isinstance(exported(office, template="nothing"), NotFound)
    body = office.rows("SELECT body FROM event WHERE type = 'EVENT_LOG_EXPORTED' ORDER BY seq DESC LIMIT 1")[0][0]
    assert body["template"] == TEMPLATE
    assert between(START, date(2026, 5, 1), date(2026, 4, 1)) is None
    assert between(START, None, None) == Period(date(2025, 3, 2), date(2026, 3, 2))


def test_another_countys_cases_are_not_in_it(office, other_office):
    case_id = office.submit().case_id
    theirs = {value(trace, "concept:name") for trace in traces(other_office)}
    assert office.do(lambda work: xes.pseudonym(work, case_id)) not in theirs
    assert len(traces(other_office)) == other_office.rows("SELECT count(*) FROM case_record")[0][0]
