"""Review rounds: frozen content, anchored comments, one vote per county, the agreement's rule and period."""

import json
from uuid import UUID, uuid4

import pytest

from kreisbund_platform.errors import Conflict, Forbidden, Invalid, NotFound
from kreisbund_platform.templates.life_cycle import agreements, drafts, reviews, voting
from kreisbund_platform.templates.life_cycle.models import (
    CooperationAgreement,
    ReviewComment,
    ReviewRound,
    ReviewVote,
    TemplateHistory,
)
from tests.templates.conftest import FOUR, LEAD

A, B, C, D = (uuid4() for _ in range(4))
YES, NO, PASS = voting.CHOICES


@pytest.mark.parametrize(
    ("rule", "votes", "result"),
    [
        ("MAJORITY", {A: YES, B: YES, C: NO}, "ACCEPTED"),
        ("MAJORITY", {A: YES, B: YES}, "REJECTED"),  # half of the counties is no majority of them
        ("MAJORITY", {A: YES, B: NO, C: PASS}, "REJECTED"),
        ("MAJORITY", {A: YES, B: PASS, C: PASS}, "ACCEPTED"),
        ("UNANIMITY", {A: YES, B: YES, C: YES}, "REJECTED"),
        ("UNANIMITY", {A: YES, B: YES, C: YES, D: PASS}, "ACCEPTED"),
        ("UNANIMITY", {A: YES, B: YES, C: YES, D: NO}, "REJECTED"),
        ("LEAD_DECIDES", {A: YES}, "ACCEPTED"),
        ("LEAD_DECIDES", {A: NO, B: YES, C: YES, D: YES}, "REJECTED"),
        ("MAJORITY", {A: YES, uuid4(): YES, uuid4(): YES}, "REJECTED"),  # strangers do not count
    ],
)
def test_the_rule_of_the_agreement(rule, votes, result):
    assert voting.count(rule, (A, B, C, D), A, votes).result == result


def test_four_counties_agreed(team):
    (agreement,) = team.all(CooperationAgreement)
    assert (agreement.rule, agreement.minimum_review_days) == ("MAJORITY", 14)


def test_comments_hang_on_places_and_are_settled(team):
    draft_id = team.begin()
    round_id = str(team.open(draft_id))
    said = team.do(
        reviews.comment, round_id, reviews.NewComment("process.bpmn", "Zu kurz?", "hearing_expired"), by="nordhausen"
    )
    answer = reviews.NewComment("", "Wird länger.", answer_to=str(said))
    answered = team.row(ReviewComment, id=team.do(reviews.comment, round_id, answer))
    assert (answered.parent_id, answered.file, answered.element_id) == (said, "process.bpmn", "hearing_expired")
    again = reviews.NewComment("", "Danke.", answer_to=str(answered.id))
    assert team.row(ReviewComment, id=team.do(reviews.comment, round_id, again)).parent_id == said
    assert isinstance(team.do(reviews.resolve, str(said), True, by="wartburgkreis"), Forbidden)
    assert team.do(reviews.resolve, str(said), True, by=LEAD) == said
    assert team.row(ReviewComment, id=said).resolved_by_name


@pytest.mark.parametrize(
    ("order", "path"),
    [
        (reviews.NewComment("process.bpmn", "Hier?", "nowhere"), "elementId"),
        (reviews.NewComment("secret.dmn", "Hier?"), "file"),
        (reviews.NewComment("process.bpmn", "  "), "text"),
        (reviews.NewComment("process.bpmn", "x" * 20_000), "text"),
        (reviews.NewComment("process.bpmn", "Ja", answer_to=str(uuid4())), "answerTo"),
    ],
)
def test_comments_that_hang_nowhere(team, order, path):
    if not hasattr(team, "spare_round"):
        team.spare_round = str(team.open(team.begin()))
    refused = team.do(reviews.comment, team.spare_round, order)
    assert isinstance(refused, Invalid)
    assert refused.field_errors[0].path == path


def test_a_county_votes_once_and_may_change_it(team):
    round_id = team.open(team.begin())
    team.do(reviews.vote, str(round_id), "REJECT", "Noch nicht", by="nordhausen")
    team.do(reviews.vote, str(round_id), "APPROVE", "", by="nordhausen")
    (vote,) = team.all(ReviewVote, round_id=round_id)
    assert vote.choice == "APPROVE"
    assert isinstance(team.do(reviews.vote, str(round_id), "REJECT", "", by="nordhausen"), Invalid)
    assert isinstance(team.do(reviews.vote, str(round_id), "VIELLEICHT", "", by="nordhausen"), Invalid)


