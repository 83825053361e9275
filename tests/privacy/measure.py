"""What sealing a stored answer costs: `./kreisbund test tests/privacy/measure.py -s` prints microseconds."""

import statistics
import time

from kreisbund_platform.database.idempotency import COUNTY, Scope
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.privacy import answers, keys
from kreisbund_platform.privacy.answers import Answer
from tests.support.fixtures import START

ROUNDS = 300


def microseconds(what):
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        what()
        times.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(times)


def test_measure(work_for, county):
    with work_for(county, "caseworker") as work:
        scope = Scope(COUNTY, work.principal.subject, "completeTask", "k")
        answer = Answer("CompleteTaskSuccess", {"result": None}, "x" * 2_000)
        case = new_id(Kind.CASE_RECORD, START)
        seal = lambda: answers.seal(work, scope, answer, shown=[case], subject=work.principal.subject)  # noqa: E731
        seal()
        known = keys.keys_for(work, ["account/a"])
        print(f"\nsealed, keys known: {microseconds(seal):.0f} µs")
        print(f"of it AES: {microseconds(lambda: keys.seal(known * 3, b'x' * 2_000, bound_to=b'x')):.0f} µs")
        print(f"one statement for comparison: {microseconds(lambda: work.connection.execute('SELECT 1')):.0f} µs")
