"""Checks what came in against a form, on the server, and brings uploads to the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kreisbund_platform.documents import uploads
from kreisbund_platform.engine import forms
from kreisbund_platform.engine.feel import evaluate
from kreisbund_platform.errors import Invalid
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.texts import _


@dataclass(frozen=True)
class Checked:
    """Valid data, cleaned, and the uploads that it names."""

    data: dict[str, Any]
    uploads: tuple[UUID, ...]


def check(
    work: WorkContext, schema: Mapping[str, Any] | None, data: Any, known: Mapping[str, Any]
) -> Checked | Invalid:
    """Validates `data` against a form; a task without a form takes no data. `known`: the case's variables."""
    available = uploads.available(work, data)
    result = forms.validate(
        schema or {"type": "default", "components": []},
        data,
        uploads=available,
        evaluate=lambda expression, values: evaluate(expression, {**known, **values}),
    )
    if result.errors:
        return Invalid("INVALID_DATA", _("Bitte prüfen Sie Ihre Angaben."), tuple(result.errors))
    named = tuple(UUID(identifier) for identifier in result.upload_ids)
    return Checked(dict(result.data), named)


def claim_uploads(work: WorkContext, checked: Checked, case_id: UUID) -> Invalid | None:
    """Turns the named uploads into documents of the case; refuses where another request claimed one first."""
    claimed = uploads.claim(work, checked.uploads, case_id) if checked.uploads else None
    return claimed if isinstance(claimed, Invalid) else None
