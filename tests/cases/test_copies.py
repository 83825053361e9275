"""Copies are what the services would have made: the same rows but for ids and numbers."""

from kreisbund_platform.audit import log
from kreisbund_tenants.demo import copies
from tests.cases.conftest import TEMPLATE

TABLES = ("case_record", "application", "party", "task", "timer", "subscription", "event")
OWN = {"id", "case_id", "case_number", "task_id", "seq", "hash"}


def shape(office, case_id):
    found = {}
    for table in TABLES:
        key = "id" if table == "case_record" else "case_id"
        rows = office.rows(f"SELECT to_jsonb(t) FROM {table} t WHERE {key} = %s", case_id)
        found[table] = sorted(str(sorted((k, str(v)) for k, v in row.items() if k not in OWN)) for (row,) in rows)
    return str(found)


def test_copies_equal_what_the_services_make(office):
    first, second = office.submit().case_id, office.submit().case_id
    office.complete(second)
    last = office.case(second).case_number
    with office.deployment.connections.for_tenant(office.tenant) as connection, connection.transaction():
        assert {first, second} & set(copies.running(connection, TEMPLATE, 500))
        assert copies.multiply(connection, [first, second], 7, office.clock.now()) == 7
    made = office.rows("SELECT id, case_number FROM case_record WHERE case_number > %s ORDER BY case_number", last)
    assert [int(number[-6:]) for _id, number in made] == [int(last[-6:]) + n for n in range(1, 8)]
    assert sorted(shape(office, case_id) for case_id, _number in made) == sorted(
        [shape(office, first)] * 4 + [shape(office, second)] * 3
    )
    assert office.do(log.verify) is None
    assert int(office.case(office.submit().case_id).case_number[-6:]) == int(last[-6:]) + 8
    office.decide(made[0][0])
    assert office.case(made[0][0]).status == "DECIDED"
