"""Changes to case upgrades: previewed, tried, started, stopped, undone."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from kreisbund_api.graphql import upgrades
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.cases.upgrading import previewing, service
from kreisbund_platform.cases.upgrading.orders import Criteria, FieldMapping, Source, UpgradeOrder
from kreisbund_platform.ids import Kind, parse_id

SUCCESS = "CaseUpgradeSuccess"


def _order(given: upgrades.PreviewCaseUpgradeInput) -> UpgradeOrder:
    to = (parse_id(given.to_version, Kind.TEMPLATE_VERSION) or UUID(int=0)) if given.to_version else None
    return UpgradeOrder(
        template=given.template,
        effective_on=given.effective_on,
        legal_basis=given.legal_basis,
        criteria=_criteria(given.criteria or upgrades.CaseUpgradeCriteria()),
        to=Source(to) if to else None,
        mapping=_names(given.mapping) if given.mapping is not None else None,
        fields=_fields(given.fields) if given.fields else None,
        deadlines=given.deadlines,
        tells_applicants=given.tells_applicants,
    )


def _criteria(given: upgrades.CaseUpgradeCriteria) -> Criteria:
    return Criteria(
        versions=tuple(parse_id(each, Kind.TEMPLATE_VERSION) or UUID(int=0) for each in given.versions or ()),
        statuses=tuple(each.value for each in given.statuses or ()),
        received_from=given.received_from,
        received_until=given.received_until,
        opened_from=given.opened_from,
        opened_until=given.opened_until,
        case_numbers=tuple(given.case_numbers or ()),
    )


def _names(given: Sequence[upgrades.RenameInput] | None) -> dict[str, str]:
    return {each.old: each.new for each in given or ()}


def _fields(given: upgrades.FieldMappingInput) -> FieldMapping:
    added = {each.name: each.value for each in given.add or ()}
    return FieldMapping(_names(given.rename), tuple(given.drop or ()), added)


def _preview(operation: Operation, given: upgrades.PreviewCaseUpgradeInput) -> Outcome:
    earlier = (parse_id(given.upgrade, Kind.CASE_UPGRADE) or UUID(int=0)) if given.upgrade else None
    return done(SUCCESS, previewing.preview(operation.work, _order(given), earlier, given.expected_version))


@strawberry.type
class UpgradeMutations:
    """Running cases to another version, and back."""

    @strawberry.mutation
    def preview_case_upgrade(self, info: Info, input: upgrades.PreviewCaseUpgradeInput) -> upgrades.CaseUpgradeResult:
        """Groups the cases by marking and proves each group; no case changes."""
        act = lambda: _preview(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def check_case_upgrade(self, info: Info, input: upgrades.StartCaseUpgradeInput) -> upgrades.CaseUpgradeResult:
        """The dry run: the worker does everything to each case and takes it back at once."""

        def act() -> Outcome:
            version, groups = input.expected_version, input.groups
            return done(SUCCESS, service.check(info.context.work, input.upgrade, version, groups=groups))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def start_case_upgrade(self, info: Info, input: upgrades.StartCaseUpgradeInput) -> upgrades.CaseUpgradeResult:
        """Starts it, or goes on where it was stopped."""

        def act() -> Outcome:
            version, groups = input.expected_version, input.groups
            return done(SUCCESS, service.start(info.context.work, input.upgrade, version, groups=groups))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def stop_case_upgrade(self, info: Info, input: upgrades.CaseUpgradeInput) -> upgrades.CaseUpgradeResult:
        """Stops after the batch in work."""

        def act() -> Outcome:
            return done(SUCCESS, service.stop(info.context.work, input.upgrade, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def undo_case_upgrade(self, info: Info, input: upgrades.CaseUpgradeInput) -> upgrades.CaseUpgradeResult:
        """Takes the upgraded cases back, as far as no notice was issued since."""

        def act() -> Outcome:
            return done(SUCCESS, service.undo(info.context.work, input.upgrade, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
