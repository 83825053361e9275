"""What differs: a draft from the version it goes out from, a version from the one before it."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.differences import Difference, differences
from kreisbund_platform.templates.life_cycle import contents, releases, rows
from kreisbund_platform.templates.life_cycle.models import DraftRevision, TemplateDraft
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import source_of

Found = tuple[Difference, ...]


def is_known(connection: Connection[Any], version_id: UUID) -> bool:
    """Whether there is such a version."""
    return queries.version(connection, version_id) is not None


def of_version(connection: Connection[Any], version_id: UUID, in_county: bool) -> Found:
    """Against the version in force in the connection's county; outside of any against the number before."""
    version = queries.version(connection, version_id)
    if version is None:
        return ()
    if in_county:
        return releases.changes_for(connection, version)
    before = rows.one(connection, TemplateVersion, template_id=version.template_id, number=version.number - 1)
    return differences(source_of(before), source_of(version)) if before else ()


def of_draft(connection: Connection[Any], draft_id: UUID) -> Found:
    """Against the base; nothing where there is none, or where the draft cannot be read yet."""
    draft = rows.one(connection, TemplateDraft, id=draft_id)
    base = queries.version(connection, draft.base_version_id) if draft and draft.base_version_id else None
    if draft is None or base is None:
        return ()
    revision = rows.one(connection, DraftRevision, draft_id=draft.id, number=draft.revision)
    judged = contents.judge(revision.files) if revision else None
    try:
        return differences(source_of(base), judged.source) if judged and judged.source else ()
    except ModelRefused:
        return ()