def test_who_is_no_delegate_of_the_agreement_does_not_vote(team):
    round_id = str(team.open(team.begin()))
    for other in ("lead", "eichsfeld"):
        refused = team.do(reviews.vote, round_id, "APPROVE", "", by=other)
        assert isinstance(refused, Forbidden)
        assert refused.code == "NOT_IN_AGREEMENT"


def test_the_minimum_period_holds_and_the_result_is_recorded(team):
    draft_id = team.begin()
    round_id = team.open(draft_id)
    for county in FOUR:
        team.do(reviews.vote, str(round_id), "APPROVE", "", by=county)
    team.later(days=13, hours=23)
    version = team.row(ReviewRound, id=round_id).version
    refused = team.do(reviews.close, str(round_id), version)
    assert isinstance(refused, Conflict)
    assert refused.code == "MINIMUM_PERIOD"
    team.later(hours=1)
    assert isinstance(team.do(reviews.close, str(round_id), version, by="wartburgkreis"), Forbidden)
    assert team.do(reviews.close, str(round_id), version - 1).code == "STALE_VERSION"
    assert team.do(reviews.close, str(round_id), version) == round_id
    assert team.draft(draft_id).status == "ACCEPTED"
    last = team.all(TemplateHistory, "id DESC", draft_id=draft_id)[0]
    assert (last.type, last.body["approve"], last.content_hash) == (
        "ROUND_ACCEPTED", 4, team.row(ReviewRound, id=round_id).content_hash,
    )  # fmt: skip
    assert team.do(reviews.vote, str(round_id), "REJECT", "Zu spät", by="nordhausen").code == "ROUND_CLOSED"


def test_editing_overtakes_the_round_and_a_new_one_is_needed(team):
    draft_id = team.begin()
    round_id = team.open(draft_id)
    team.write(draft_id, {"summary": "Doch anders"})
    assert team.row(ReviewRound, id=round_id).status == "OVERTAKEN"
    assert team.draft(draft_id).status == "OPEN"
    second = team.row(ReviewRound, id=team.open(draft_id))
    assert second.number == 2


def test_a_file_only_laid_out_anew_keeps_the_round(team):
    draft_id = team.begin()
    round_id = team.open(draft_id)
    compact = json.dumps(json.loads(team.files(draft_id)["cases.json"]))
    team.do(drafts.save, str(draft_id), {"cases.json": compact}, team.draft(draft_id).version)
    assert team.row(ReviewRound, id=round_id).status == "OPEN"


def test_what_fails_the_checks_and_what_is_unknown_gets_no_round(team):
    draft_id = team.begin()
    team.do(drafts.save, str(draft_id), {"cases.json": "[]"}, team.draft(draft_id).version)
    refused = team.open(draft_id)
    assert isinstance(refused, Invalid)
    assert refused.field_errors[0].code == "CASES_MISSING"
    for unknown in ("unlesbar", str(draft_id), str(uuid4())):
        assert isinstance(team.do(reviews.vote, unknown, "APPROVE", ""), NotFound)


def test_rules_change_by_the_teams_lead_for_later_rounds_only(team):
    (agreement,) = team.all(CooperationAgreement)
    before = team.row(ReviewRound, id=team.open(team.begin()))
    rules = agreements.ReviewRules("UNANIMITY", 3)
    assert isinstance(team.do(agreements.change_rules, str(agreement.id), rules, agreement.version), Forbidden)
    bad = agreements.ReviewRules("LOSEN", -1)
    assert isinstance(team.do(agreements.change_rules, str(agreement.id), bad, agreement.version, by="lead"), Invalid)
    assert team.do(agreements.change_rules, str(agreement.id), rules, agreement.version, by="lead") == agreement.id
    try:
        after = team.row(ReviewRound, id=team.open(team.begin()))
        assert (after.rule, before.rule) == ("UNANIMITY", "MAJORITY")
        assert isinstance(before.id, UUID)
        assert team.row(ReviewRound, id=before.id).rule == "MAJORITY"
    finally:
        back = agreements.ReviewRules("MAJORITY", 14)
        team.do(agreements.change_rules, str(agreement.id), back, agreement.version + 1, by="lead")
