"""Item definitions as types (DMN 1.5, 7.3.2): components, collections, allowed values, constraints, functions."""

from collections.abc import Callable, Mapping
from typing import Any

from kreisbund_platform.engine.dmn.xml import Element, Source, child, children, text_in, type_ref
from kreisbund_platform.engine.feel import UnaryTests
from kreisbund_platform.engine.feel.types import (
    ANY,
    BUILT_IN,
    Constrained,
    ContextOf,
    FunctionOf,
    ListOf,
    Type,
)
from kreisbund_platform.engine.feel.values import Env, Meter
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.texts import _

ReadTests = Callable[[str, str], UnaryTests]
DEEPEST = 30


class Types:
    """The types of a file and, with the import's name before them, of those it imports."""

    def __init__(self, source: Source, imported: "Mapping[str, Types]", tests: ReadTests, *, lenient: bool) -> None:
        self._imports = imported
        self._tests = tests
        self._lenient = lenient
        self._definitions = {_name(item): item for item in children(source.root, "itemDefinition")}
        self._made: dict[str, Type] = {}
        self._open: set[str] = set()

    def all(self) -> Mapping[str, Type]:
        """Every type by name."""
        found = {name: type_ for name in self._definitions if (type_ := self.named(name, name)) is not None}
        for alias, types in self._imports.items():
            found |= {(f"{alias}." if alias else "") + name: type_ for name, type_ in types.all().items()}
        return found

    def named(self, reference: str | None, place: str) -> Type | None:
        """The type of a reference; None (no check) where there is none, or where it is unknown and that is borne."""
        if not reference:
            return None
        for name in (" ".join(reference.split()), reference.rpartition("}")[2], reference.partition(":")[2]):
            found = self.find(name, place)
            if found is not None:
                return found
        if not self._lenient:
            raise ModelRefused(place, _("Den Typ „{name}“ gibt es nicht.").format(name=reference))
        return None

    def _imported(self, name: str, place: str) -> Type | None:
        for alias, types in self._imports.items():
            inner = name.removeprefix(f"{alias}.") if alias else name
            found = types.find(inner, place) if inner != name or not alias else None
            if found is not None:
                return found
        return None

    def find(self, name: str, place: str) -> Type | None:
        """The type of exactly this name."""
        return self._defined(name) or BUILT_IN.get(name) or self._imported(name, place)

    def _defined(self, name: str) -> Type | None:
        if name in self._made or name not in self._definitions:
            return self._made.get(name)
        if name in self._open or len(self._open) > DEEPEST:
            return ANY
        self._open.add(name)
        self._made[name] = self._read(self._definitions[name], name)
        self._open.remove(name)
        return self._made[name]

    def _read(self, item: Element, place: str) -> Type:
        """A collection's allowed values hold for each item, its type constraint for the whole (DMN 1.5)."""
        found = self._allowed(self._bare(item, place), item, "allowedValues", place)
        if item.get("isCollection") == "true":
            found = ListOf(found)
        return self._allowed(found, item, "typeConstraint", place)

    def _bare(self, item: Element, place: str) -> Type:
        components = children(item, "itemComponent")
        if components:
            return ContextOf({_name(part): self._read(part, place) for part in components})
        function = child(item, "functionItem")
        if function is None:
            return self.named(type_ref(item), place) or ANY
        parameters = [self.named(type_ref(part), place) or ANY for part in children(function, "parameters")]
        return FunctionOf(tuple(parameters), self.named(function.get("outputTypeRef"), place) or ANY)

    def _allowed(self, base: Type, item: Element, name: str, place: str) -> Type:
        text = text_in(child(item, name))
        return Constrained(base, _check(self._tests(item.get("id") or place, text))) if text else base


def _name(item: Element) -> str:
    return " ".join((item.get("name") or "").split())


def _check(tests: UnaryTests) -> Callable[[Any, Meter], bool]:
    return lambda value, meter: tests.test(value, Env({}, None, meter)) is True
