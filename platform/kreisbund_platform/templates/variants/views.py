"""What is computed about variants for reading: variable points, comparisons in words and drawn, a rebase's preview.

Answers plain values, ready to be bound to one statement.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.differences import Difference, differences, marks
from kreisbund_platform.templates.source import TemplateSource, source_of
from kreisbund_platform.templates.variants import queries as variants_queries
from kreisbund_platform.templates.variants.check import base_of, judge
from kreisbund_platform.templates.variants.points import points
from kreisbund_platform.templates.variants.rebase_outcomes import Step, resolved, step_of, targets

Rows = Connection[Any]
Values = dict[str, Any]


def variable_points(connection: Rows, slug: str) -> Values:
    """`points` of the version in force here; none where the county has not adopted the template."""
    version_id = queries.version_in_force(connection, slug)
    version = queries.version(connection, version_id) if version_id else None
    return {"points": _listed([asdict(point) for point in points(source_of(version))] if version else [])}


def variant_comparison(connection: Rows, variant_id: UUID) -> Values | None:
    """A variant against its base."""
    variant = variants_queries.variant(connection, variant_id)
    base = queries.version(connection, variant.base_version_id) if variant else None
    if variant is None or base is None:
        return None
    return comparison(source_of(base), source_of(variant, base.cases))


def version_comparison(connection: Rows, slug: str, old: int, new: int) -> Values | None:
    """Two published versions of a template by their numbers."""
    found = [variants_queries.version_numbered(connection, slug, number) for number in (old, new)]
    if found[0] is None or found[1] is None:
        return None
    return comparison(source_of(found[0]), source_of(found[1]))


def comparison(old: TemplateSource, new: TemplateSource) -> Values:
    """Differences in words, and both drawings with what differs marked."""
    in_old, in_new = marks(old, new)
    return {
        "differences": _listed([_told(each) for each in differences(old, new)]),
        "old_drawing": _drawn(old, in_old, "-old"),
        "new_drawing": _drawn(new, in_new, "-new"),
    }


def rebase_preview(connection: Rows, rebase_id: UUID) -> Values | None:
    """Where a rebase stands: what speaks against it, where conflicts may go, what it would make of the new version."""
    rebase = variants_queries.rebase(connection, rebase_id)
    version = queries.version(connection, rebase.to_version_id) if rebase else None
    if rebase is None or version is None:
        return None
    steps, new = [step_of(raw) for raw in rebase.steps], base_of(connection, version)
    judged = judge(new, resolved(new, steps))
    return {
        "sound": not judged.problems,
        "hints": list(judged.hints),
        "problems": _listed([asdict(problem) for problem in judged.problems]),
        "targets": json.dumps(_targets(new, steps), ensure_ascii=False),
        **comparison(new, judged.source),
    }


def _targets(new: TemplateSource, steps: Sequence[Step]) -> list[Values]:
    return [
        {"position": number, "id": point.id, "title": point.title, "base_value": point.base_value}
        for number, step in enumerate(steps)
        if step.outcome == "CONFLICT"
        for point in targets(new, steps, step)
    ]


def _told(found: Difference) -> Values:
    return {name: None if value is None else str(value) for name, value in asdict(found).items()}


def _drawn(source: TemplateSource, marked: Mapping[str, str], name: str) -> str | None:
    """None for a version without a drawing."""
    try:
        return render_svg(source.bpmn_xml, marks=marked, name=name)
    except ModelRefused:
        return None


def _listed(rows: Sequence[Values]) -> str:
    return json.dumps([{"position": number, **row} for number, row in enumerate(rows)], ensure_ascii=False)
