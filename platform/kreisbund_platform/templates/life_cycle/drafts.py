"""Drafts: begun from a version, from files or from nothing; every save is a revision, none is ever overwritten."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.errors import Conflict, FieldError, Invalid, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.life_cycle import access, contents, rows, shared_queries
from kreisbund_platform.templates.life_cycle.models import DraftRevision, TemplateDraft
from kreisbund_platform.templates.models import ProcessTemplate, Topic
from kreisbund_platform.templates.source import source_of
from kreisbund_platform.texts import _

NEW_TEMPLATE = Path(__file__).with_name("new_template")
ENDED = frozenset({"PUBLISHED", "DISCARDED"})


@dataclass(frozen=True)
class NewDraft:
    """What a draft begins with: a published version, files (a folder or an import), or neither for an empty one.

    `slug` and `topic` (its slug) are needed where there is no version.
    """

    base_version: str | None = None
    slug: str | None = None
    topic: str | None = None
    files: Mapping[str, Any] | None = None


def create(work: TeamContext, order: NewDraft) -> UUID | Refusal:
    """Begins a draft and answers its id."""
    begun = _from_version(work, order.base_version) if order.base_version else _from_nothing(work, order)
    if not isinstance(begun, tuple):
        return begun
    draft, files = begun
    given = dict(order.files) if order.files is not None else files
    refusal = access.may_not_write(work, draft.topic_id) or contents.refused(given)
    if refusal:
        return refusal
    judged = contents.judge(given, work.connection)
    draft.title = _title(judged, draft.title)
    rows.insert(work.connection, draft)
    _add_revision(work, draft, given, judged)
    access.record(
        work, draft.template_slug, "DRAFT_CREATED", draft_id=draft.id, content_hash=judged.content_hash,
        base=str(draft.base_version_id) if draft.base_version_id else None,
    )  # fmt: skip
    return draft.id


def _from_version(work: TeamContext, version_id: str) -> tuple[TemplateDraft, dict[str, str]] | Refusal:
    identifier = ids.parse_id(version_id, ids.Kind.TEMPLATE_VERSION)
    version = queries.version(work.connection, identifier) if identifier else None
    template = rows.one(work.connection, ProcessTemplate, id=version.template_id) if version else None
    if version is None or template is None:
        return refusals.not_found()
    draft = _draft(work, template.slug, template.topic_id, template.title)
    draft.base_version_id = version.id
    return draft, contents.files_of(source_of(version))


def _from_nothing(work: TeamContext, order: NewDraft) -> tuple[TemplateDraft, dict[str, str]] | Refusal:
    slug = (order.slug or "").strip()
    topic = rows.one(work.connection, Topic, slug=order.topic or "")
    if not slug or len(slug) > 60 or not contents.NAME.fullmatch(slug) or slug != slug.lower():
        text = _("Bitte geben Sie ein Kürzel aus Kleinbuchstaben, Ziffern und Bindestrichen an.")
        return Invalid("INVALID_DRAFT", text, (FieldError("slug", "SLUG", text),))
    if topic is None:
        text = _("Bitte wählen Sie ein Thema.")
        return Invalid("INVALID_DRAFT", text, (FieldError("topic", "TOPIC", text),))
    known = rows.one(work.connection, ProcessTemplate, slug=slug)
    if known is not None and known.topic_id != topic.id:
        return Conflict("OTHER_TOPIC", _("Eine Vorlage mit diesem Kürzel gehört zu einem anderen Thema."))
    lead = shared_queries.tenant_slug(work.connection, topic.lead_tenant_id)
    values = {"@SLUG@": slug, "@TOPIC@": topic.slug, "@TOPIC_TITLE@": topic.title, "@LEAD@": lead or ""}
    files = {path.name: _filled(path.read_text("utf-8"), values) for path in sorted(NEW_TEMPLATE.iterdir())}
    return _draft(work, slug, topic.id, slug), files


def _filled(text: str, values: Mapping[str, str]) -> str:
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def _draft(work: TeamContext, slug: str, topic_id: UUID, title: str) -> TemplateDraft:
    now, account = work.clock.now(), access.account_of(work.principal)
    return TemplateDraft(
        id=ids.new_id(ids.Kind.TEMPLATE_DRAFT, now),
        template_slug=slug,
        topic_id=topic_id,
        title=title,
        status="OPEN",
        version=1,
        revision=1,
        created_at=now,
        created_by=account,
        updated_at=now,
        updated_by=account,
    )


def save(work: TeamContext, draft_id: str, files: Mapping[str, Any], expected_version: int) -> UUID | Refusal:
    """Saves files of a draft: those named replace, those that are null go, the others stay. Never judged away.

    A stale `expected_version` is a Conflict and changes nothing; the author still has the text and merges.
    """
    draft = writable(work, draft_id, expected_version)
    if not isinstance(draft, TemplateDraft):
        return draft
    kept = dict(newest(work, draft).files)
    changed = {name: text for name, text in {**kept, **files}.items() if text is not None}
    if refusal := contents.refused(changed):
        return refusal
    if changed == kept:
        return draft.id
    return _save(work, draft, changed, None)


def restore(work: TeamContext, draft_id: str, number: int, expected_version: int) -> UUID | Refusal:
    """Makes an older revision the newest again, as a revision of its own."""
    draft = writable(work, draft_id, expected_version)
    if not isinstance(draft, TemplateDraft):
        return draft
    older = rows.one(work.connection, DraftRevision, draft_id=draft.id, number=number)
    return _save(work, draft, dict(older.files), number) if older else refusals.not_found()


def _save(work: TeamContext, draft: TemplateDraft, files: dict[str, str], restored: int | None) -> UUID:
    judged = contents.judge(files, work.connection)
    before = newest(work, draft).content_hash
    draft.revision += 1
    draft.title = _title(judged, draft.title)
    _add_revision(work, draft, files, judged, restored)
    if judged.content_hash != before:
        shared_queries.overtake(work.connection, draft.id, work.clock.now())
        draft.status = "OPEN"
    touch(work, draft, "revision", "title")
    type_ = "DRAFT_RESTORED" if restored else "DRAFT_SAVED"
    access.record(
        work, draft.template_slug, type_, draft_id=draft.id, content_hash=judged.content_hash,
        revision=draft.revision, restored_from=restored,
    )  # fmt: skip
    return draft.id


def discard(work: TeamContext, draft_id: str, expected_version: int) -> UUID | Refusal:
    """Gives a draft up; its revisions stay."""
    draft = writable(work, draft_id, expected_version)
    if not isinstance(draft, TemplateDraft):
        return draft
    shared_queries.overtake(work.connection, draft.id, work.clock.now())
    draft.status = "DISCARDED"
    touch(work, draft)
    access.record(work, draft.template_slug, "DRAFT_DISCARDED", draft_id=draft.id)
    return draft.id


def writable(work: TeamContext, draft_id: str, expected_version: int) -> TemplateDraft | Refusal:
    """The draft, locked, for those who may change it."""
    identifier = ids.parse_id(draft_id, ids.Kind.TEMPLATE_DRAFT)
    draft = rows.one(work.connection, TemplateDraft, lock=True, id=identifier) if identifier else None
    if draft is None:
        return refusals.not_found()
    if draft.status in ENDED:
        return Conflict("DRAFT_ENDED", _("Dieser Entwurf ist abgeschlossen."), draft.version)
    return access.may_not_write(work, draft.topic_id) or refusals.stale(draft.version, expected_version) or draft


def touch(work: TeamContext, draft: TemplateDraft, *names: str) -> None:
    """Writes what changed of a locked draft and raises its version."""
    draft.version += 1
    draft.updated_at, draft.updated_by = work.clock.now(), access.account_of(work.principal)
    rows.update(work.connection, draft, ["id"], "status", "version", "updated_at", "updated_by", *names)


def newest(work: TeamContext, draft: TemplateDraft) -> DraftRevision:
    """The content as it was saved last."""
    found = rows.one(work.connection, DraftRevision, draft_id=draft.id, number=draft.revision)
    assert found is not None, "a draft is born with its first revision"
    return found


def _title(judged: contents.Judged, before: str) -> str:
    title = judged.source.manifest.get("title") if judged.source else None
    return title.strip()[:200] if isinstance(title, str) and title.strip() else before


def _add_revision(
    work: TeamContext, draft: TemplateDraft, files: dict[str, str], judged: contents.Judged, restored: int | None = None
) -> None:
    revision = DraftRevision(
        id=ids.new_id(ids.Kind.DRAFT_REVISION, work.clock.now()),
        draft_id=draft.id,
        number=draft.revision,
        saved_at=work.clock.now(),
        saved_by=access.account_of(work.principal),
        saved_by_name=access.name_of(work.principal),
        files=files,
        content_hash=judged.content_hash,
        problems=judged.problems,
        restored_from=restored,
    )
    rows.insert(work.connection, revision)
