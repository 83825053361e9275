"""Lists of cases, tasks and applications: a filter becomes conditions and bound values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kreisbund_platform.database.catalogue_objects import like_escaped
from kreisbund_platform.database.object_types import Connection, newest_first

Filtered = tuple[Connection, dict[str, object]]

CASE_CONDITIONS = {
    "status": "{a}.status = ANY({status}::text[])",
    "template": "{a}.template_id = (SELECT t.id FROM shared.process_template t WHERE t.slug = {template}::text)",
    "assignee": "EXISTS (SELECT 1 FROM task k WHERE k.case_id = {a}.id AND k.assignee = {assignee}::text"
    " AND k.status = 'CLAIMED')",
    "due_before": "{a}.due_at < ({due_before}::date)::timestamp AT TIME ZONE 'Europe/Berlin'",
    # a whole case number finds that case alone
    "text": "({a}.case_number = {text}::text OR"
    " (NOT EXISTS (SELECT 1 FROM case_record n WHERE n.case_number = {text}::text) AND"
    " (lower({a}.file_reference) LIKE {start}::text"
    " OR lower({a}.applicant_name) LIKE ANY(ARRAY[{start}::text, {word}::text, {joined}::text])"
    " OR EXISTS (SELECT 1 FROM party q WHERE q.case_id = {a}.id"
    " AND lower(q.name) LIKE ANY(ARRAY[{start}::text, {word}::text, {joined}::text])))))",
}
TASK_CONDITIONS = {
    "status": "{a}.status = ANY({status}::text[])",
    "role": "{a}.role = {role}::text",
    "assignee": "{a}.assignee = {assignee}::text",
    "case": "{a}.case_id = {case}::uuid",
}


@dataclass(frozen=True)
class CaseFilter:
    """Which cases; None leaves a condition out."""

    status: Sequence[str] | None = None
    template: str | None = None
    assignee: str | None = None
    due_before: date | None = None
    text: str | None = None


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks; None leaves a condition out."""

    status: Sequence[str] | None = None
    role: str | None = None
    assignee: str | None = None
    case: UUID | None = None


def _conditions(declared: Mapping[str, str], given: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    used = {name: value for name, value in given.items() if value is not None}
    return " AND ".join(declared[name] for name in used) or "true", used


def cases(asked: CaseFilter) -> Filtered:
    """Cases, newest first."""
    text = (asked.text or "").strip() or None
    condition, values = _conditions(CASE_CONDITIONS, {**vars(asked), "text": text})
    if text:
        sign = like_escaped(text)
        values |= {"start": f"{sign}%", "word": f"% {sign}%", "joined": f"%-{sign}%"}
    return Connection("CaseRecord", condition, newest_first("opened_at")), values


def tasks(asked: TaskFilter) -> Filtered:
    """Tasks, newest first."""
    condition, values = _conditions(TASK_CONDITIONS, vars(asked))
    return Connection("Task", condition, newest_first("created_at")), values


def own_applications() -> Connection:
    """The asking person's applications, newest first."""
    return Connection("Application", "{a}.applicant_subject = {subject}::text", newest_first("submitted_at"))
