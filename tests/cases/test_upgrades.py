"""Case upgrade by its services: previewed by marking, proved, applied in batches, stopped, resumed, undone."""

from datetime import date, timedelta

import pytest

from kreisbund_platform.audit import log
from kreisbund_platform.cases import intake, tasks
from kreisbund_platform.cases.upgrading import batches, previewing, service
from kreisbund_platform.cases.upgrading.orders import Criteria, FieldMapping, Source, UpgradeOrder
from kreisbund_platform.errors import Conflict, Invalid, NotFound
from kreisbund_platform.ids import Kind, kind_of, milliseconds_of
from kreisbund_platform.templates import adoptions
from tests.cases import versions
from tests.support.fixtures import START

BASIS = "§ 4 ThürSchFG in der Fassung vom 1. März 2026"


class Desk:
    """The county's office for the test template."""

    def __init__(self, office):
        self.office = office
        self.clean()

    def clean(self):
        self.office.rows(
            "WITH gone AS (DELETE FROM case_record c USING shared.process_template t WHERE t.id ="
            " c.template_id AND t.slug = 'gutachten' RETURNING 1) SELECT count(*) FROM gone"
        )
        self.office.rows("WITH gone AS (DELETE FROM case_upgrade RETURNING 1) SELECT count(*) FROM gone")

    def adopt(self, bpmn_xml, forms=versions.FORMS):
        """Puts a version in force here, older ones too."""
        version_id = versions.store(self.office.deployment, versions.source(bpmn_xml, forms))
        self.office.do(adoptions.adopt, versions.SLUG, role="county_admin")
        self.office.rows(
            "UPDATE template_adoption SET version_id = %s WHERE template_id = (SELECT id FROM"
            " shared.process_template WHERE slug = 'gutachten') RETURNING 1",
            version_id,
        )
        return version_id

    def submit(self, count=1, **data):
        order = intake.SubmitApplication(versions.SLUG, {"wish": "viel", "colour": "rot", **data})
        return [self.office.do(intake.submit, order, role="citizen").case_id for _n in range(count)]

    def complete(self, case_id, element_id):
        task = next(t for t in self.office.open_tasks(case_id) if t.element_id == element_id)
        done = self.office.do(tasks.complete, str(task.id), {}, task.version, role=task.role)
        assert done == case_id, done

    def order(self, **more):
        return UpgradeOrder(
            versions.SLUG, **{"effective_on": self.office.clock.now().date(), "legal_basis": BASIS, **more}
        )

    def preview(self, **more):
        return self.office.do(previewing.preview, self.order(**more), role="county_admin")

    def groups(self, upgrade_id):
        return self.office.rows(
            "SELECT number, cases, possible, element_id, reason, path, waiting, changes"
            " FROM case_upgrade_group WHERE upgrade_id = %s ORDER BY number",
            upgrade_id,
        )

    def status(self, upgrade_id):
        return self.office.rows("SELECT status, version FROM case_upgrade WHERE id = %s", upgrade_id)[0]

    def act(self, act, upgrade_id, **more):
        result = self.office.do(
            lambda work: act(work, str(upgrade_id), self.status(upgrade_id)[1], **more), role="county_admin"
        )
        assert result == upgrade_id, result

    def batch(self, size=1_000):
        return self.office.do(batches.next_batch, size, system=True)

    def run(self, size=1_000):
        while self.batch(size):
            pass

    def counts(self, upgrade_id):
        return dict(
            self.office.rows(
                "SELECT status, count(*) FROM case_upgrade_case WHERE upgrade_id = %s GROUP BY 1", upgrade_id
            )
        )

    def reasons(self, upgrade_id):
        return dict(
            self.office.rows(
                "SELECT case_id, reason FROM case_upgrade_case WHERE upgrade_id = %s AND reason IS NOT NULL", upgrade_id
            )
        )

    def snapshot(self, case_id):
        """Everything of a case that an upgrade may touch."""
        rows = self.office.rows
        return (
            rows(
                "SELECT template_version_id, state::text::jsonb, data::jsonb, status, due_at, next_step, next_step_by"
                " FROM case_record WHERE id = %s",
                case_id,
            ),
            rows(
                "SELECT token, element_id, name, role, status, form_id, due_on, due_at FROM task"
                " WHERE case_id = %s ORDER BY token",
                case_id,
            ),
            rows("SELECT token, element_id, due_at FROM timer WHERE case_id = %s ORDER BY 1, 2", case_id),
            rows("SELECT token, element_id, name FROM subscription WHERE case_id = %s ORDER BY 1, 2", case_id),
        )

    def upgraded(self, upgrade_id):
        self.act(service.start, upgrade_id)
        self.run()


