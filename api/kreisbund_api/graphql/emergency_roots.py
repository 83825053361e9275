"""Asking for, confirming, ending and using emergency access: each calls one service in the county's transaction."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import strawberry
from strawberry import ID

from kreisbund_api.graphql import emergencies
from kreisbund_api.graphql.cases import CaseRecord
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.reading import Info, read, read_through, require
from kreisbund_api.graphql.rights_query import OPENED
from kreisbund_platform.database import rights_objects
from kreisbund_platform.errors import Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import AccessBasis, Invitation
from kreisbund_platform.rights import emergency

SUCCESS = "EmergencyAccessSuccess"


def _in_county(info: Info, county: ID, key: ID, act: Callable[[WorkContext], UUID | Refusal]) -> Any:
    """An operator's change, with key, row and event in the county; an unknown county answers as an unknown case."""
    found = emergency.county_of(info.context.connection, county)
    if found is None:
        return perform(info, key, refusals.not_found)
    with info.context.asking_in(found) as there:

        def acted() -> Outcome:
            return done(SUCCESS, act(there.work))

        return perform(info, key, acted, there=there)


@strawberry.type
class EmergencyQuery:
    """What the county sees of emergency accesses, and what operators see of theirs."""

    @strawberry.field
    def emergency_accesses(self, info: Info) -> list[emergencies.EmergencyAccess]:
        """All of the county, newest first."""
        return read(info, rights_objects.EMERGENCIES)  # type: ignore[no-any-return]

    @strawberry.field
    def emergency_requests(self, info: Info, county: ID) -> list[emergencies.EmergencyAccess]:
        """What operators asked of one county since yesterday."""
        require(info)
        found = emergency.county_of(info.context.connection, county)
        if found is None:
            return []
        with info.context.asking_in(found) as there:
            return read_through(there, info, rights_objects.EMERGENCY_REQUESTS)  # type: ignore[no-any-return]

    @strawberry.field
    def emergency_case(self, info: Info, county: ID, access: ID) -> CaseRecord | None:
        """The case that an emergency access opens now; every look is recorded and shown to the applicant."""
        require(info)
        operation = info.context
        found = emergency.county_of(operation.connection, county)
        if found is None:
            return None
        with operation.at_county(found) as connection:
            case_id = emergency.opened_case(connection, access, operation.principal.subject, operation.clock.now())
        if case_id is None:
            return None
        with operation.looking_on(Invitation(found, case_id, AccessBasis.EMERGENCY)) as look:
            return read_through(look, info, OPENED)  # type: ignore[no-any-return]


@strawberry.type
class EmergencyMutations:
    """Break-glass by two persons."""

    @strawberry.mutation
    def request_emergency_access(
        self, info: Info, input: emergencies.RequestEmergencyAccessInput
    ) -> emergencies.EmergencyAccessResult:
        """Asks to look at one case; a second operator has an hour to confirm."""

        def act(work: WorkContext) -> UUID | Refusal:
            return emergency.request(work, input.case, input.reason, input.confirmer)

        return _in_county(info, input.county, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def confirm_emergency_access(
        self, info: Info, input: emergencies.ConfirmEmergencyAccessInput
    ) -> emergencies.EmergencyAccessResult:
        """Confirms as the second person; both may then look for an hour."""

        def act(work: WorkContext) -> UUID | Refusal:
            return emergency.confirm(work, input.access, input.expected_version)

        return _in_county(info, input.county, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def end_emergency_access(
        self, info: Info, input: emergencies.EndEmergencyAccessInput
    ) -> emergencies.EmergencyAccessResult:
        """The county ends a request or an access, at once."""

        def act() -> Outcome:
            return done(SUCCESS, emergency.end(info.context.work, input.access, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
