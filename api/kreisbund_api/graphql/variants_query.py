"""Reading county variants. What services compute is bound to the one statement that answers the selection."""

from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID

from kreisbund_api.graphql.reading import Info, read, require
from kreisbund_api.graphql.variants import (
    RebasePreview,
    TemplateVariant,
    VariablePoint,
    VariantRebase,
    VersionComparison,
)
from kreisbund_platform.database.object_types import Many, One
from kreisbund_platform.database.variant_objects import OF_TEMPLATE
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.templates.variants import views

BY_ID = "{a}.id = {id}::uuid"


def _computed(info: Info, type_name: str, values: dict[str, Any] | None) -> Any:
    return None if values is None else read(info, One(type_name, "true"), **values)


def _known(text: str, kind: Kind) -> UUID:
    """The id, or one that nothing has."""
    return parse_id(text, kind) or UUID(int=0)


@strawberry.type
class VariantQuery:
    """What a county varies, and what comes of it on a newer version."""

    @strawberry.field
    def template_variants(self, info: Info, template: str) -> list[TemplateVariant]:
        """The county's variants of a template, the newest first."""
        return read(info, Many("TemplateVariant", OF_TEMPLATE, "{a}.number DESC"), slug=template)  # type: ignore[no-any-return]

    @strawberry.field
    def template_variant(self, info: Info, id: ID) -> TemplateVariant | None:
        """One variant of the county."""
        require(info)
        found = _known(id, Kind.TEMPLATE_VARIANT)
        return read(info, One("TemplateVariant", BY_ID), id=found)  # type: ignore[no-any-return]

    @strawberry.field
    def variable_points(self, info: Info, template: str) -> list[VariablePoint]:
        """What the version in force here lets the county vary, and what not and why."""
        require(info)
        values = views.variable_points(info.context.connection, template)
        return read(info, Many("VariablePoint", "true", "{a}.position"), **values)  # type: ignore[no-any-return]

    @strawberry.field
    def variant_comparison(self, info: Info, id: ID) -> VersionComparison | None:
        """What a variant makes of its base."""
        require(info)
        found = _known(id, Kind.TEMPLATE_VARIANT)
        values = views.variant_comparison(info.context.connection, found)
        return _computed(info, "VersionComparison", values)  # type: ignore[no-any-return]

    @strawberry.field
    def version_comparison(self, info: Info, template: str, old: int, new: int) -> VersionComparison | None:
        """Two published versions of a template by their numbers."""
        require(info)
        values = views.version_comparison(info.context.connection, template, old, new)
        return _computed(info, "VersionComparison", values)  # type: ignore[no-any-return]

    @strawberry.field
    def variant_rebases(self, info: Info, template: str) -> list[VariantRebase]:
        """The county's ways to newer versions, the newest first."""
        order = "{a}.started_at DESC, {a}.id DESC"
        return read(info, Many("VariantRebase", OF_TEMPLATE, order, most=100), slug=template)  # type: ignore[no-any-return]

    @strawberry.field
    def variant_rebase(self, info: Info, id: ID) -> VariantRebase | None:
        """One of them."""
        require(info)
        found = _known(id, Kind.VARIANT_REBASE)
        return read(info, One("VariantRebase", BY_ID), id=found)  # type: ignore[no-any-return]

    @strawberry.field
    def rebase_preview(self, info: Info, id: ID) -> RebasePreview | None:
        """What a rebase would lead to as it stands."""
        require(info)
        found = _known(id, Kind.VARIANT_REBASE)
        values = views.rebase_preview(info.context.connection, found)
        return _computed(info, "RebasePreview", values)  # type: ignore[no-any-return]
