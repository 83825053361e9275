"""Changes to what a county decides about people: each calls one service inside the boundary of `changing.py`."""

import strawberry

from kreisbund_api.graphql import changes, rights
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.cases import reassigning
from kreisbund_platform.rights import blocking, four_eyes, standing_in, support
from kreisbund_platform.rights.standing_in import Period


@strawberry.type
class BlockMutations:
    """Blocking accounts, and what becomes of their tasks."""

    @strawberry.mutation
    def block_account(self, info: Info, input: rights.BlockAccountInput) -> rights.AccountBlockResult:
        """Blocks an account of the county's realm, at once."""

        def act() -> Outcome:
            return done("AccountBlockSuccess", blocking.block(info.context.work, input.subject, input.reason))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def unblock_account(self, info: Info, input: rights.UnblockAccountInput) -> rights.AccountBlockResult:
        """Ends a block."""

        def act() -> Outcome:
            ended = blocking.unblock(info.context.work, input.block, input.expected_version)
            return done("AccountBlockSuccess", ended)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def reassign_task(self, info: Info, input: rights.ReassignTaskInput) -> changes.TaskResult:
        """Gives a claimed task to a colleague, or lays it back."""

        def act() -> Outcome:
            moved = reassigning.reassign(info.context.work, input.task, input.assignee, input.expected_version)
            return done("TaskSuccess", moved)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]


@strawberry.type
class StandingInMutations:
    """Standing in for absent colleagues, and lending roles."""

    @strawberry.mutation
    def name_substitute(self, info: Info, input: rights.NameSubstituteInput) -> rights.SubstitutionResult:
        """Names who does somebody's assigned tasks from day to day."""

        def act() -> Outcome:
            period = Period(input.first_day, input.last_day)
            named = standing_in.name_substitute(info.context.work, input.absent, input.substitute, period)
            return done("SubstitutionSuccess", named)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def end_substitution(self, info: Info, input: rights.EndSubstitutionInput) -> rights.SubstitutionResult:
        """Ends a substitution, at once."""

        def act() -> Outcome:
            ended = standing_in.end_substitution(info.context.work, input.substitution, input.expected_version)
            return done("SubstitutionSuccess", ended)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def delegate_role(self, info: Info, input: rights.DelegateRoleInput) -> rights.DelegationResult:
        """Lends a role of one's own from day to day."""

        def act() -> Outcome:
            period = Period(input.first_day, input.last_day)
            lent = standing_in.delegate(info.context.work, input.role, input.delegate, period)
            return done("DelegationSuccess", lent)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def end_delegation(self, info: Info, input: rights.EndDelegationInput) -> rights.DelegationResult:
        """Takes a lent role back, at once."""

        def act() -> Outcome:
            ended = standing_in.end_delegation(info.context.work, input.delegation, input.expected_version)
            return done("DelegationSuccess", ended)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]


@strawberry.type
class SupportMutations:
    """Inviting the service team to one case."""

    @strawberry.mutation
    def invite_support(self, info: Info, input: rights.InviteSupportInput) -> rights.SupportInvitationResult:
        """Lets the service team look at one case until a moment."""

        def act() -> Outcome:
            invited = support.invite(info.context.work, input.case, input.reason, input.until)
            return done("SupportInvitationSuccess", invited)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def revoke_support(self, info: Info, input: rights.RevokeSupportInput) -> rights.SupportInvitationResult:
        """Ends an invitation, at once."""

        def act() -> Outcome:
            revoked = support.revoke(info.context.work, input.invitation, input.expected_version)
            return done("SupportInvitationSuccess", revoked)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]


@strawberry.type
class ApprovalMutations:
    """Four eyes: the second person's part."""

    @strawberry.mutation
    def confirm_approval(self, info: Info, input: rights.ConfirmApprovalInput) -> rights.ApprovalResult:
        """Confirms a proposal as the second person; the first one then asks for the change again."""

        def act() -> Outcome:
            seen = input.content_hash, input.expected_version
            return done("ApprovalSuccess", four_eyes.confirm(info.context.work, input.approval, *seen))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def withdraw_approval(self, info: Info, input: rights.WithdrawApprovalInput) -> rights.ApprovalResult:
        """Takes a proposal back, or turns it down."""

        def act() -> Outcome:
            withdrawn = four_eyes.withdraw(info.context.work, input.approval, input.expected_version)
            return done("ApprovalSuccess", withdrawn)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
