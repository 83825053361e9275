"""Stored answers lie sealed: nobody reads them in the tables, moves them, or opens them once a key is destroyed."""

import pytest

from kreisbund_platform.database.idempotency import COUNTY, Scope, Stored
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.privacy import answers, keys
from kreisbund_platform.privacy.answers import Answer
from tests.support.fixtures import START

SCOPE = Scope(COUNTY, "nordhausen-citizen", "submitApplication", "k")
SECRET = "Zugangscode 7f3k"
ANSWER = Answer("SubmitApplicationSuccess", {"result": None}, SECRET)


def sealed(work, *, scope=SCOPE, answer=ANSWER, shown=(), subject="nordhausen-citizen"):
    found = answers.seal(work, scope, answer, shown=shown, subject=subject)
    return Stored(b"", b"", found.content, found.holders)


@pytest.fixture
def cases():
    return [new_id(Kind.CASE_RECORD, START) for _ in range(answers.MOST_CASES + 1)]


def test_it_opens_again_and_shows_nothing_before(work_for, county, cases):
    with work_for(county, "citizen") as work:
        stored = sealed(work, shown=cases[:3])
        assert SECRET.encode() not in stored.sealed
        assert answers.unseal(work, SCOPE, stored) == ANSWER
        assert sealed(work, shown=cases[:3]).sealed != stored.sealed


@pytest.mark.parametrize("whose", ["account", "case"])
def test_without_any_one_of_the_keys_it_is_gone(work_for, county, cases, whose):
    with work_for(county, "citizen") as work:
        stored = sealed(work, shown=cases[:2])
        held = keys.account_holder("nordhausen-citizen") if whose == "account" else keys.case_holder(cases[1])
        assert held in stored.holders
        work.connection.execute("DELETE FROM subject_key WHERE holder = %s", (held,))
        assert answers.unseal(work, SCOPE, stored) is None
        (fresh,) = keys.keys_for(work, [held])
        assert fresh
        assert answers.unseal(work, SCOPE, stored) is None, "a new key of the same holder opens nothing old"


def test_it_does_not_open_in_another_place_or_county(work_for, county, other_county):
    with work_for(county, "citizen") as work:
        stored = sealed(work)
        for place in (Scope(COUNTY, "neighbour", "submitApplication", "k"), Scope(COUNTY, *("x" * 3))):
            assert answers.unseal(work, place, stored) is None
    with work_for(other_county, "citizen") as work:
        keys.keys_for(work, stored.holders)
        assert answers.unseal(work, SCOPE, stored) is None


def test_the_countys_key_opens_in_its_county_alone(work_for, county, other_county):
    with work_for(county, "citizen") as work:
        keys.keys_for(work, ["account/a"])
        (row,) = work.connection.execute("SELECT wrapped FROM county_key").fetchall()
    with work_for(other_county, "citizen") as work:
        work.connection.execute("INSERT INTO county_key (wrapped) VALUES (%s)", row)
        with pytest.raises(Exception, match=r"^$"):
            keys.keys_for(work, ["account/a"])


def test_an_answer_that_shows_many_cases_keeps_its_ids_only(work_for, county, cases):
    with work_for(county, "caseworker") as work:
        stored = sealed(work, shown=cases)
        assert answers.unseal(work, SCOPE, stored) == Answer(ANSWER.result_type, ANSWER.result_ids, None)


def test_the_countys_login_makes_and_destroys_keys_and_changes_none(work_for, county):
    for table in ("county_key", "subject_key"):
        with work_for(county, "citizen") as work, pytest.raises(Exception, match="permission denied"):
            work.connection.execute(f"UPDATE {table} SET wrapped = ''")