@pytest.fixture
def desk(office):
    return Desk(office)


def test_a_preview_groups_by_marking_and_changes_no_case(desk):
    old = desk.adopt(versions.FIRST)
    fresh, half, ready = desk.submit(3), desk.submit(2), desk.submit(1)
    for case_id in half:
        desk.complete(case_id, "report")
    for name in ("report", "statement"):
        desk.complete(ready[0], name)
    before = [desk.snapshot(case_id) for case_id in fresh + half + ready]
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    groups = desk.groups(upgrade)
    assert sorted((cases, possible) for _n, cases, possible, *_rest in groups) == [(1, True), (2, True), (3, True)]
    assert {tuple(row[6]) for row in groups} == {("report", "statement"), ("statement",), ("decide",)}
    first = next(row for row in groups if row[1] == 3)
    assert [each["element"] for each in first[7]["opens"]] == ["slow"]
    assert [each["element"] for each in first[7]["changes"]] == ["survey"]
    assert [desk.snapshot(case_id) for case_id in fresh + half + ready] == before
    assert desk.counts(upgrade) == {"PLANNED": 6}
    assert old != desk.office.rows("SELECT to_version_id FROM case_upgrade WHERE id = %s", upgrade)[0][0]


def test_a_third_branch_is_refused_for_those_past_the_split(desk):
    desk.adopt(versions.FIRST)
    stuck, ready = desk.submit(2), desk.submit(1)
    desk.complete(stuck[0], "report")
    for name in ("report", "statement"):
        desk.complete(ready[0], name)
    before = [desk.snapshot(case_id) for case_id in stuck]
    desk.adopt(versions.THIRD_BRANCH)
    upgrade = desk.preview()
    groups = desk.groups(upgrade)
    assert {(tuple(row[6]), row[2]) for row in groups} >= {(("statement",), False), (("decide",), True)}
    refused = next(row for row in groups if row[6] == ["statement"])
    assert refused[3]
    assert refused[4]
    assert refused[5]
    desk.upgraded(upgrade)
    assert desk.counts(upgrade)["UPGRADED"] >= 1
    assert desk.reasons(upgrade)[stuck[0]] == "NOT_PROVABLE"
    assert desk.snapshot(stuck[0]) == before[0]
    desk.act(service.undo, upgrade)
    desk.run()
    assert desk.status(upgrade)[0] == "UNDONE"


def test_upgraded_cases_run_to_the_end_on_the_new_version(desk):
    desk.adopt(versions.FIRST)
    (case_id,) = desk.submit()
    desk.office.do(tasks.claim, str(desk.office.open_tasks(case_id)[0].id), 1)
    new = desk.adopt(versions.SECOND)
    desk.upgraded(desk.preview())
    case = desk.office.case(case_id)
    assert (case.template_version_id, case.version) == (new, 2)
    found = {task.element_id: task for task in desk.office.open_tasks(case_id)}
    assert (found["survey"].role, found["survey"].status, found["survey"].assignee) == ("team_lead", "OPEN", None)
    assert found["statement"].role == "citizen"
    assert {row[0] for row in desk.office.rows("SELECT element_id FROM timer WHERE case_id = %s", case_id)} == {
        "late",
        "slow",
    }
    assert case.next_step == "Bitte erledigen Sie: Stellung nehmen"
    for name in ("statement", "survey", "decide"):
        desk.complete(case_id, name)
    assert desk.office.case(case_id).status == "CLOSED"
    assert not desk.office.rows("SELECT 1 FROM timer WHERE case_id = %s", case_id)


def test_histories_say_what_happened_and_the_chain_holds(desk):
    desk.adopt(versions.FIRST)
    cases = desk.submit(3)
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    desk.upgraded(upgrade)
    for case_id in cases:
        (event,) = desk.office.rows(
            "SELECT case_version, body, actor FROM event WHERE case_id = %s AND type = 'CASE_UPGRADED'", case_id
        )
        assert event[0] == 2
        assert event[1]["upgrade"] == str(upgrade)
        assert len(event[1]["legal_basis"]) == 64
        assert BASIS not in str(event[1])
        subject, text = desk.office.rows("SELECT subject, text FROM message WHERE case_id = %s", case_id)[0]
        assert "neuen Fassung" in subject
        assert BASIS in text
    assert desk.office.do(log.verify) is None
    desk.act(service.undo, upgrade)
    desk.run()
    assert desk.office.rows(
        "SELECT count(*) FROM event WHERE case_id = %s AND type = 'CASE_UPGRADE_UNDONE'", cases[0]
    ) == [(1,)]
    assert desk.office.do(log.verify) is None


