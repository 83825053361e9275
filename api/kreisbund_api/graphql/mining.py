"""How a county's processes run: figures over groups of five and more, never per person."""

from typing import Annotated

import strawberry

from kreisbund_api.graphql.reading import Info, read, require
from kreisbund_api.graphql.refusals import bad_input
from kreisbund_api.graphql.scalars import Date
from kreisbund_platform.database.object_types import One
from kreisbund_platform.mining import periods


@strawberry.type
class ProcessVariant:
    """A path that cases took: elements of tasks and deadlines in the order of the log."""

    elements: list[str]
    cases: int
    share: float
    median_days: float | None


@strawberry.type
class TaskWait:
    """How long tasks of one kind waited: until somebody took them, and until they were done."""

    element_id: str
    name: str
    role: str
    tasks: int
    median_hours_to_start: float | None
    p90_hours_to_start: float | None
    median_hours_to_end: float | None
    p90_hours_to_end: float | None


@strawberry.type
class ProcessFigures:
    """A template's cases received in a period; null and left out where fewer than five are behind a figure."""

    cases: int | None
    ended: int | None
    median_days: float | None
    p90_days: float | None
    variants: list[ProcessVariant]
    waits: list[TaskWait]


@strawberry.type
class MiningQuery:
    """Process mining."""

    @strawberry.field
    def process_figures(
        self,
        info: Info,
        template: str,
        from_: Annotated[Date | None, strawberry.argument(name="from")] = None,
        to: Date | None = None,
    ) -> ProcessFigures:
        """Paths, throughput and waiting of a template's cases, received in a period; else in the last year."""
        require(info)
        period = periods.between(info.context.clock.now(), from_, to)
        if period is None:
            raise bad_input()
        values = {"template": template, "from_day": period.first, "to_day": period.last}
        return read(info, One("ProcessFigures", "true"), **values)  # type: ignore[no-any-return]
