"""County variants: operations at variable points, comparisons, the guided way to a newer version."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID

from kreisbund_api.graphql.catalogue import ProcessTemplate, TemplateVersion
from kreisbund_api.graphql.problems import Conflict, Forbidden, Invalid, NotFound
from kreisbund_api.graphql.relay import Node
from kreisbund_api.graphql.scalars import JSON, Date, DateTime


@strawberry.enum
class VariantStatus(Enum):
    """Where a variant is in its life."""

    DRAFT = "DRAFT"
    IN_FORCE = "IN_FORCE"
    REPLACED = "REPLACED"


@strawberry.enum
class RebaseStatus(Enum):
    """Where the way to a newer version is."""

    OPEN = "OPEN"
    FINISHED = "FINISHED"
    UNDONE = "UNDONE"
    ABANDONED = "ABANDONED"


@strawberry.enum
class RebaseOutcome(Enum):
    """What becomes of an operation on the new base."""

    AUTOMATIC = "AUTOMATIC"
    DECIDE = "DECIDE"
    CONFLICT = "CONFLICT"


@strawberry.enum
class RebaseChoice(Enum):
    """What a person decides: of a changed anchor KEEP, BASE or EDIT, of one that is gone DROP or REANCHOR."""

    KEEP = "KEEP"
    BASE = "BASE"
    EDIT = "EDIT"
    DROP = "DROP"
    REANCHOR = "REANCHOR"


@strawberry.type
class VariantOperation:
    """One deviation from the base; `baseValue` and `fingerprint` are the base's when it was written."""

    point: str
    kind: str
    value: JSON
    reason: str
    citation: str | None
    citation_date: Date | None
    base_value: str
    fingerprint: str


@strawberry.type
class TemplateVariant(Node):
    """A county's variant of a base version; never changes once it was in force."""

    number: int
    version: int
    status: VariantStatus
    operations: list[VariantOperation]
    content_hash: str
    bpmn_xml: str
    forms: JSON
    letters: JSON
    base: TemplateVersion
    template: ProcessTemplate
    created_at: DateTime
    created_by: ID
    in_force_at: DateTime | None
    in_force_by: ID | None
    replaced_at: DateTime | None


@strawberry.type
class VariablePoint:
    """A place that the base lets counties vary, or says why not (`locked`)."""

    id: ID
    kind: str = strawberry.field(description="deadline, fee, role, text, optional_step, insertion, value or none")
    title: str
    element: str
    element_name: str
    norm: str = strawberry.field(description="federal, land, satzung or practice")
    citation: str
    binds: str | None = strawberry.field(description="Whom a deadline binds: authority or citizen")
    unit: str | None
    base_value: str
    raw_value: JSON | None
    fingerprint: str
    locked: str | None


@strawberry.type
class VersionDifference:
    """One thing that differs, with a sentence that a caseworker understands."""

    kind: str
    part: str
    place: str
    name: str
    before: str | None
    after: str | None
    sentence: str
    change_class: str


@strawberry.type
class VersionComparison:
    """Two contents compared: in words, and as SVG with what differs marked."""

    differences: list[VersionDifference]
    old_drawing: str | None
    new_drawing: str | None


@strawberry.type
class RebaseDecision:
    """What a person decided of a step."""

    choice: RebaseChoice
    value: JSON | None
    point: str | None
    reason: str
    by: ID
    at: DateTime


@strawberry.type
class RebaseStep:
    """One operation on its way to the new base."""

    position: int
    point: str
    kind: str
    value: JSON
    title: str
    outcome: RebaseOutcome
    reason: str
    base_before: str
    base_now: str | None
    mine: str
    decision: RebaseDecision | None


@strawberry.type
class VariantRebase(Node):
    """Carrying a variant over to a newer version."""

    version: int
    status: RebaseStatus
    automatic: bool
    template: ProcessTemplate
    from_version: TemplateVersion
    to_version: TemplateVersion
    from_variant: TemplateVariant
    to_variant: TemplateVariant | None
    steps: list[RebaseStep]
    started_at: DateTime
    started_by: ID
    finished_at: DateTime | None
    finished_by: ID | None
    undone_at: DateTime | None
    undone_by: ID | None
    undone_reason: str | None


@strawberry.type
class VariantProblem:
    """What speaks against a variant; `path` names the variable point or the element."""

    path: str
    code: str
    message: str


@strawberry.type
class RebaseTarget:
    """Where the operation of the step at `position` may be anchored anew."""

    position: int
    id: ID
    title: str
    base_value: str


@strawberry.type
class RebasePreview:
    """What a rebase would lead to as it stands. `sound`: rules, forms, letters and soundness hold."""

    sound: bool
    hints: list[str]
    problems: list[VariantProblem]
    targets: list[RebaseTarget]
    comparison: VersionComparison


@strawberry.input
class VariantOperationInput:
    """`value` by kind: duration, cents, role, text, true, a fragment `{fragment, name, role, due, form}`, number."""

    point: str
    kind: str
    value: JSON
    reason: str | None = None
    citation: str | None = None
    citation_date: Date | None = None


@strawberry.input
class SaveVariantDraftInput:
    """All operations of the draft; expectedVersion 0 where there is none yet."""

    template: str
    operations: list[VariantOperationInput]
    expected_version: int
    idempotency_key: ID


@strawberry.input
class VariantInput:
    """A variant."""

    variant: ID
    expected_version: int
    idempotency_key: ID


@strawberry.type
class VariantSuccess:
    """The variant as it is now."""

    variant: TemplateVariant


@strawberry.type
class VariantEndedSuccess:
    """The template; its draft is gone, or the base counts again."""

    template: ProcessTemplate


@strawberry.input
class BeginRebaseInput:
    """A template's slug, and the number of the version; the newest where it is left out."""

    template: str
    idempotency_key: ID
    number: int | None = None


@strawberry.input
class DecideRebaseStepInput:
    """What a person decides of one step."""

    rebase: ID
    position: int
    choice: RebaseChoice
    expected_version: int
    idempotency_key: ID
    value: JSON | None = None
    point: str | None = None
    citation: str | None = None
    citation_date: Date | None = None
    reason: str | None = None


@strawberry.input
class RebaseInput:
    """A rebase; undoing needs a reason."""

    rebase: ID
    expected_version: int
    idempotency_key: ID
    reason: str | None = None


@strawberry.type
class RebaseSuccess:
    """The rebase as it is now."""

    rebase: VariantRebase


VariantResult = Annotated[VariantSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("VariantResult")]
VariantEndedResult = Annotated[
    VariantEndedSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("VariantEndedResult")
]
RebaseResult = Annotated[RebaseSuccess | Invalid | Conflict | Forbidden | NotFound, strawberry.union("RebaseResult")]