def test_deadlines_are_kept_or_reckoned_from_the_start_of_the_wait(desk):
    office = desk.office
    desk.adopt(versions.FIRST)
    (kept,) = desk.submit()
    before = desk.snapshot(kept)
    desk.adopt(versions.SECOND)
    office.clock.set(START + timedelta(days=5))
    desk.upgraded(desk.preview())
    dues = lambda case_id: dict(office.rows("SELECT element_id, due_on FROM task WHERE case_id = %s", case_id))  # noqa: E731
    timers = lambda case_id: dict(office.rows("SELECT element_id, due_at FROM timer WHERE case_id = %s", case_id))  # noqa: E731
    assert dues(kept)["survey"] == before[1][0][6]
    assert timers(kept)["late"] == before[2][0][2]
    assert timers(kept)["slow"].date() == date(2026, 9, 7), "a new timer starts now"

    office.clock.set(START)
    desk.adopt(versions.FIRST)
    (moved,) = desk.submit()
    desk.adopt(versions.SECOND)
    office.clock.set(START + timedelta(days=5))
    desk.upgraded(desk.preview(deadlines="RECOMPUTE"))
    assert dues(moved)["survey"] == date(2026, 3, 23)
    assert dues(moved)["statement"] == date(2026, 5, 4), "2 May is a Saturday"
    assert timers(moved)["late"].date() == date(2026, 5, 2)
    case = office.case(moved)
    assert case.due_at.date() == date(2026, 3, 23)
    assert case.next_step_by == date(2026, 5, 4)


def test_a_deadline_is_never_brought_forward_into_the_past(desk):
    office = desk.office
    desk.adopt(versions.SECOND)
    (case_id,) = desk.submit()
    desk.adopt(versions.FIRST)
    office.clock.set(START + timedelta(days=40))
    desk.upgraded(desk.preview(deadlines="RECOMPUTE", effective_on=(START + timedelta(days=40)).date()))
    due = dict(office.rows("SELECT element_id, due_on FROM task WHERE case_id = %s", case_id))
    assert due["statement"] == date(2026, 4, 11), "one month had passed before; the effective day counts"


def test_of_cases_alike_only_those_stay_whose_timer_has_no_moment(desk):
    desk.adopt(versions.FIRST)
    good, *stuck, last = [desk.submit(1, wish=wish)[0] for wish in ("P1M", "viel", "bald", "P2M")]
    before = [desk.snapshot(case_id) for case_id in stuck]
    desk.adopt(versions.BY_WISH)
    upgrade = desk.preview()
    desk.upgraded(upgrade)
    assert desk.counts(upgrade) == {"UPGRADED": 2, "REFUSED": 2}
    assert desk.reasons(upgrade) == dict.fromkeys(stuck, "NO_DUE_DATE")
    assert [desk.snapshot(case_id) for case_id in stuck] == before
    assert [desk.office.case(case_id).version for case_id in (good, *stuck, last)] == [2, 1, 1, 2]
    told = "SELECT count(*) FROM message WHERE case_id = ANY(%s)"
    assert desk.office.rows(told, [good, last]) == [(2,)]
    assert desk.office.rows(told, stuck) == [(0,)]
    assert desk.office.do(log.verify) is None
    desk.act(service.undo, upgrade)
    desk.run()
    assert desk.counts(upgrade) == {"UNDONE": 2, "REFUSED": 2}


