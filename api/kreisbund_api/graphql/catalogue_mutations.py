"""Changes to what is offered: adoptions and counties."""

from logging import ERROR

import strawberry

from kreisbund_api.graphql import changes
from kreisbund_api.graphql.changing import Done, Outcome, done, perform
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info
from kreisbund_platform import telemetry
from kreisbund_platform.errors import REFUSALS
from kreisbund_platform.templates import adoptions
from kreisbund_tenants import provisioning
from kreisbund_tenants.realms import service as realms
from kreisbund_tenants.realms.keycloak import RealmError


def _create(operation: Operation, given: changes.CreateTenantInput) -> Outcome:
    created = provisioning.create_tenant(
        operation.connection,
        operation.settings,
        operation.clock,
        slug=given.slug,
        name=given.name,
        regional_key=given.regional_key,
    )
    return created if isinstance(created, REFUSALS) else Done("CreateTenantSuccess", created.id)


def _complete(operation: Operation, slug: str) -> None:
    """The realm, once the county is committed; `tenants check --mend` completes what fails here."""
    with operation.as_owner():
        try:
            realms.ensure_for(operation.connection, operation.settings, slug)
        except RealmError as problem:
            telemetry.log("realm_incomplete", level=ERROR, problem=problem, tenant=slug)


@strawberry.type
class CatalogueMutations:
    """Taking templates over, making counties."""

    @strawberry.mutation
    def adopt_template(self, info: Info, input: changes.AdoptTemplateInput) -> changes.AdoptTemplateResult:
        """Offers a template in this county."""

        def act() -> Outcome:
            return done("AdoptTemplateSuccess", adoptions.adopt(info.context.work, input.template))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def end_adoption(self, info: Info, input: changes.AdoptTemplateInput) -> changes.EndAdoptionResult:
        """Offers a template no longer; running cases go on."""

        def act() -> Outcome:
            return done("EndAdoptionSuccess", adoptions.end_adoption(info.context.work, input.template))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def create_tenant(self, info: Info, input: changes.CreateTenantInput) -> changes.CreateTenantResult:
        """Makes a county, ready to work."""
        made: list[Outcome] = []

        def act() -> Outcome:
            made.append(_create(info.context, input))
            return made[-1]

        answer = perform(info, input.idempotency_key, act, by_owner=True)
        if info.context.settings.keycloak and any(isinstance(outcome, Done) for outcome in made):
            _complete(info.context, input.slug)
        return answer  # type: ignore[no-any-return]
