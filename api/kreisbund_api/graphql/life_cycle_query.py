"""Reading what the service team works on, and what is computed about a version."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import strawberry
from strawberry import ID

from kreisbund_api.graphql.catalogue import Topic
from kreisbund_api.graphql.life_cycle import (
    CooperationAgreement,
    ReviewRound,
    TemplateDraft,
    VersionCheck,
)
from kreisbund_api.graphql.reading import Info, read, require, selection_of
from kreisbund_api.graphql.variants import VersionDifference
from kreisbund_platform.database import life_cycle_objects
from kreisbund_platform.database.object_types import One
from kreisbund_platform.database.selection import TYPE_KEY, TYPENAME, Selection
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.templates.differences import Difference
from kreisbund_platform.templates.life_cycle import comparing, signatures, signing_keys

BY_ID = "{a}.id = {id}::uuid"


def projected(value: Any, selection: Selection) -> Any:
    """What was computed in Python, shaped as a statement would answer it; `value`: mappings, lists, plain values."""
    if isinstance(value, Mapping):
        ((type_name, children),) = selection.children.items()
        made = {
            child.key: type_name if child.name == TYPENAME else projected(value[child.name], child)
            for child in children
        }
        return {TYPE_KEY: type_name, **made}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [projected(item, selection) for item in value]
    return value


def _named(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """Differences under the API's names."""
    return [{**vars(each), "changeClass": each.change_class} for each in found]


def _by_id(info: Info, kind: Kind, text: str, type_name: str) -> Any:
    require(info)
    identifier = parse_id(text, kind)
    return read(info, One(type_name, BY_ID), id=identifier) if identifier else None


@strawberry.type
class LifeCycleQuery:
    """A template's life."""

    @strawberry.field
    def topics(self, info: Info) -> list[Topic]:
        """All topics by title."""
        return read(info, life_cycle_objects.TOPICS)  # type: ignore[no-any-return]

    @strawberry.field
    def drafts(self, info: Info) -> list[TemplateDraft]:
        """Drafts under way, those changed last first."""
        return read(info, life_cycle_objects.OPEN_DRAFTS)  # type: ignore[no-any-return]

    @strawberry.field
    def draft(self, info: Info, id: ID) -> TemplateDraft | None:
        """One draft."""
        return _by_id(info, Kind.TEMPLATE_DRAFT, id, "TemplateDraft")  # type: ignore[no-any-return]

    @strawberry.field
    def review_round(self, info: Info, id: ID) -> ReviewRound | None:
        """One review round."""
        return _by_id(info, Kind.REVIEW_ROUND, id, "ReviewRound")  # type: ignore[no-any-return]

    @strawberry.field
    def cooperation_agreement(self, info: Info) -> CooperationAgreement | None:
        """The agreement in force."""
        return read(info, life_cycle_objects.AGREEMENT_IN_FORCE)  # type: ignore[no-any-return]

    @strawberry.field
    def draft_changes(self, info: Info, draft: ID) -> list[VersionDifference]:
        """What a draft changes against the version it goes out from; nothing for a new template."""
        require(info)
        identifier = parse_id(draft, Kind.TEMPLATE_DRAFT)
        found = comparing.of_draft(info.context.connection, identifier) if identifier else ()
        changes: list[VersionDifference] = projected(_named(found), selection_of(info))
        return changes

    @strawberry.field
    def version_check(self, info: Info, version: ID) -> VersionCheck | None:
        """Verifies a version's content and signatures, and says what differs."""
        require(info)
        identifier = parse_id(version, Kind.TEMPLATE_VERSION)
        operation = info.context
        if identifier is None or not comparing.is_known(operation.connection, identifier):
            return None
        problems = signatures.verify(operation.connection, operation.settings, identifier)
        in_county = operation.principal.tenant is not None
        answer: VersionCheck = projected(
            {
                "problems": [vars(problem) for problem in problems],
                "rootPublicKey": base64.b64encode(signing_keys.root_public_key(operation.settings)).decode(),
                "changes": _named(comparing.of_version(operation.connection, identifier, in_county)),
            },
            selection_of(info),
        )
        return answer