def test_what_an_upgrade_writes_has_ids_that_say_what_they_name(desk):
    desk.adopt(versions.FIRST)
    (case_id,) = desk.submit()
    desk.complete(case_id, "report")
    desk.adopt(versions.SECOND)
    desk.upgraded(desk.preview())
    for table, kind in (("message", Kind.MESSAGE), ("event", Kind.EVENT)):
        found = [row[0] for row in desk.office.rows(f"SELECT id FROM {table} WHERE case_id = %s", case_id)]
        assert found
        assert {kind_of(each) for each in found} == {kind}
        assert len(set(found)) == len(found)
        assert {milliseconds_of(each) // 60_000 for each in found} == {int(START.timestamp()) // 60}


def test_data_are_told_in_the_new_names_and_back(desk):
    desk.adopt(versions.FIRST)
    (case_id,) = desk.submit()
    before = desk.snapshot(case_id)
    desk.adopt(versions.SECOND, versions.RENAMED)
    upgrade = desk.preview(fields=FieldMapping({"wish": "desire"}, ("colour",), {"size": "mittel"}))
    desk.upgraded(upgrade)
    data = desk.office.case(case_id).data
    assert (data["desire"], data["size"]) == ("viel", "mittel")
    assert not {"wish", "colour"} & set(data)
    assert data["case"]["channel"] == "PORTAL"
    desk.act(service.undo, upgrade)
    desk.run()
    assert desk.snapshot(case_id) == before


def test_what_is_suggested_and_what_is_refused_of_a_mapping(desk):
    desk.adopt(versions.FIRST)
    desk.submit()
    desk.adopt(versions.SECOND, versions.RENAMED)
    upgrade = desk.preview()
    mapping, fields, warnings = desk.office.rows(
        "SELECT mapping, fields, warnings FROM case_upgrade WHERE id = %s", upgrade
    )[0]
    assert mapping["report"] == "survey"
    assert fields["rename"] == {"wish": "desire"}
    assert [each["path"] for each in warnings] == ["size", "colour"]
    assert isinstance(desk.preview(mapping={"report": "nowhere"}), Invalid)
    assert isinstance(desk.preview(fields=FieldMapping(add={"nothing": 1})), Invalid)
    assert isinstance(desk.preview(fields=FieldMapping(add={"size": 7})), Invalid)
    assert isinstance(desk.preview(legal_basis=" "), Invalid)
    assert isinstance(desk.preview(effective_on=date(2036, 1, 1)), Invalid)


def test_it_stops_resumes_and_survives_a_kill_between_batches(desk):
    desk.adopt(versions.FIRST)
    desk.submit(7)
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    desk.act(service.start, upgrade)
    assert desk.batch(3)
    assert desk.counts(upgrade) == {"UPGRADED": 3, "PLANNED": 4}

    class KilledError(Exception):
        pass

    def killed(work):
        assert batches.next_batch(work, 3)
        raise KilledError

    with pytest.raises(KilledError):
        desk.office.do(killed, system=True)
    assert desk.counts(upgrade) == {"UPGRADED": 3, "PLANNED": 4}, "the whole batch is undone by the database"
    desk.act(service.stop, upgrade)
    assert not desk.batch(3)
    desk.act(service.start, upgrade)
    desk.run(3)
    assert desk.counts(upgrade) == {"UPGRADED": 7}
    assert desk.status(upgrade)[0] == "DONE"
    assert desk.office.do(log.verify) is None


def test_a_dry_run_does_everything_and_leaves_nothing(desk):
    desk.adopt(versions.FIRST)
    cases = desk.submit(2)
    before = [desk.snapshot(case_id) for case_id in cases]
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    desk.act(service.check, upgrade)
    desk.run()
    assert desk.status(upgrade)[0] == "PREVIEWED"
    assert desk.counts(upgrade) == {"CHECKED": 2}
    assert [desk.snapshot(case_id) for case_id in cases] == before
    desk.upgraded(upgrade)
    assert desk.counts(upgrade) == {"UPGRADED": 2}


def test_a_case_that_moved_since_the_preview_is_judged_anew(desk):
    desk.adopt(versions.FIRST)
    late, ended = desk.submit(2)
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    desk.complete(late, "report")
    for name in ("report", "statement", "decide"):
        desk.complete(ended, name)
    desk.upgraded(upgrade)
    assert desk.counts(upgrade) == {"UPGRADED": 1, "REFUSED": 1}
    assert desk.reasons(upgrade) == {ended: "ENDED"}
    assert {task.element_id for task in desk.office.open_tasks(late)} == {"statement"}


def test_only_chosen_markings_and_only_what_was_adopted(desk):
    first = desk.adopt(versions.FIRST)
    fresh, half = desk.submit(2)
    desk.complete(half, "report")
    second = desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    chosen = [row[0] for row in desk.groups(upgrade) if row[6] == ["statement"]]
    desk.act(service.start, upgrade, groups=chosen)
    desk.run()
    assert desk.counts(upgrade) == {"UPGRADED": 1, "LEFT_OUT": 1}
    assert desk.office.case(fresh).template_version_id == first
    assert desk.office.case(half).template_version_id == second
    third = versions.store(desk.office.deployment, versions.source(versions.THIRD_BRANCH))
    ahead = desk.preview(to=Source(third))
    start = lambda work: service.start(work, str(ahead), 1)  # noqa: E731
    assert desk.office.do(start, role="county_admin").code == "NOT_ADOPTED"


def test_it_waits_for_the_effective_day(desk):
    desk.adopt(versions.FIRST)
    desk.submit()
    desk.adopt(versions.SECOND)
    upgrade = desk.preview(effective_on=(START + timedelta(days=3)).date())
    desk.act(service.start, upgrade)
    assert not desk.batch()
    desk.office.clock.set(START + timedelta(days=3))
    desk.run()
    assert desk.counts(upgrade) == {"UPGRADED": 1}


def test_undo_restores_exactly_and_judges_those_that_went_on(desk):
    desk.adopt(versions.FIRST)
    still, moved = desk.submit(2)
    before = desk.snapshot(still)
    desk.adopt(versions.SECOND)
    upgrade = desk.preview(deadlines="RECOMPUTE")
    desk.upgraded(upgrade)
    assert desk.snapshot(still) != before
    desk.complete(moved, "survey")
    desk.act(service.undo, upgrade)
    desk.run()
    assert desk.counts(upgrade) == {"UNDONE": 2}
    assert desk.snapshot(still) == before
    assert {task.element_id for task in desk.office.open_tasks(moved)} == {"statement"}
    for case_id, names in ((moved, ("statement", "decide")), (still, ("report", "statement", "decide"))):
        for name in names:
            desk.complete(case_id, name)
        assert desk.office.case(case_id).status == "CLOSED"


def test_what_stays_when_undone(desk):
    desk.adopt(versions.FIRST)
    decided, ended = desk.submit(2)
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    desk.upgraded(upgrade)
    for name in ("survey", "statement", "decide"):
        desk.complete(ended, name)
    with_notice(desk.office, decided)
    before = desk.snapshot(decided)
    desk.act(service.undo, upgrade)
    desk.run()
    assert desk.reasons(upgrade) == {decided: "NOTICE_ISSUED", ended: "ENDED"}
    assert desk.snapshot(decided) == before


def with_notice(office, case_id):
    """A decision as the documents' service writes one."""
    now = office.clock.now()
    ((document_id,),) = office.rows(
        "INSERT INTO document (id, case_id, kind, title, media_type, size_bytes, sha256, storage_key,"
        " visible_to_applicant, created_by, created_at) VALUES (gen_random_uuid(), %s, 'notice', 'x',"
        " 'application/pdf', 1, '', '', true, 'x', %s) RETURNING id",
        case_id,
        now,
    )
    office.rows(
        "INSERT INTO decision (id, case_id, kind, outcome, decided_at, document_id, legal_basis, responsible_name)"
        " VALUES (gen_random_uuid(), %s, 'MAIN', 'GRANTED', %s, %s, 'x', 'x') RETURNING 1",
        case_id,
        now,
        document_id,
    )


def test_criteria_narrow_the_set(desk):
    first = desk.adopt(versions.FIRST)
    numbers = [desk.office.case(case_id).case_number for case_id in desk.submit(3)]
    desk.adopt(versions.SECOND)
    today = START.date()

    def found(**criteria):
        return sum(row[1] for row in desk.groups(desk.preview(criteria=Criteria(**criteria))))

    assert found() == 3
    assert found(versions=(first,)) == 3
    assert found(statuses=("DECIDED",)) == 0
    assert found(case_numbers=tuple(numbers[:2])) == 2
    assert found(received_from=today, opened_until=today) == 3
    assert found(received_until=today - timedelta(days=1)) == 0
    assert isinstance(desk.preview(criteria=Criteria(statuses=("CLOSED",))), Invalid)


def test_stale_versions_foreign_ids_and_wrong_states_are_refused(desk):
    desk.adopt(versions.FIRST)
    desk.submit()
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()

    def refusal(act, version, upgrade_id=upgrade):
        return desk.office.do(lambda work: act(work, str(upgrade_id), version), role="county_admin")

    assert refusal(service.start, 9).code == "STALE_VERSION"
    assert isinstance(refusal(service.undo, 1), Conflict)
    assert isinstance(refusal(service.start, 1, "nothing"), NotFound)
    assert isinstance(
        desk.office.do(previewing.preview, UpgradeOrder("nothing", START.date(), BASIS), role="county_admin"), NotFound
    )


def test_another_county_neither_sees_nor_moves_them(desk, other_office):
    desk.adopt(versions.FIRST)
    (case_id,) = desk.submit()
    desk.adopt(versions.SECOND)
    upgrade = desk.preview()
    other = Desk(other_office)
    other.adopt(versions.SECOND)
    assert sum(row[1] for row in other.groups(other.preview())) == 0
    stolen = lambda work: service.start(work, str(upgrade), 1)  # noqa: E731
    assert isinstance(other_office.do(stolen, role="county_admin"), NotFound)
    assert not other.batch()
    assert desk.office.case(case_id).version == 1
