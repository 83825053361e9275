"""Built-in functions on lists and contexts (DMN 1.5, 10.3.4.4, 10.3.4.11, 10.3.4.12), `not`, `is` and `sort`."""

from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from kreisbund_platform.engine.feel.calls import invoke
from kreisbund_platform.engine.feel.comparison import equal, hash_key, kind, negate
from kreisbund_platform.engine.feel.functions import builtin
from kreisbund_platform.engine.feel.temporal import Moment, Time, offset_of
from kreisbund_platform.engine.feel.values import Env


def _index(position: Decimal, size: int) -> int | None:
    """The index of a position counted from 1, or from the end; None where it lies outside or between two."""
    if position == 0 or abs(position) > size or position != position.to_integral_value():
        return None
    return int(position) - 1 if position > 0 else size + int(position)


builtin("not", "negand: Any")(negate)
# Not in the standard; here since the first templates.
builtin("is defined", "value: Any")(lambda value: value is not None)


@builtin("list contains", "list: list, element: Any", metered=True)
def _list_contains(env: Env, items: list[Any], element: Any) -> bool:
    env.meter.step(len(items) >> 2)
    return any(equal(item, element, env.meter) is True for item in items)


@builtin("all", "list: list")
def _all(items: list[Any]) -> bool | None:
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@builtin("all", "first: Any, second: Any, more...: Any")
def _all_arguments(*items: Any) -> bool | None:
    return _all(list(items))


@builtin("any", "list: list")
def _any(items: list[Any]) -> bool | None:
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None


@builtin("any", "first: Any, second: Any, more...: Any")
def _any_arguments(*items: Any) -> bool | None:
    return _any(list(items))


@builtin("sublist", "list: list, start position: number, length?: number|null")
def _sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any] | None:
    first = _index(start, len(items))
    if first is None:
        return None
    if length is None:
        return items[first:]
    return items[first : first + int(length)] if 1 <= length <= len(items) - first else None


@builtin("append", "list: list, item: Any, more...: Any")
def _append(items: list[Any], *more: Any) -> list[Any]:
    return [*items, *more]


@builtin("concatenate", "list: list, more...: list")
def _concatenate(*lists: list[Any]) -> list[Any]:
    return [item for items in lists for item in items]


@builtin("insert before", "list: list, position: number, newItem: Any")
def _insert_before(items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    index = _index(position, len(items))
    return None if index is None else [*items[:index], item, *items[index:]]


@builtin("remove", "list: list, position: number")
def _remove(items: list[Any], position: Decimal) -> list[Any] | None:
    index = _index(position, len(items))
    return None if index is None else items[:index] + items[index + 1 :]


@builtin("list replace", "list: list, position: number, newItem: Any")
def _list_replace(items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    index = _index(position, len(items))
    return None if index is None else [*items[:index], item, *items[index + 1 :]]


@builtin("list replace", "list: list, match: function, newItem: Any", metered=True)
def _list_replace_matching(env: Env, items: list[Any], match: Any, new: Any) -> list[Any] | None:
    results = [invoke(match, [item, new], None, env) for item in items]
    if not all(isinstance(result, bool) for result in results):
        return None
    return [new if result else item for item, result in zip(items, results, strict=True)]


@builtin("reverse", "list: list")
def _reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


@builtin("index of", "list: list, match: Any", metered=True)
def _index_of(env: Env, items: list[Any], match: Any) -> list[Decimal]:
    env.meter.step(len(items) >> 2)
    return [Decimal(number) for number, item in enumerate(items, 1) if equal(item, match, env.meter) is True]


@builtin("union", "list: list, more...: list", metered=True)
def _union(env: Env, *lists: list[Any]) -> list[Any]:
    return _distinct_values(env, _concatenate(*lists))


@builtin("distinct values", "list: list", metered=True)
def _distinct_values(env: Env, items: list[Any]) -> list[Any]:
    env.meter.step(len(items) >> 2)
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(hash_key(item, env.meter), item)
    return list(found.values())


@builtin("flatten", "list: list", metered=True)
def _flatten(env: Env, items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        env.meter.step()
        if isinstance(item, list):
            found += _flatten(env, item)
        else:
            found.append(item)
    return found


@builtin("sort", "list: list, precedes: function", metered=True)
def _sort(env: Env, items: list[Any], precedes: Any) -> list[Any] | None:
    failed: list[bool] = []

    def compare(left: Any, right: Any) -> int:
        result = invoke(precedes, [left, right], None, env)
        if not isinstance(result, bool):
            failed.append(True)
            return 0
        return -1 if result else 1 if invoke(precedes, [right, left], None, env) is True else 0

    found = sorted(items, key=cmp_to_key(compare))
    return None if failed else found


@builtin("is", "value1: Any, value2: Any", metered=True)
def _is(env: Env, left: Any, right: Any) -> bool:
    """The same element of FEEL's semantic domain: zones count."""
    if kind(left) != kind(right):
        return False
    if isinstance(left, Time) and isinstance(right, Time):
        return left == right
    if isinstance(left, Moment) and isinstance(right, Moment):
        return _same_moment(left, right)
    return equal(left, right, env.meter) is True


def _same_moment(left: Moment, right: Moment) -> bool:
    clocks = (left.time.seconds, left.time.nanos) == (right.time.seconds, right.time.nanos)
    zones = (left.time.zone, offset_of(left)) == (right.time.zone, offset_of(right))
    return clocks and zones and left.date == right.date


# --- contexts


@builtin("get value", "m: context, key: string")
@builtin("get value", "context: context, key: string")
def _get_value(context: dict[str, Any], key: str) -> Any:
    return context.get(key)


@builtin("get entries", "m: context")
@builtin("get entries", "context: context")
def _get_entries(context: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context", "entries: list")
def _context(entries: list[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            return None
        if not isinstance(entry["key"], str) or entry["key"] in found:
            return None
        found[entry["key"]] = entry["value"]
    return found


@builtin("context put", "context: context, key: string, value: Any")
def _context_put(context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**context, key: value}


@builtin("context put", "context: context, keys: list, value: Any")
def _context_put_deep(context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any] | None:
    if not keys or not all(isinstance(key, str) for key in keys):
        return None
    return _put(context, keys, value)


def _put(context: dict[str, Any], keys: list[str], value: Any) -> dict[str, Any] | None:
    if len(keys) == 1:
        return {**context, keys[0]: value}
    inside = context.get(keys[0], {})
    changed = _put(inside if isinstance(inside, dict) else {}, keys[1:], value) if len(keys) <= 100 else None
    return None if changed is None else {**context, keys[0]: changed}


@builtin("context merge", "contexts: list", metered=True)
def _context_merge(env: Env, contexts: list[Any]) -> dict[str, Any] | None:
    if not all(isinstance(context, dict) for context in contexts):
        return None
    found: dict[str, Any] = {}
    for context in contexts:
        env.meter.step(len(context))
        found.update(context)
    return found
