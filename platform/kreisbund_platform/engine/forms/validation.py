"""Forms on the server: what came in against a published form-js schema.

Nothing from a browser is believed: unknown fields are refused, hidden ones dropped, every error is told at once.
Data are JSON values; a number is a number, a date is `yyyy-mm-dd`. Works in time linear in the data.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kreisbund_platform.engine.forms.values import (
    Component,
    Problem,
    Uploads,
    check_value,
    is_empty,
    problem,
    rules_of,
)
from kreisbund_platform.errors import FieldError
from kreisbund_platform.texts import _

MOST_ENTRIES = 200  # of one repeated group
MOST_VALUES = 20_000  # of one form, all levels
DEEPEST = 12  # levels of lists and objects
MOST_ERRORS = 200  # further ones are not told
STATIC = frozenset({"text", "separator", "spacer"})

Evaluate = Callable[[str, dict[str, Any]], Any]


@dataclass(frozen=True)
class FormResult:
    """Cleaned data without hidden and empty fields, or errors; `upload_ids`: the files that the data name."""

    data: dict[str, Any]
    errors: tuple[FieldError, ...]
    upload_ids: tuple[str, ...] = ()


@dataclass
class _Run:
    uploads: Uploads
    evaluate: Evaluate
    errors: list[FieldError] = field(default_factory=list)
    upload_ids: list[str] = field(default_factory=list)

    def refuse(self, path: str, found: Problem) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(FieldError(path, found.code, found.message))


@dataclass(frozen=True)
class _Scope:
    """One object of the data: its values, the dotted path to it, what conditions may see."""

    values: Mapping[str, Any]
    path: str
    context: dict[str, Any]

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def validate(schema: Mapping[str, Any], data: Any, *, uploads: Uploads, evaluate: Evaluate) -> FormResult:
    """Checks `data`; `evaluate(feel, variables)` decides `conditional.hide`, `uploads` are the files it may name."""
    refusal = _shape_problem(data)
    if refusal:
        return FormResult({}, (FieldError("", refusal.code, refusal.message),))
    run = _Run(uploads, evaluate)
    cleaned = _object(run, schema.get("components", ()), data, "", {})
    return FormResult({} if run.errors else cleaned, tuple(run.errors), tuple(dict.fromkeys(run.upload_ids)))


def fields_of(components: Any) -> Iterator[Component]:
    """The components whose values lie in one object: through groups without a path, not into those with one."""
    for component in components:
        if component["type"] == "group" and not component.get("path"):
            yield from fields_of(component.get("components", ()))
        elif component["type"] not in STATIC:
            yield component


def name_of(component: Component) -> str:
    """The key under which a component's value lies."""
    return str(component["path"] if component["type"] in ("group", "dynamiclist") else component["key"])


def _shape_problem(data: Any) -> Problem | None:
    if not isinstance(data, Mapping):
        return Problem("NOT_AN_OBJECT", _("Die Angaben müssen ein Objekt mit Feldern sein."))
    level: list[Any] = [data]
    count = depth = 0
    while level:
        depth += 1
        count += sum(len(item) for item in level)
        if count > MOST_VALUES or depth > DEEPEST:
            return Problem("TOO_LARGE", _("Das sind mehr Angaben, als ein Formular haben kann."))
        level = [child for item in level for child in _children(item) if isinstance(child, dict | list)]
    return None


def _children(item: Any) -> Any:
    return item.values() if isinstance(item, Mapping) else item


def _object(
    run: _Run, components: Any, values: Mapping[str, Any], path: str, around: Mapping[str, Any]
) -> dict[str, Any]:
    """Conditions see every field of the object, absent and empty ones as null, and what is `around` it."""
    own: dict[str, Any] = {}
    for component in fields_of(components):
        name = name_of(component)
        value = values.get(name)
        own[name] = None if is_empty(component, value) else value
    scope = _Scope(values, path, {**around, **own})
    _refuse_unknown(run, own, scope)
    cleaned: dict[str, Any] = {}
    _walk(run, components, scope, cleaned, hidden=False)
    return cleaned


