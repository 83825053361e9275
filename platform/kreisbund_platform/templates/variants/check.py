"""A county's operations judged: rules by norm, then everything that publishing checks, soundness included."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from kreisbund_platform.errors import FieldError, Invalid
from kreisbund_platform.templates import calls, publishing
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import TemplateSource, source_of
from kreisbund_platform.templates.variants.apply import apply
from kreisbund_platform.templates.variants.terms import Operation
from kreisbund_platform.texts import _

# The base's own cases show what varies locally: they are told, they do not refuse.
_TOLD = ("CASE_FAILED", "CASES_MISSING")


@dataclass(frozen=True)
class Judged:
    """With problems nothing is stored. `hints` are test cases of the base that run otherwise here."""

    source: TemplateSource
    problems: tuple[FieldError, ...]
    hints: tuple[str, ...] = ()


def judge(base: TemplateSource, operations: Iterable[Operation]) -> Judged:
    """The base with the operations, and all that speaks against it. Needs no database."""
    applied = apply(base, operations)
    if applied.problems or applied.source is base:
        return Judged(applied.source, applied.problems)
    checked = publishing.check(applied.source)
    found = checked.field_errors if isinstance(checked, Invalid) else ()
    problems = tuple(error for error in found if error.code not in _TOLD)
    return Judged(applied.source, problems, tuple(error.message for error in found if error.code in _TOLD))


def base_of(connection: Connection[Any], version: TemplateVersion) -> TemplateSource:
    """A version as operations are judged on it: with the published templates that it calls."""
    source = source_of(version)
    return replace(source, called=calls.called_sources(connection, source.bpmn_xml))


def invalid(problems: Iterable[FieldError]) -> Invalid:
    """The refusal that names every problem at its point."""
    return Invalid("VARIANT_INVALID", _("So kann von der Vorlage nicht abgewichen werden."), tuple(problems))
