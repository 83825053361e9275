"""What `audit verify` can say: which kind of change, and where it begins."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Change(StrEnum):
    """Kinds of change that break the log or its checkpoints."""

    ALTERED_ROW = "ALTERED_ROW"
    DELETED_ROW = "DELETED_ROW"
    INSERTED_ROW = "INSERTED_ROW"
    SWAPPED_ROWS = "SWAPPED_ROWS"
    TAIL_CUT = "TAIL_CUT"
    REHASHED = "REHASHED"
    HEAD_ALTERED = "HEAD_ALTERED"
    CHECKPOINT_ALTERED = "CHECKPOINT_ALTERED"
    CHECKPOINT_MISSING = "CHECKPOINT_MISSING"


@dataclass(frozen=True)
class Finding:
    """The first bad place. `seq`: the event's number, or the checkpoint's for the last two kinds.

    `event_id` where the row is there; `column` of an altered row where it can be told; `other_seq` the second of
    swapped rows, the last of those that are gone.
    """

    change: Change
    seq: int
    event_id: str | None = None
    column: str | None = None
    other_seq: int | None = None

    def words(self) -> str:
        """One line for a person."""
        place = "checkpoint" if self.change.name.startswith("CHECKPOINT") else "event"
        text = f"{self.change.value.lower().replace('_', ' ')}: {place} {self.seq}"
        text += f" to {self.other_seq}" if self.other_seq not in (None, self.seq) else ""
        text += f", id {self.event_id}" if self.event_id else ""
        if self.change is Change.ALTERED_ROW:
            text += f", column {self.column or 'unknown'}"
        return text


@dataclass(frozen=True)
class Report:
    """What a whole walk over one county's log found; `finding` None: the log is what it was."""

    county: str
    events: int
    checkpoints: int
    sealed_events: int
    finding: Finding | None

    def as_json(self) -> dict[str, Any]:
        """The report's fields, kinds of change as their names."""
        return asdict(self)