def _refuse_unknown(run: _Run, known: Container[str], scope: _Scope) -> None:
    for key in scope.values:
        if key not in known:
            found = Problem("UNKNOWN_FIELD", _("Dieses Feld kennt das Formular nicht."))
            run.refuse(scope.at(_printable(key)), found)


def _printable(key: object) -> str:
    """A stranger's key as it may stand in an answer."""
    return "".join(character if character.isprintable() else "?" for character in str(key)[:100])


def _walk(run: _Run, components: Any, scope: _Scope, cleaned: dict[str, Any], hidden: bool) -> None:
    for component in components:
        if component["type"] in STATIC:
            continue
        away = hidden or _is_hidden(run, component, scope)
        if component["type"] == "group" and not component.get("path"):
            _walk(run, component.get("components", ()), scope, cleaned, away)
        elif away:
            scope.context[name_of(component)] = None
        else:
            _field(run, component, scope, cleaned)


def _is_hidden(run: _Run, component: Component, scope: _Scope) -> bool:
    condition = (component.get("conditional") or {}).get("hide")
    if not condition:
        return False
    return run.evaluate(str(condition).removeprefix("=").strip(), dict(scope.context)) is True


def _field(run: _Run, component: Component, scope: _Scope, cleaned: dict[str, Any]) -> None:
    name = name_of(component)
    path, value = scope.at(name), scope.values.get(name)
    inner: Any = None
    if component["type"] == "group":
        inner = None if _left_out(component, value) else _group(run, component, scope, path, value)
    elif is_empty(component, value):
        _refuse_missing(run, component, path)
    elif component["type"] == "dynamiclist":
        inner = _entries(run, component, scope, path, value)
    else:
        inner = _single(run, component, path, value)
    if inner is not None:
        cleaned[name] = inner


def _left_out(component: Component, value: Any) -> bool:
    """Whether an optional group was not filled in at all: then its required fields are not asked for."""
    return bool((component.get("properties") or {}).get("optional")) and _is_blank(value)


def _is_blank(value: Any) -> bool:
    if isinstance(value, Mapping | list):
        return all(_is_blank(child) for child in _children(value))
    return value is None or (isinstance(value, str) and not value.strip())


def _refuse_missing(run: _Run, component: Component, path: str) -> None:
    if rules_of(component).get("required"):
        run.refuse(path, problem(component, "REQUIRED", _("Bitte füllen Sie „{label}“ aus.")))


def _single(run: _Run, component: Component, path: str, value: Any) -> Any:
    found = check_value(component, value, run.uploads)
    if isinstance(found, Problem):
        run.refuse(path, found)
        return None
    if found is False and rules_of(component).get("required"):
        run.refuse(path, problem(component, "REQUIRED", _("Bitte bestätigen Sie „{label}“.")))
    if component["type"] == "filepicker":
        run.upload_ids.extend(map(str, found if isinstance(found, list) else [found]))
    return found


def _group(run: _Run, component: Component, scope: _Scope, path: str, value: Any) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, Mapping):
        _refuse_shape(run, component, path)
        return None
    return _object(run, component.get("components", ()), value or {}, path, scope.context) or None


def _entries(run: _Run, component: Component, scope: _Scope, path: str, value: Any) -> list[Any] | None:
    if not isinstance(value, list):
        _refuse_shape(run, component, path)
        return None
    most = min(MOST_ENTRIES, int(rules_of(component).get("maxItems", MOST_ENTRIES)))
    if len(value) > most:
        german = _("„{label}“ darf höchstens {number} Einträge haben.")
        run.refuse(path, problem(component, "TOO_MANY_ENTRIES", german, number=most))
        return None
    least = int(rules_of(component).get("minItems", 0))
    if len(value) < least:
        german = _("„{label}“ braucht mindestens {number} Einträge.")
        run.refuse(path, problem(component, "TOO_FEW_ENTRIES", german, number=least))
    return [_group(run, component, scope, f"{path}.{position}", entry) or {} for position, entry in enumerate(value)]


def _refuse_shape(run: _Run, component: Component, path: str) -> None:
    run.refuse(path, problem(component, "WRONG_TYPE", _("„{label}“: Die Angabe hat eine unerwartete Form.")))
