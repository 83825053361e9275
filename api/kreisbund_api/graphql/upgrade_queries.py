"""Reading case upgrades."""

from uuid import UUID

import strawberry
from strawberry import ID

from kreisbund_api.graphql.reading import Info, read, require
from kreisbund_api.graphql.upgrades import CaseUpgrade, CaseUpgradeConnection, CaseUpgradeSuggestion
from kreisbund_platform.database import upgrade_objects
from kreisbund_platform.database.object_types import One
from kreisbund_platform.ids import Kind, parse_id


@strawberry.type
class UpgradeQuery:
    """The county's case upgrades."""

    @strawberry.field
    def case_upgrade(self, info: Info, id: ID) -> CaseUpgrade | None:
        """One upgrade with its preview and progress."""
        require(info)
        identifier = parse_id(id, Kind.CASE_UPGRADE)
        if identifier is None:
            return None
        return read(info, One("CaseUpgrade", "{a}.id = {id}::uuid"), id=identifier)  # type: ignore[no-any-return]

    @strawberry.field
    def case_upgrades(
        self, info: Info, template: ID | None = None, first: int | None = 20, after: str | None = None
    ) -> CaseUpgradeConnection:
        """Upgrades, newest first."""
        found = (parse_id(template, Kind.PROCESS_TEMPLATE) or UUID(int=0)) if template else None
        field, values = upgrade_objects.upgrades(found)
        return read(info, field, **values)  # type: ignore[no-any-return]

    @strawberry.field
    def case_upgrade_suggestions(self, info: Info) -> list[CaseUpgradeSuggestion]:
        """Templates of which cases run on something else than the county has adopted."""
        return read(info, upgrade_objects.SUGGESTIONS)  # type: ignore[no-any-return]
