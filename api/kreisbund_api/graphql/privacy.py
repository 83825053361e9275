"""Data protection: reports on what is kept of a person, legal holds, erasures."""

from typing import Annotated, Any

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseRecord
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.reading import Info, read, require
from kreisbund_api.graphql.scalars import JSON, DateTime
from kreisbund_platform.database import privacy_objects
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.privacy import persons, processing, report, service
from kreisbund_platform.privacy.persons import Person
from kreisbund_platform.privacy.report import Extent


@strawberry.type
class LegalHold:
    """Why a case may not be erased; in force until it is lifted."""

    id: ID
    version: int
    case: CaseRecord | None
    reason: str
    set_at: DateTime
    lifted_at: DateTime | None
    lifted_reason: str | None


@strawberry.type
class Erasure:
    """An entry of the ledger of erasures; `target` is a case's id or an account's subject."""

    id: ID
    at: DateTime
    kind: str = strawberry.field(description="CASE or ACCOUNT")
    target: str
    ground: str = strawberry.field(description="RETENTION or REQUEST")


@strawberry.type
class ErasureRun:
    """An automatic erasure: how many cases were due, are erased, and stay because they are held."""

    id: ID
    started_at: DateTime
    finished_at: DateTime | None
    due: int
    erased: int
    held: int


@strawberry.input
class EraseCaseInput:
    """A case as it was last seen."""

    case: ID
    expected_version: int
    idempotency_key: ID


@strawberry.input
class EraseAccountInput:
    """An account; `expectedVersion` is that of `erasurePreview`."""

    account: str
    expected_version: int
    idempotency_key: ID


@strawberry.input
class SetLegalHoldInput:
    """A case as it was last seen."""

    case: ID
    reason: str
    expected_version: int
    idempotency_key: ID


@strawberry.input
class LiftLegalHoldInput:
    """A hold as it was last seen."""

    hold: ID
    reason: str
    expected_version: int
    idempotency_key: ID


@strawberry.type
class EraseSuccess:
    """The entry of the ledger."""

    erasure: Erasure


@strawberry.type
class LegalHoldSuccess:
    """The hold as it stands now."""

    hold: LegalHold


EraseResult = Annotated[EraseSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("EraseResult")]
LegalHoldResult = Annotated[
    LegalHoldSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("LegalHoldResult")
]


def _person(info: Info, account: str | None, party: str | None) -> Person | None:
    """By a party's id, else by the account."""
    if party:
        return persons.of_party(info.context.work, party)
    return persons.of_account(info.context.work, account) if account else None


@strawberry.type
class PrivacyQuery:
    """What is kept of people."""

    @strawberry.field
    def my_data(self, info: Info) -> JSON:
        """All that the county keeps about the viewer (Art. 15 DSGVO): sections by table with their rows."""
        require(info)
        operation = info.context
        person = persons.of_account(operation.work, operation.principal.subject)
        extent = Extent(worked=bool(operation.principal.roles - {Role.CITIZEN}), complete=False)
        return report.report_of(operation.work, person, operation.workspace, extent)  # type: ignore[return-value]

    @strawberry.field
    def personal_data(self, info: Info, account: str | None = None, party: ID | None = None) -> JSON | None:
        """The same about a person, for the data-protection officer; by account or as a party of a case."""
        require(info)
        operation = info.context
        person = _person(info, account, party)
        if person is None:
            return None
        found = report.report_of(operation.work, person, operation.workspace, Extent(worked=not party, complete=True))
        operation.show(report.cases_shown(operation.work, person), report.kinds_shown(found))
        return found  # type: ignore[return-value]

    @strawberry.field
    def erasure_preview(self, info: Info, account: str | None = None, party: ID | None = None) -> JSON | None:
        """Which of a person's cases may be erased, and what keeps the others."""
        require(info)
        person = _person(info, account, party)
        return service.preview(info.context.work, person) if person else None  # type: ignore[return-value]

    @strawberry.field
    def legal_holds(self, info: Info) -> list[LegalHold]:
        """Holds, those in force first."""
        return read(info, privacy_objects.LEGAL_HOLDS)  # type: ignore[no-any-return]

    @strawberry.field
    def erasures(self, info: Info) -> list[Erasure]:
        """The ledger's newest entries."""
        return read(info, privacy_objects.ERASURES)  # type: ignore[no-any-return]

    @strawberry.field
    def erasure_runs(self, info: Info) -> list[ErasureRun]:
        """Automatic erasures, the newest first."""
        return read(info, privacy_objects.ERASURE_RUNS)  # type: ignore[no-any-return]

    @strawberry.field
    def processing_record(self, info: Info) -> JSON:
        """The record of processing activities (Art. 30 DSGVO)."""
        require(info)
        operation = info.context
        record: Any = processing.record_of(operation.connection, operation.tenant, operation.clock.now())
        return record  # type: ignore[no-any-return]
