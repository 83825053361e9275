"""Rows as a durable step holds them: the columns it needs, as plain values.

Making and changing a mapped model (models.py) costs more than the whole of what the engine does with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kreisbund_platform.cases.models import CaseRecord

Reads = tuple[tuple[str, Callable[[str], Any]], ...]


@dataclass(slots=True)
class HeldCase:
    """A locked case. `state` are the engine's tokens, `data` its variables."""

    id: UUID
    case_number: str
    file_reference: str | None
    status: str
    version: int
    template_version_id: UUID | None
    variant_id: UUID | None
    unit_id: UUID | None
    applicant_name: str | None
    data: dict[str, Any] | None
    state: dict[str, Any]
    received_on: date
    due_at: datetime | None
    next_step: str | None
    next_step_by: date | None
    decided_at: datetime | None
    closed_at: datetime | None
    municipality_key: str | None

    @classmethod
    def of(cls, case: CaseRecord) -> "HeldCase":
        """The row of a new case."""
        return cls(*(getattr(case, column.name) for column in fields(cls)))


@dataclass(slots=True)
class HeldTask:
    """A task of a locked case."""

    id: UUID
    token: int
    element_id: str
    name: str
    status: str
    version: int
    role: str
    unit_id: UUID | None
    assignee: str | None
    form_id: str | None
    due_at: datetime | None
    due_on: date | None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that the step opens; its fields are the columns that migration 0004 reads."""

    id: UUID
    token: int
    element_id: str
    name: str
    role: str
    unit_id: UUID | None
    form_id: str | None
    due_at: datetime | None
    due_on: date | None
    instance: int | None


OpenTask = HeldTask | NewTask


def read_case(written: dict[str, Any]) -> HeldCase:
    """The row as `take_case` (migration 0019) writes it; the dict is used up."""
    return HeldCase(**_typed(written, _CASE))


def read_task(written: dict[str, Any]) -> HeldTask:
    """The row as `take_case` (migration 0019) writes it; the dict is used up."""
    return HeldTask(**_typed(written, _TASK))


def _typed(written: dict[str, Any], reads: Reads) -> dict[str, Any]:
    for name, read in reads:
        value = written[name]
        if value is not None:
            written[name] = read(value)
    return written


def _reads(row: type) -> Reads:
    """How the columns are read that JSON has no type for."""
    return tuple((column.name, READS[column.type]) for column in fields(row) if column.type in READS)


def _uuid(text: str) -> UUID:
    return UUID(int=int(text.replace("-", ""), 16))


READS: Mapping[Any, Callable[[str], Any]] = {
    UUID: _uuid,
    UUID | None: _uuid,
    date: date.fromisoformat,
    date | None: date.fromisoformat,
    datetime: datetime.fromisoformat,
    datetime | None: datetime.fromisoformat,
}
_CASE, _TASK = _reads(HeldCase), _reads(HeldTask)
