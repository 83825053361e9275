"""Erasing at request, and legal holds; by the data-protection officer alone."""

import strawberry

from kreisbund_api.graphql import privacy
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.privacy import holds, service


@strawberry.type
class PrivacyMutations:
    """Erasures and legal holds."""

    @strawberry.mutation
    def erase_case(self, info: Info, input: privacy.EraseCaseInput) -> privacy.EraseResult:
        """Erases a case with all that hangs on it, unless law or a hold keeps it."""

        def act() -> Outcome:
            return done("EraseSuccess", service.erase_case(info.context.work, input.case, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def erase_account(self, info: Info, input: privacy.EraseAccountInput) -> privacy.EraseResult:
        """Erases all cases of an applicant and what their account left; all or nothing."""

        def act() -> Outcome:
            work, version = info.context.work, input.expected_version
            return done("EraseSuccess", service.erase_account(work, input.account, version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def set_legal_hold(self, info: Info, input: privacy.SetLegalHoldInput) -> privacy.LegalHoldResult:
        """Keeps a case from being erased."""

        def act() -> Outcome:
            held = holds.set_hold(info.context.work, input.case, input.reason, input.expected_version)
            return done("LegalHoldSuccess", held)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def lift_legal_hold(self, info: Info, input: privacy.LiftLegalHoldInput) -> privacy.LegalHoldResult:
        """Lets a case go again when its time has come."""

        def act() -> Outcome:
            lifted = holds.lift_hold(info.context.work, input.hold, input.reason, input.expected_version)
            return done("LegalHoldSuccess", lifted)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
