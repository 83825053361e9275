"""Case upgrades: what may be asked and answered."""

from typing import Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.cases import CaseRecord, CaseStatus
from kreisbund_api.graphql.catalogue import ProcessTemplate, TemplateVersion
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.relay import Node, PageInfo, paged
from kreisbund_api.graphql.scalars import JSON, Date, DateTime


@strawberry.type
class CaseUpgradeGroup:
    """All cases of one source that stand at the same marking: proved or refused together."""

    number: int
    from_version: TemplateVersion
    from_variant: ID | None
    from_bpmn_xml: str
    signature: str
    cases: int
    possible: bool
    chosen: bool
    element_id: str | None
    reason: str | None
    path: list[str] = strawberry.field(description="Element and flow ids of the counterexample in the new version")
    waiting: list[str]
    changes: JSON = strawberry.field(description="opens, closes, changes: kind, element, name; names by element id")


@strawberry.type
class CaseUpgradeOutcome:
    """A case that stays as it is, and why."""

    case: CaseRecord
    status: str
    reason: str
    explanation: str | None
    element_id: str | None
    path: list[str]


@strawberry.type
class CaseUpgradeOutcomeEdge:
    """An edge."""

    cursor: str
    node: CaseUpgradeOutcome


@strawberry.type
class CaseUpgradeOutcomeConnection:
    """A page of cases that stay."""

    edges: list[CaseUpgradeOutcomeEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class CaseUpgrade(Node):
    """One upgrade of running cases; `planned` to `kept` count its cases by what became of them."""

    version: int
    status: str
    template: ProcessTemplate
    to_version: TemplateVersion
    to_variant: ID | None
    to_bpmn_xml: str
    criteria: JSON
    mapping: JSON
    fields: JSON
    deadlines: str
    effective_on: Date
    legal_basis: str
    tells_applicants: bool
    warnings: JSON
    created_at: DateTime
    previewed_at: DateTime
    checked_at: DateTime | None
    started_at: DateTime | None
    finished_at: DateTime | None
    undone_at: DateTime | None
    cases: int
    planned: int
    checked: int
    upgraded: int
    refused: int
    undone: int
    kept: int
    left_out: int
    groups: list[CaseUpgradeGroup]
    outcomes: CaseUpgradeOutcomeConnection = paged()


@strawberry.type
class CaseUpgradeEdge:
    """An edge."""

    cursor: str
    node: CaseUpgrade


@strawberry.type
class CaseUpgradeConnection:
    """A page of upgrades."""

    edges: list[CaseUpgradeEdge]
    page_info: PageInfo
    total_count: int | None


@strawberry.type
class CaseUpgradeSuggestion:
    """Running cases of an adopted template that run on something else than what was adopted."""

    template: ProcessTemplate
    from_version: TemplateVersion
    to_version: TemplateVersion
    cases: int
    decisions_from: Date | None = strawberry.field(
        description="From this day on these cases decide no more as they are"
    )


@strawberry.input
class CaseUpgradeCriteria:
    """Which running cases; what is left out does not narrow. Days inclusive."""

    versions: list[ID] | None = None
    statuses: list[CaseStatus] | None = None
    received_from: Date | None = None
    received_until: Date | None = None
    opened_from: Date | None = None
    opened_until: Date | None = None
    case_numbers: list[str] | None = None


@strawberry.input
class FieldValueInput:
    """A value for a field that running cases lack."""

    name: str
    value: JSON


@strawberry.input
class RenameInput:
    """An old name and its new one."""

    old: str
    new: str


@strawberry.input
class FieldMappingInput:
    """How data are told in the new version's names; keys of the top level."""

    rename: list[RenameInput] | None = None
    drop: list[str] | None = None
    add: list[FieldValueInput] | None = None


@strawberry.input
class PreviewCaseUpgradeInput:
    """`upgrade` and `expectedVersion`: one that has not begun is previewed anew. `toVersion`: else what is adopted.

    `mapping` (elements and flows) and `fields`: else as suggested. deadlines: KEEP or RECOMPUTE.
    """

    template: str
    effective_on: Date
    legal_basis: str
    idempotency_key: ID
    criteria: CaseUpgradeCriteria | None = None
    to_version: ID | None = None
    mapping: list[RenameInput] | None = None
    fields: FieldMappingInput | None = None
    deadlines: str = "KEEP"
    tells_applicants: bool = True
    upgrade: ID | None = None
    expected_version: int = 0


@strawberry.input
class StartCaseUpgradeInput:
    """`groups`: numbers of the markings to be upgraded; else all that can be proved."""

    upgrade: ID
    expected_version: int
    idempotency_key: ID
    groups: list[int] | None = None


@strawberry.input
class CaseUpgradeInput:
    """An upgrade as it was last seen."""

    upgrade: ID
    expected_version: int
    idempotency_key: ID


@strawberry.type
class CaseUpgradeSuccess:
    """The upgrade as it stands now."""

    upgrade: CaseUpgrade


CaseUpgradeResult = Annotated[
    CaseUpgradeSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("CaseUpgradeResult")
]
