"""Two natural persons publish exactly what was accepted; counties verify by themselves and refuse what was touched."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from psycopg.types.json import Json

from kreisbund_platform.errors import Conflict, Forbidden, Invalid
from kreisbund_platform.templates import adoptions
from kreisbund_platform.templates.life_cycle import (
    publication,
    retirement,
    reviews,
    shared_queries,
    signatures,
    signing_keys,
)
from kreisbund_platform.templates.life_cycle.models import (
    PublicationProposal,
    ReviewRound,
    SigningKey,
    TemplateHistory,
    VersionPublication,
    VersionSignature,
)
from kreisbund_platform.templates.source import source_of
from tests.templates.conftest import FOUR, LEAD, SLUG


def problems(team, version) -> list[str]:
    found = team.county("nordhausen", lambda work: signatures.verify(work.connection, work.settings, version.id))
    return [each.code for each in found]


def test_the_whole_way_to_a_version(team):
    before = team.newest()
    day = date(2027, 1, 1)
    version = team.publish("DECISIONS_FROM", day)
    assert version.number == before.number + 1
    assert problems(team, version) == []
    rule = team.row(VersionPublication, version_id=version.id)
    assert (rule.transition, rule.transition_on) == ("DECISIONS_FROM", day)
    types = [each.type for each in team.all(TemplateHistory, "id", template_slug=SLUG)]
    assert types[-10:] == [
        "DRAFT_CREATED", "DRAFT_SAVED", "ROUND_OPENED", "VOTE_CAST", "VOTE_CAST", "VOTE_CAST", "ROUND_ACCEPTED",
        "PROPOSAL_SIGNED", "PROPOSAL_SIGNED", "VERSION_PUBLISHED",
    ]  # fmt: skip


def test_the_same_natural_person_signs_once_whatever_the_account(team):
    draft_id = team.begin()
    team.accept(draft_id)
    team.propose(draft_id, by="lead")
    proposal = str(team.proposal(draft_id).id)
    refused = team.do(publication.sign, proposal, by="lead")
    assert isinstance(refused, Conflict)
    assert refused.code == "SAME_PERSON"
    accounts = (("service-team", "lead"), ("service-team", "lead2"))
    with team.deployment.connections.for_workspace("operations") as connection:
        linked = signatures.link_accounts(connection, *accounts, team.clock.now(), "operations:x")
    assert isinstance(linked, UUID)
    assert team.do(publication.sign, proposal, by="lead2").code == "SAME_PERSON"
    assert team.do(publication.sign, proposal, by="wartburgkreis") == draft_id
    assert problems(team, team.newest()) == []


def test_nothing_is_published_without_an_accepted_round_on_this_very_content(team):
    draft_id = team.begin()
    assert team.propose(draft_id).code == "NOT_ACCEPTED"
    team.accept(draft_id)
    team.write(draft_id, {"summary": "Nach der Runde geändert"})
    refused = team.propose(draft_id)
    assert isinstance(refused, Conflict)
    assert refused.code == "NOT_ACCEPTED"


def test_editing_withdraws_the_proposal(team):
    draft_id = team.begin()
    team.accept(draft_id)
    team.propose(draft_id)
    team.write(draft_id, {"summary": "Geändert, während eine Unterschrift fehlt"})
    proposal = team.proposal(draft_id)
    assert proposal.status == "WITHDRAWN"
    assert team.do(publication.sign, str(proposal.id), by="lead").code == "PROPOSAL_CLOSED"


def test_a_rejected_round_publishes_nothing(team):
    draft_id = team.begin()
    round_id = team.open(draft_id)
    for county in FOUR:
        team.do(reviews.vote, str(round_id), "REJECT", "Nein", by=county)
    team.later(days=15)
    team.do(reviews.close, str(round_id), team.row(ReviewRound, id=round_id).version)
    assert team.row(ReviewRound, id=round_id).status == "REJECTED"
    assert team.propose(draft_id).code == "NOT_ACCEPTED"


def test_proposals_of_strangers_and_unclear_rules_are_refused(team):
    draft_id = team.begin()
    team.accept(draft_id)
    assert isinstance(team.propose(draft_id, by="nordhausen"), Forbidden)
    for rule, on in (("ALL", date(2027, 1, 1)), ("RECEIVED_FROM", None), ("SOMETIMES", None)):
        assert isinstance(team.propose(draft_id, rule, on), Invalid)
    team.propose(draft_id)
    assert team.propose(draft_id, by="lead").code == "ALREADY_PROPOSED"
    assert team.do(publication.withdraw, str(team.proposal(draft_id).id)) == draft_id
    assert team.propose(draft_id, "RECEIVED_FROM", date(2027, 1, 1)) == draft_id


def test_a_number_taken_meanwhile_needs_a_new_proposal(team):
    first, second = team.begin(), team.begin()
    for draft_id in (first, second):
        team.accept(draft_id)
        team.propose(draft_id)
    assert team.do(publication.sign, str(team.proposal(first).id), by="lead") == first
    assert team.do(publication.sign, str(team.proposal(second).id), by="lead").code == "PROPOSAL_OUTDATED"


def test_a_draft_cannot_take_over_another_template_or_topic(team):
    manifest = team.newest().manifest
    for change in ({"slug": "jagdschein"}, {"topic": {**manifest["topic"], "lead_county": "wartburgkreis"}}):
        draft_id = team.begin()
        team.write(draft_id, {"summary": "Feindlich", **change})
        team.accept(draft_id)
        assert team.propose(draft_id).code == "OTHER_TEMPLATE"


def test_the_same_content_is_not_published_twice(team):
    draft_id = team.begin(summary=team.newest().manifest["summary"])
    team.accept(draft_id)
    assert team.propose(draft_id).code == "ALREADY_PUBLISHED"


def facts(team, version):
    def read(work):
        publication_ = team.row(VersionPublication, version_id=version.id)
        signed = shared_queries.signatures_of(work.connection, publication_.signed_target_id)
        return signatures.statement_of(SLUG, version, publication_), signed

    return (*team.do(read), signing_keys.root_public_key(team.deployment.settings))


def test_a_county_verifies_offline(team):
    version = team.publish()
    statement, signed, root = facts(team, version)

    def codes(version=version, statement=statement, signed=signed, root=root, accounts=()):
        return {each.code for each in signatures.problems_of(version, statement, signed, accounts, root)}

    copy = type(version)(**version.model_dump())
    copy.bpmn_xml = version.bpmn_xml.replace("P14D", "P15D")
    assert codes() == set()
    assert codes(version=copy) == {"CONTENT_CHANGED"}
    for touched in (
        replace(statement, number=99),
        replace(statement, transition="RECEIVED_FROM", transition_on=date.max),
    ):
        assert codes(statement=touched) == {"SIGNATURE_INVALID", "SIGNATURES_MISSING"}
    assert codes(signed=signed[:1]) == {"SIGNATURES_MISSING"}
    assert codes(signed=[signed[0], signed[0]]) == {"SIGNATURES_MISSING"}
    assert codes(root=b"x" * 32) == {"SIGNATURE_INVALID", "SIGNATURES_MISSING"}
    forged = SigningKey(**{**signed[1][1].model_dump(), "public_key": signed[0][1].public_key})
    assert "SIGNATURE_INVALID" in codes(signed=[signed[0], (signed[1][0], forged)])


def touch(team, version, letters):
    with team.deployment.database.owner() as owner, owner.transaction():
        owner.execute("ALTER TABLE shared.template_version DISABLE TRIGGER template_version_immutable")
        owner.execute("UPDATE shared.template_version SET letters = %s WHERE id = %s", (Json(letters), version.id))
        owner.execute("ALTER TABLE shared.template_version ENABLE TRIGGER template_version_immutable")


def test_a_touched_version_is_not_adopted(team):
    version = team.publish()
    touch(team, version, {})
    refused = team.county("nordhausen", adoptions.adopt, SLUG)
    assert isinstance(refused, Conflict)
    assert refused.code == "CONTENT_CHANGED"
    touch(team, version, version.letters)
    assert isinstance(team.county("nordhausen", adoptions.adopt, SLUG), UUID)


def test_unsigned_versions_pass_in_the_demonstration_only_until_two_sign(team):
    version = team.version("baugenehmigung")
    production = replace(team.deployment.settings, environment="production")

    def adopt(work):
        return adoptions.adopt(replace(work, settings=production), "baugenehmigung")

    assert problems(team, version) == ["UNSIGNED"]
    assert team.county("wartburgkreis", adopt).code == "UNSIGNED"
    assert team.do(signatures.sign_version, version.id, by="lead") == version.id
    assert team.county("wartburgkreis", adopt).code == "SIGNATURES_MISSING"
    assert team.do(signatures.sign_version, version.id, by="lead").code == "SAME_PERSON"
    assert team.do(signatures.sign_version, version.id, by="unstrut-hainich-kreis").code == "ONLY_LEAD_COUNTY"
    assert team.do(signatures.sign_version, version.id, by="lead3") == version.id
    assert problems(team, version) == []
    assert team.county("wartburgkreis", adopt) == version.template_id


def test_keys_lie_wrapped_and_signatures_never_change(team):
    team.publish()
    (key,) = team.all(SigningKey, realm="service-team", subject=LEAD)
    assert len(key.public_key) == 32
    with team.deployment.database.owner() as owner:
        wrapped = owner.execute("SELECT wrapped FROM shared.signing_key_secret").fetchall()
        assert all(len(row[0]) == 12 + 32 + 16 for row in wrapped)
        with pytest.raises(Exception, match="never changes"):
            owner.execute("UPDATE shared.version_signature SET signature = ''")
    assert team.all(VersionSignature, "signed_at", name="Topic Lead")
    assert team.all(PublicationProposal, "number", status="PUBLISHED")


def test_retiring_ends_new_adoptions_and_keeps_what_exists(team):
    version = team.publish()
    team.county("unstrut-hainich-kreis", adoptions.adopt, SLUG)
    assert isinstance(team.do(retirement.retire, SLUG, version.number, "Neues Recht", by="wartburgkreis"), Forbidden)
    assert isinstance(team.do(retirement.retire, SLUG, version.number, " "), Invalid)
    team.do(retirement.retire, SLUG, version.number, "Neues Recht")
    assert team.do(retirement.retire, SLUG, version.number, "Noch einmal").code == "ALREADY_RETIRED"
    in_force = team.county("unstrut-hainich-kreis", lambda work: adoptions.version_in_force(work.connection, SLUG))
    assert in_force is None
    team.county("unstrut-hainich-kreis", adoptions.adopt, SLUG)
    assert source_of(team.newest()).content_hash == team.newest().content_hash
