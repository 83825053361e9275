"""Cases copied in bulk for a measurement are what the services make: the same rows but for ids and numbers."""

import re
from datetime import datetime

from psycopg import sql

from bench import bulk, floor, step
from kreisbund_platform.cases import tasks
from kreisbund_platform.identity.principals import Role

TABLES = ("case_record", "application", "task", "timer")
ALWAYS_NEW = ("id", "case_id", "case_number")


def rows(here, table, key, identifier):
    with here.connection.cursor() as cursor:
        found = cursor.execute(f"SELECT * FROM {table} WHERE {key} = %s", (identifier,))
        names = [column.name for column in found.description]
        return [{n: v for n, v in zip(names, row, strict=True) if n not in ALWAYS_NEW} for row in found]


def test_a_copy_equals_its_original_and_can_be_worked(bench_office):
    original = bench_office.submit()
    opened = floor.Copies(bench_office, original).make(1, 3)
    assert len(set(opened)) == 3
    for task_id in opened:
        found = "SELECT case_id FROM task WHERE id = %s"
        copy = bench_office.connection.execute(found, (task_id,)).fetchone()[0]
        for table in TABLES:
            key = "id" if table == "case_record" else "case_id"
            assert rows(bench_office, table, key, copy) == rows(bench_office, table, key, original), table
        with bench_office.connection.transaction():
            done = tasks.complete(bench_office.work(Role.CASEWORKER), str(task_id), {"outcome": "done"}, 1)
        assert done == copy


def test_the_floor_does_what_the_product_does(bench_office):
    measure = step.StepAndFloor(bench_office)
    batch = 900
    ours, floors = measure.copies.make(batch, 2)
    step.complete(bench_office, ours)
    script, bound = measure.recorded.script(batch)
    for line in script.splitlines()[1:]:
        whole = re.sub(r":(v\d+)", lambda found: sql.Literal(bound[found[1]]).as_string(), line)
        bench_office.connection.execute(whole.replace(":i", "2"))
    cases = [case_of(bench_office, task_id) for task_id in (ours, floors)]
    for table in TABLES:
        key = "id" if table == "case_record" else "case_id"
        mine, theirs = ([timeless(row) for row in rows(bench_office, table, key, case)] for case in cases)
        assert mine == theirs, table
    events = [rows(bench_office, "event", "case_id", case)[-1] for case in cases]
    assert [event["type"] for event in events] == ["TASK_COMPLETED"] * 2
    assert events[0]["body"] == events[1]["body"]


def case_of(here, task_id):
    return here.connection.execute("SELECT case_id FROM task WHERE id = %s", (task_id,)).fetchone()[0]


def timeless(row):
    """Without the moments, which differ by the time between the two."""
    return {name: value for name, value in row.items() if not isinstance(value, datetime)}


def test_many_cases_are_copies_of_those_that_services_made(bench_office):
    here, made = bench_office, [bench_office.submit() for _ in range(2)]
    with here.database.owner() as owner:
        assert bulk.fill(owner, here.tenant.schema_name, 8) == 8
    numbers = (
        "SELECT id FROM case_record WHERE case_number LIKE (SELECT case_number FROM case_record WHERE id = %s) || '-%%'"
    )
    for original in made:
        copies = [row[0] for row in here.connection.execute(numbers, (original,))]
        assert len(copies) == 3
        for copy in copies:
            for table, key in bulk.TABLES.items():
                mine, theirs = (rows(here, table, key, each) for each in (copy, original))
                assert [unplaced(row) for row in mine] == [unplaced(row) for row in theirs], table


def unplaced(row):
    """Copies lie some minutes apart, so that a list has an order."""
    return {name: value for name, value in row.items() if name != "opened_at"}
