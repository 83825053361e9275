"""What counties and operators add to a template's life: releases, and which accounts are one natural person."""

import strawberry

from kreisbund_api.graphql import life_cycle_changes as given
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.templates.life_cycle import access, releases, signatures


@strawberry.type
class ReleaseMutations:
    """Releasing versions for one's own county."""

    @strawberry.mutation
    def release_version(self, info: Info, input: given.ReleaseVersionInput) -> given.TemplateChangeResult:
        """Lets new applications of this county start on a version."""

        def act() -> Outcome:
            released = releases.release(info.context.work, input.template, input.number, input.reason)
            return done("TemplateChangeSuccess", released)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def set_automatic_release(self, info: Info, input: given.SetAutomaticReleaseInput) -> given.TemplateChangeResult:
        """Says which classes of change this county lets through beforehand."""

        def act() -> Outcome:
            work, version = info.context.work, input.expected_version
            return done("TemplateChangeSuccess", releases.approve_classes(work, input.template, input.classes, version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def link_accounts(self, info: Info, input: given.LinkAccountsInput) -> given.LinkAccountsResult:
        """Records that two accounts belong to one natural person, who can sign only once."""

        def act() -> Outcome:
            operation = info.context
            first, second = ((each.realm, each.subject) for each in (input.first, input.second))
            by, now = access.account_of(operation.principal), operation.clock.now()
            return done("LinkAccountsSuccess", signatures.link_accounts(operation.connection, first, second, now, by))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
