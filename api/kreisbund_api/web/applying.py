"""Filling in a form page by page without scripts: the answers so far travel in the form itself.

They are no application yet and are believed nothing: the service checks everything again at the end.
The same walk serves citizens at the portal and staff who enter what came on paper.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kreisbund_api.turns import lane_of
from kreisbund_api.web import forms
from kreisbund_api.web.visits import PageRefusedError, Visit
from kreisbund_platform.documents import uploads
from kreisbund_platform.engine import feel
from kreisbund_platform.engine.forms import UploadInfo, fields_of, name_of, validate
from kreisbund_platform.engine.forms.validation import DEEPEST
from kreisbund_platform.errors import Invalid
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import guest_of

LONGEST_DRAFT = 500_000  # characters


@dataclass(frozen=True)
class Walk:
    """Where somebody stands in a form: its pages, the current one (its number), all answers so far."""

    schema: Mapping[str, Any]
    steps: tuple[forms.Step, ...]
    number: int
    data: dict[str, Any]

    @property
    def step(self) -> forms.Step:
        """The current page."""
        return self.steps[self.number]

    @property
    def variables(self) -> dict[str, Any]:
        """What the conditions of the whole form see."""
        return forms.variables_of(self.schema.get("components", ()), self.data)

    @property
    def draft(self) -> str:
        """All answers as the hidden field carries them."""
        return json.dumps(self.data, ensure_ascii=False)

    def fields(self, errors: Mapping[str, str]) -> list[forms.FieldView]:
        """The current page's visible fields."""
        return forms.views(self.step.components, self.data, self.variables, errors)

    def own(self, errors: Mapping[str, str]) -> dict[str, str]:
        """Those errors that belong to the current page."""
        names = {name_of(component) for component in fields_of(self.step.components)}
        return {path: text for path, text in errors.items() if path.split(".")[0] in names}

    def at(self, number: int) -> "Walk":
        """The same answers at another page."""
        return Walk(self.schema, self.steps, max(0, min(number, len(self.steps) - 1)), self.data)

    def beside(self, direction: int) -> "Walk | None":
        """The next page (or the one before) that shows a question; None past either end."""
        number = self.number + direction
        while 0 <= number < len(self.steps):
            if any(field.path for field in self.at(number).fields({})):
                return self.at(number)
            number += direction
        return None


def begin(schema: Mapping[str, Any]) -> Walk:
    """The first page, nothing answered."""
    return Walk(schema, forms.steps_of(schema), 0, {})


def resume(visit: Visit, schema: Mapping[str, Any]) -> Walk:
    """The walk as the form carries it, before this page's answers are taken."""
    text, number = visit.sent("draft", "{}"), visit.sent("step", "0")
    try:
        data = json.loads(text) if len(text) <= LONGEST_DRAFT else None
    except ValueError as error:
        raise PageRefusedError(400) from error
    if not isinstance(data, dict) or not number.isdigit():
        raise PageRefusedError(400)
    return Walk(schema, forms.steps_of(schema), 0, data).at(int(number))


def taken(walk: Walk, sent: Mapping[str, Sequence[str]]) -> Walk:
    """The walk with this page's answers instead of the earlier ones of the same page."""
    names = {name_of(component) for component in fields_of(walk.step.components)}
    kept = {name: value for name, value in walk.data.items() if name not in names}
    return Walk(walk.schema, walk.steps, walk.number, kept | forms.parse(walk.step.components, sent))


def edited(walk: Walk, action: str) -> Walk:
    """The walk with one more, or one less, entry of a repeated group of this page (`add:path`, `remove:path:n`)."""
    verb, _colon, rest = action.partition(":")
    path, _colon, number = rest.partition(":")
    data = json.loads(json.dumps(walk.data))
    *above, name = path.split(".")
    holder = _within(data, above) if len(above) < DEEPEST else None
    if holder is None or not isinstance(holder.get(name, []), list):
        return walk
    entries = holder[name] = list(holder.get(name) or [{}])
    if verb == "add" and len(entries) < forms.MOST_ENTRIES:
        entries.append({})
    elif verb == "remove" and number.isdigit() and int(number) < len(entries):
        del entries[int(number)]
    return Walk(walk.schema, walk.steps, walk.number, data)


def _within(data: dict[str, Any], names: Sequence[str]) -> dict[str, Any] | None:
    """The object at a dotted path through groups and lists, made where it is missing; None where there can be none."""
    here: Any = data
    for name in names:
        if isinstance(here, list):
            here = here[int(name)] if name.isdigit() and int(name) < len(here) else None
        elif isinstance(here, dict):
            here = here.setdefault(name, {})
    return here if isinstance(here, dict) else None


def problems(walk: Walk) -> dict[str, str]:
    """What is wrong on the current page, by path; whether files may be used is asked at the end."""
    files = {text: UploadInfo(text, "application/pdf", 1) for text in _texts(walk.data)}
    found = validate(walk.schema, walk.data, uploads=files, evaluate=feel.evaluate)
    return walk.own({error.path: error.message for error in found.errors})


def newly_asked(walk: Walk, before: Walk) -> bool:
    """Whether this page's answers bring up questions on it that were not there yet."""
    shown = {field.path for field in before.fields({})}
    return any(field.path not in shown for field in walk.fields({}) if field.path)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for child in children for text in _texts(child)]


async def store_files(visit: Visit) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Takes in the page's files; answers all texts with the new ids beside them, and errors by path."""
    texts, errors = visit.texts(), {}
    for path, file in visit.files():
        lane, content = lane_of(visit.principal, visit.county), await file.read()
        received = await visit.services.turns.run(lane, _receive, visit, str(file.filename), content)
        if isinstance(received, Invalid):
            errors[path] = received.message
        else:
            texts.setdefault(path, []).append(str(received.id))
    return texts, errors


def _receive(visit: Visit, name: str, content: bytes) -> uploads.UploadReceived | Invalid:
    tenant, services = visit.county, visit.services
    assert tenant is not None
    examined = uploads.examine(services.settings, services.scanner, content)
    if isinstance(examined, Invalid):
        return examined
    with services.connections.for_tenant(tenant) as connection, connection.transaction():
        person = visit.principal or guest_of(tenant)
        work = WorkContext(connection, tenant, person, services.clock, services.settings)
        return uploads.receive(work, name, examined)
