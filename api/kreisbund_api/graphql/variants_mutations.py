"""Changes to county variants: each calls one service inside the boundary of `changing.py`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import strawberry

from kreisbund_api.graphql import variants as types
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.templates.variants import editing as variants
from kreisbund_platform.templates.variants import rebase

Act = Callable[[], Outcome]


def _id(text: str, kind: Kind) -> UUID:
    """The id, or one that nothing has: then NotFound, as for one of another county."""
    return parse_id(text, kind) or UUID(int=0)


def _save(operation: Operation, given: types.SaveVariantDraftInput) -> Outcome:
    operations = [
        {
            "point": each.point,
            "kind": each.kind,
            "value": each.value,
            "reason": (each.reason or "").strip() or None,
            "citation": (each.citation or "").strip() or None,
            "citation_date": each.citation_date.isoformat() if each.citation_date else None,
        }
        for each in given.operations
    ]
    saved = variants.save_draft(operation.work, given.template, operations, given.expected_version)
    return done("VariantSuccess", saved)


def _decide(operation: Operation, given: types.DecideRebaseStepInput) -> Outcome:
    choice = rebase.Choice(
        given.position,
        given.choice.value,
        given.value,
        given.point,
        (given.citation or "").strip() or None,
        given.citation_date.isoformat() if given.citation_date else None,
        (given.reason or "").strip(),
    )
    found = _id(given.rebase, Kind.VARIANT_REBASE)
    return done("RebaseSuccess", rebase.decide(operation.work, found, choice, given.expected_version))


@strawberry.type
class VariantMutations:
    """Varying a template in one county, and carrying it over to newer versions."""

    @strawberry.mutation
    def save_variant_draft(self, info: Info, input: types.SaveVariantDraftInput) -> types.VariantResult:
        """Stores the county's operations as its draft, checked at once."""
        act: Act = lambda: _save(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def put_variant_in_force(self, info: Info, input: types.VariantInput) -> types.VariantResult:
        """New applications start on the draft from now on."""
        return _of_variant(info, input, "VariantSuccess", variants.put_in_force)  # type: ignore[no-any-return]

    @strawberry.mutation
    def discard_variant_draft(self, info: Info, input: types.VariantInput) -> types.VariantEndedResult:
        """Throws the draft away."""
        return _of_variant(info, input, "VariantEndedSuccess", variants.discard_draft)  # type: ignore[no-any-return]

    @strawberry.mutation
    def end_variant(self, info: Info, input: types.VariantInput) -> types.VariantEndedResult:
        """New applications start on the base itself from now on."""
        return _of_variant(info, input, "VariantEndedSuccess", variants.end_variant)  # type: ignore[no-any-return]

    @strawberry.mutation
    def begin_rebase(self, info: Info, input: types.BeginRebaseInput) -> types.RebaseResult:
        """Begins carrying the variant over to a newer version, or answers the way that is open."""

        def act() -> Outcome:
            return done("RebaseSuccess", rebase.begin(info.context.work, input.template, input.number))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def decide_rebase_step(self, info: Info, input: types.DecideRebaseStepInput) -> types.RebaseResult:
        """Records what a person decided of one step."""
        act: Act = lambda: _decide(info.context, input)  # noqa: E731
        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def finish_rebase(self, info: Info, input: types.RebaseInput) -> types.RebaseResult:
        """Makes the new variant and takes the version over."""

        def act() -> Outcome:
            found = _id(input.rebase, Kind.VARIANT_REBASE)
            finished = rebase.finish(info.context.work, found, input.expected_version, input.reason)
            return done("RebaseSuccess", finished)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def undo_rebase(self, info: Info, input: types.RebaseInput) -> types.RebaseResult:
        """Leads new applications back to the version and the variant before."""

        def act() -> Outcome:
            found = _id(input.rebase, Kind.VARIANT_REBASE)
            undone = rebase.undo(info.context.work, found, input.expected_version, input.reason or "")
            return done("RebaseSuccess", undone)

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def abandon_rebase(self, info: Info, input: types.RebaseInput) -> types.RebaseResult:
        """Gives an open way up."""

        def act() -> Outcome:
            found = _id(input.rebase, Kind.VARIANT_REBASE)
            return done("RebaseSuccess", rebase.abandon(info.context.work, found, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]


def _of_variant(info: Info, given: types.VariantInput, result_type: str, service: Callable[..., Any]) -> Any:
    def act() -> Outcome:
        found = _id(given.variant, Kind.TEMPLATE_VARIANT)
        return done(result_type, service(info.context.work, found, given.expected_version))

    return perform(info, given.idempotency_key, act)
