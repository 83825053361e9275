"""Drafts: autosaved, never overwritten, judged at once, written by the topic's lead county only."""

from uuid import UUID

import psycopg
import pytest

from kreisbund_platform.errors import Conflict, Forbidden, Invalid, NotFound
from kreisbund_platform.templates.life_cycle import contents, drafts
from kreisbund_platform.templates.life_cycle.models import DraftRevision, TemplateHistory
from kreisbund_platform.templates.source import load_folder
from tests.templates.test_publishing import FOLDERS, SCHOOL


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_files_and_source_are_the_same_content(folder):
    source = load_folder(folder)
    judged = contents.judge(contents.files_of(source))
    assert (judged.content_hash, judged.problems) == (source.content_hash, [])


def test_every_save_is_a_revision_with_author_and_time(team):
    draft_id = team.begin(summary="Eins")
    team.later(minutes=3)
    team.do(drafts.save, str(draft_id), {"notes.dmn": "<kaputt"}, team.draft(draft_id).version, by="lead")
    found = team.all(DraftRevision, "number", draft_id=draft_id)
    assert [(each.number, each.saved_by.split(":")[1]) for each in found] == [
        (1, "kyffhaeuserkreis"), (2, "kyffhaeuserkreis"), (3, "lead"),
    ]  # fmt: skip
    assert found[2].saved_at > found[1].saved_at
    assert found[1].problems == []
    assert found[2].problems[0]["file"] == "notes.dmn"
    assert [each.type for each in team.all(TemplateHistory, "id", draft_id=draft_id)] == [
        "DRAFT_CREATED", "DRAFT_SAVED", "DRAFT_SAVED",
    ]  # fmt: skip


def test_what_cannot_be_read_is_saved_and_named(team):
    draft_id = team.begin()
    for text in ("{", "[]", '{"a": NaN}', "[" * 5000):
        saved = team.do(drafts.save, str(draft_id), {"template.json": text}, team.draft(draft_id).version)
        assert saved == draft_id
        assert team.files(draft_id)["template.json"] == text
        newest = team.row(DraftRevision, draft_id=draft_id, number=team.draft(draft_id).revision)
        assert [problem["code"] for problem in newest.problems] == ["UNREADABLE"]


def test_two_authors_and_a_stale_save_loses_nothing(team):
    draft_id = team.begin()
    version = team.draft(draft_id).version
    first = team.do(drafts.save, str(draft_id), {"grant.letter.json": '{"a": 1}'}, version)
    second = team.do(drafts.save, str(draft_id), {"grant.letter.json": '{"b": 2}'}, version, by="lead")
    assert first == draft_id
    assert isinstance(second, Conflict)
    assert (second.code, second.current_version) == ("STALE_VERSION", version + 1)
    assert team.files(draft_id)["grant.letter.json"] == '{"a": 1}'


def test_an_older_revision_comes_back_as_a_new_one(team):
    draft_id = team.begin(summary="Zuerst")
    team.write(draft_id, {"summary": "Danach"})
    draft = team.draft(draft_id)
    assert team.do(drafts.restore, str(draft_id), 2, draft.version) == draft_id
    assert "Zuerst" in team.files(draft_id)["template.json"]
    newest = team.row(DraftRevision, draft_id=draft_id, number=draft.revision + 1)
    assert newest.restored_from == 2
    assert isinstance(team.do(drafts.restore, str(draft_id), 99, team.draft(draft_id).version), NotFound)


def test_only_the_lead_county_and_the_teams_lead_write(team):
    draft_id = team.begin()
    version = team.draft(draft_id).version
    for other in ("nordhausen", "wartburgkreis"):
        refused = team.do(drafts.save, str(draft_id), {"cases.json": "[]"}, version, by=other)
        assert isinstance(refused, Forbidden)
        base = drafts.NewDraft(base_version=str(team.newest().id))
        assert isinstance(team.do(drafts.create, base, by=other), Forbidden)
    assert isinstance(team.do(drafts.discard, str(draft_id), version, by="lead"), UUID)
    assert team.do(drafts.save, str(draft_id), {}, version + 1).code == "DRAFT_ENDED"


def test_an_empty_draft_and_one_from_files(team):
    empty = team.do(drafts.create, drafts.NewDraft(slug="schulgirokonto", topic="schule"))
    assert set(team.files(empty)) >= {"template.json", "process.bpmn", "application.form.json", "cases.json"}
    first = team.row(DraftRevision, draft_id=empty, number=1)
    assert first.problems == []
    files = contents.files_of(load_folder(SCHOOL))
    given = team.do(drafts.create, drafts.NewDraft(slug="schulwege", topic="schule", files=files))
    assert team.files(given) == files
    assert team.draft(given).title == "Schülerbeförderung"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (drafts.NewDraft(slug="Groß", topic="schule"), "INVALID_DRAFT"),
        (drafts.NewDraft(slug="neu", topic="nirgendwo"), "INVALID_DRAFT"),
        (drafts.NewDraft(slug="jagdschein", topic="schule"), "OTHER_TOPIC"),
        (drafts.NewDraft(slug="neu", topic="schule", files={"../../etc/passwd": ""}), "INVALID_FILES"),
        (drafts.NewDraft(slug="neu", topic="schule", files={"a.dmn": "\x00"}), "INVALID_FILES"),
        (drafts.NewDraft(slug="neu", topic="schule", files={"a.dmn": "x" * 2_000_000}), "INVALID_FILES"),
        (drafts.NewDraft(base_version="unlesbar"), "NOT_FOUND"),
    ],
)
def test_what_no_draft_begins_with(team, order, code):
    refused = team.do(drafts.create, order)
    assert isinstance(refused, Invalid | Conflict | NotFound)
    assert refused.code == code


def test_no_county_reads_a_draft_and_nobody_changes_history(team):
    draft_id = team.begin()
    for table in ("template_draft", "draft_revision", "review_round", "template_history", "signing_key_secret"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            team.county("nordhausen", lambda work, t=table: work.connection.execute(f"SELECT * FROM shared.{t}"))
    with team.deployment.database.owner() as owner:
        for statement in ("UPDATE shared.draft_revision SET files = '{}'", "DELETE FROM shared.template_history"):
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
                owner.execute(statement)
    assert team.files(draft_id)


def test_a_draft_may_call_a_published_template(team):
    called = team.newest("jagdschein")
    task = '<bpmn:userTask id="check"'
    call = f'<bpmn:callActivity id="check" calledElement="jagdschein" kb:version="{called.number}"'
    empty = team.do(drafts.create, drafts.NewDraft(slug="sammelantrag", topic="schule"))
    process = team.files(empty)["process.bpmn"].replace(task, call).replace("</bpmn:userTask>", "</bpmn:callActivity>")
    for attribute in ('kb:role="caseworker" ', 'kb:form="check" ', 'kb:due="P14D" '):
        process = process.replace(attribute, "")
    for number, is_known in ((called.number, True), (999, False)):
        text = process.replace(f'kb:version="{called.number}"', f'kb:version="{number}"')
        team.do(drafts.save, str(empty), {"process.bpmn": text}, team.draft(empty).version)
        problems = team.row(DraftRevision, draft_id=empty, number=team.draft(empty).revision).problems
        assert ("MODEL" not in {each["code"] for each in problems}) is is_known, problems
