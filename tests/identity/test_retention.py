from datetime import timedelta

from kreisbund_platform.identity import retention


def test_stored_answers_go_after_seven_days_and_stay_until_then(work_for, county, clock):
    with work_for(county, "caseworker") as work:
        work.connection.execute("DELETE FROM idempotency")
        for key, age in (("old", timedelta(days=7, seconds=1)), ("young", timedelta(days=6, hours=23))):
            work.connection.execute(
                "INSERT INTO idempotency (subject, mutation, key, request_hash, document_hash, created_at)"
                " VALUES ('s', 'm', %s, '', '', %s)",
                (key, clock.now() - age),
            )
        assert retention.forget_answers(work) == 1
        assert [key for (key,) in work.connection.execute("SELECT key FROM idempotency")] == ["young"]
