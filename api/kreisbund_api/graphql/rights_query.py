"""Reading what a county decides about people, and the case to which the service team is invited."""

from uuid import UUID

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseRecord, StaffMember, Task
from kreisbund_api.graphql.operation import Operation
from kreisbund_api.graphql.reading import Info, read, read_through, require
from kreisbund_api.graphql.rights import AccountBlock, Approval, Delegation, OpenInvitation, Substitution
from kreisbund_platform.database import rights_objects
from kreisbund_platform.database.object_types import One
from kreisbund_platform.identity.principals import AccessBasis, Invitation
from kreisbund_platform.ids import Kind, parse_id
from kreisbund_platform.rights import support

OPENED = One("CaseRecord", "{a}.id = {invited_case}::uuid")


def _opened(operation: Operation, identifier: UUID) -> Invitation | None:
    """What an invitation opens at this moment; the county's own row decides."""
    county = support.inviting_county(operation.connection, identifier)
    if county is None:
        return None
    with operation.at_county(county) as connection:
        case_id = support.opened_case(connection, identifier, operation.clock.now())
    return Invitation(county, case_id, AccessBasis.INVITATION) if case_id else None


@strawberry.type
class RightsQuery:
    """The county's people and what they were given; the service team's invitations."""

    @strawberry.field
    def staff_members(self, info: Info) -> list[StaffMember]:
        """Colleagues who have been here."""
        return read(info, rights_objects.STAFF_MEMBERS)  # type: ignore[no-any-return]

    @strawberry.field
    def account_blocks(self, info: Info) -> list[AccountBlock]:
        """Blocked accounts, those that still are first."""
        return read(info, rights_objects.BLOCKS)  # type: ignore[no-any-return]

    @strawberry.field
    def substitutions(self, info: Info) -> list[Substitution]:
        """Who stands in for whom, now and later."""
        return read(info, rights_objects.SUBSTITUTIONS)  # type: ignore[no-any-return]

    @strawberry.field
    def delegations(self, info: Info) -> list[Delegation]:
        """Who lends which role to whom, now and later."""
        return read(info, rights_objects.DELEGATIONS)  # type: ignore[no-any-return]

    @strawberry.field
    def approvals(self, info: Info) -> list[Approval]:
        """Open proposals that the viewer made or might confirm."""
        return read(info, rights_objects.OPEN_APPROVALS)  # type: ignore[no-any-return]

    @strawberry.field
    def tasks_to_reassign(self, info: Info) -> list[Task]:
        """Tasks that blocked accounts hold."""
        return read(info, rights_objects.TO_REASSIGN)  # type: ignore[no-any-return]

    @strawberry.field
    def support_invitations(self, info: Info) -> list[OpenInvitation]:
        """Invitations of all counties to the service team."""
        return read(info, rights_objects.OPEN_INVITATIONS)  # type: ignore[no-any-return]

    @strawberry.field
    def support_case(self, info: Info, invitation: ID) -> CaseRecord | None:
        """The case to which an invitation leads; every look is recorded and shown to the applicant."""
        require(info)
        identifier = parse_id(invitation, Kind.SUPPORT_INVITATION)
        opened = _opened(info.context, identifier) if identifier else None
        if opened is None:
            return None
        with info.context.looking_on(opened) as look:
            return read_through(look, info, OPENED)  # type: ignore[no-any-return]
