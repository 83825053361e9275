"""Cases that move between counties: what may be asked, changed and answered."""

from typing import Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseRecord
from kreisbund_api.graphql.catalogue import Tenant
from kreisbund_api.graphql.changing import Outcome, done, perform
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.reading import Info, read, require
from kreisbund_api.graphql.relay import Node, PageInfo
from kreisbund_api.graphql.scalars import JSON, DateTime
from kreisbund_platform.cases.transfers import receiving, sending
from kreisbund_platform.database import transfer_objects
from kreisbund_platform.database.object_types import One
from kreisbund_platform.ids import Kind, parse_id

SUCCESS = "CaseTransferSuccess"


@strawberry.type
class CaseTransfer(Node):
    """A case that left (OUT: PACKED, SENT, RECEIVED) or came (IN: ARRIVED, ACCEPTED, RECEIPTED)."""

    direction: str
    status: str
    version: int
    county: Tenant | None = strawberry.field(description="The other county")
    other_case_number: str | None
    reason: str
    package_hash: str = strawberry.field(description="SHA-256 of the sealed package, hexadecimal")
    receipt_number: str | None
    started_at: DateTime
    settled_at: DateTime | None
    history: JSON | None = strawberry.field(description="IN: the sender's events of the case with their hashes")
    case: CaseRecord | None


@strawberry.type
class CaseTransferEdge:
    """An edge."""

    cursor: str
    node: CaseTransfer


@strawberry.type
class CaseTransferConnection:
    """A page of transfers."""

    edges: list[CaseTransferEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.input
class TransferCaseInput:
    """county: the other county's slug; reason: what it reads."""

    case: ID
    county: str
    reason: str
    expected_version: int
    idempotency_key: ID


@strawberry.input
class AcceptTransferInput:
    """A transfer that ARRIVED."""

    transfer: ID
    expected_version: int
    idempotency_key: ID


@strawberry.type
class CaseTransferSuccess:
    """The transfer as it is now."""

    transfer: CaseTransfer


CaseTransferResult = Annotated[
    CaseTransferSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("CaseTransferResult")
]


@strawberry.type
class TransferQuery:
    """The county's transfers."""

    @strawberry.field
    def case_transfer(self, info: Info, id: ID) -> CaseTransfer | None:
        """One transfer."""
        require(info)
        identifier = parse_id(id, Kind.CASE_TRANSFER)
        if identifier is None:
            return None
        return read(info, One("CaseTransfer", "{a}.id = {id}::uuid"), id=identifier)  # type: ignore[no-any-return]

    @strawberry.field
    def case_transfers(self, info: Info, first: int | None = 20, after: str | None = None) -> CaseTransferConnection:
        """Transfers in both directions, newest first."""
        return read(info, transfer_objects.TRANSFERS)  # type: ignore[no-any-return]


@strawberry.type
class TransferMutations:
    """Moving a case to another county."""

    @strawberry.mutation
    def transfer_case(self, info: Info, input: TransferCaseInput) -> CaseTransferResult:
        """Packs and seals the case for the other county; here it stays as TRANSFERRED."""

        def act() -> Outcome:
            order = sending.Transfer(input.case, input.county, input.reason, input.expected_version)
            return done(SUCCESS, sending.transfer(info.context.work, order))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]

    @strawberry.mutation
    def accept_transfer(self, info: Info, input: AcceptTransferInput) -> CaseTransferResult:
        """Makes a case of this county from what arrived; the sender gets a receipt."""

        def act() -> Outcome:
            return done(SUCCESS, receiving.accept(info.context.work, input.transfer, input.expected_version))

        return perform(info, input.idempotency_key, act)  # type: ignore[no-any-return]
