"""Values that fit a form, so that every imported form brings the valid example it needs."""

from collections.abc import Mapping
from re import _constants as tokens  # type: ignore[attr-defined]
from re import _parser as patterns
from typing import Any

from kreisbund_platform.engine.forms.values import compiled

DAY = "2026-01-15"
LONGEST = 200  # characters that a pattern's example may have
_CLASSES = {
    tokens.CATEGORY_DIGIT: "1",
    tokens.CATEGORY_WORD: "a",
    tokens.CATEGORY_SPACE: " ",
    tokens.CATEGORY_NOT_DIGIT: "a",
    tokens.CATEGORY_NOT_SPACE: "a",
    tokens.CATEGORY_NOT_WORD: "-",
}
_CANDIDATES = "a1AZ -.,/ä€"


def example_of(components: list[dict[str, Any]]) -> dict[str, Any]:
    """A value for each required field of these components."""
    found: dict[str, Any] = {}
    for component in components:
        kind = component["type"]
        if kind == "group" and "path" not in component:
            found |= example_of(component["components"])
        elif kind in ("group", "dynamiclist"):
            found |= _nested(component)
        elif kind != "text" and component["validate"].get("required"):
            found[component["key"]] = value_of(component)
    return found


def _nested(component: dict[str, Any]) -> dict[str, Any]:
    if component["type"] == "group":
        optional = component["properties"].get("optional")
        inner = {} if optional else example_of(component["components"])
        return {component["path"]: inner} if inner else {}
    if not component["validate"]["required"]:
        return {}
    entry = example_of(component["components"]) or _anything(component["components"])
    return {component["path"]: [entry] * component["validate"].get("minItems", 1)}


def has_fields(components: list[dict[str, Any]]) -> bool:
    """Whether anything in here can be filled in."""
    return any("key" in component or has_fields(component.get("components", [])) for component in components)


def _anything(components: list[dict[str, Any]]) -> dict[str, Any]:
    """The first field filled in, where none has to be: an entry of a list holds something."""
    for component in components:
        if "key" in component:
            return {component["key"]: value_of(component)}
        if inner := _anything(component.get("components", [])):
            within = [inner] if component["type"] == "dynamiclist" else inner
            return {component["path"]: within} if "path" in component else inner
    return {}


def value_of(component: Mapping[str, Any]) -> Any:
    """A value for one field."""
    rules = component["validate"]
    match component["type"]:
        case "radio" | "select":
            return component["values"][0]["value"]
        case "number":
            return _number(rules)
        case "datetime":
            return DAY
        case "filepicker":
            return "beleg"
        case _:
            return matching(rules["pattern"]) if "pattern" in rules else _text(rules)


def _number(rules: Mapping[str, Any]) -> float:
    least, most = rules.get("min"), rules.get("max")
    if least is not None:
        return float(least) if least != int(least) else int(least)
    return 1 if most is None or most >= 1 else int(most // 1)


def _text(rules: Mapping[str, Any]) -> str:
    shortest, longest = int(rules.get("minLength", 1)), int(rules.get("maxLength", 100))
    if shortest == longest:
        return ("1234567890" * (longest // 10 + 1))[:longest]
    text = "Musterangabe"
    return (text * (shortest // len(text) + 1))[: max(shortest, min(longest, len(text)))]


def matching(pattern: str) -> str | None:
    """A text that the pattern accepts, or None where none was found; what it gives has been checked in RE2."""
    try:
        text = "".join(_written(token, value) for token, value in patterns.parse(pattern))
    except (ValueError, RecursionError, OverflowError, LookupError, TypeError, patterns.error):
        return None
    return (
        text if 0 < len(text.strip()) <= LONGEST and text == text.strip() and compiled(pattern).search(text) else None
    )


def _written(token: Any, value: Any) -> str:
    if token is tokens.LITERAL:
        return chr(value)
    if token is tokens.IN:
        return _member(value)
    if token in (tokens.MAX_REPEAT, tokens.MIN_REPEAT):
        least, most, inner = value
        times = max(int(least), 1 if most else 0)
        return _all(inner) * times if times <= LONGEST else _refuse()
    if token is tokens.SUBPATTERN:
        return _all(value[-1])
    if token is tokens.BRANCH:
        return _all(value[1][0])
    return {tokens.ANY: "a", tokens.AT: ""}.get(token) or ("" if token is tokens.AT else _negated(token, value))


def _all(inner: Any) -> str:
    return "".join(_written(token, value) for token, value in inner)


def _negated(token: Any, value: Any) -> str:
    if token is tokens.ANY:
        return "a"
    if token is not tokens.NOT_LITERAL:
        return _refuse()
    return next(character for character in _CANDIDATES if ord(character) != value)


def _refuse() -> str:
    raise LookupError("no example")


def _member(options: Any) -> str:
    """A character of a class; of a negated one the first candidate that nothing in it names."""
    token, value = options[0]
    if token is tokens.NEGATE:
        return next(one for one in _CANDIDATES if not any(_covers(option, one) for option in options[1:]))
    if token is tokens.RANGE:
        return chr(value[0])
    return _CLASSES[value] if token is tokens.CATEGORY else chr(value)


def _covers(option: Any, character: str) -> bool:
    token, value = option
    if token is tokens.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if token is tokens.CATEGORY:
        return bool(_CLASSES[value] == character) or character.isalnum()
    return bool(ord(character) == value)
