"""DMN files as frozen data with everything compiled: inputs, decisions, knowledge, services, and what each needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kreisbund_platform.engine.dmn import xml
from kreisbund_platform.engine.dmn.boxed import Words, nothing, read_boxed, read_function
from kreisbund_platform.engine.dmn.tables import Input, Output, Rule, Table, run_table
from kreisbund_platform.engine.dmn.types import Types
from kreisbund_platform.engine.dmn.xml import Element, Source
from kreisbund_platform.engine.feel.types import FunctionOf, Type
from kreisbund_platform.engine.feel.values import Evaluator
from kreisbund_platform.engine.refused import ModelRefused, local_name
from kreisbund_platform.texts import _

__all__ = ["Decision", "Decisions", "Input", "Model", "Output", "Rule", "Table", "read_decisions", "read_model"]

MOST_IMPORTS = 8


@dataclass(frozen=True)
class Need:
    """What an element needs: an element of this file, or of one that it imports under these names."""

    path: tuple[str, ...]
    kind: str
    element_id: str
    name: str


@dataclass(frozen=True)
class InputData:
    """A value from outside."""

    name: str
    type: Type | None


@dataclass(frozen=True)
class Decision:
    """`requires` are the ids of the decisions it needs first, in the same file."""

    decision_id: str
    name: str
    requires: tuple[str, ...]
    logic: Table | Evaluator
    needs: tuple[Need, ...]
    type: Type | None

    @property
    def evaluate(self) -> Evaluator:
        """The decision's closure."""
        logic = self.logic
        return (lambda env: run_table(logic, env)) if isinstance(logic, Table) else logic


@dataclass(frozen=True)
class Knowledge:
    """A function of the model; one outside (Java, PMML) has no body."""

    name: str
    parameters: tuple[tuple[str, Type | None], ...]
    body: Evaluator | None
    result: Type | None
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Service:
    """Decisions as a function of inputs and of other decisions' results."""

    name: str
    parameters: tuple[tuple[Need, Type | None], ...]
    outputs: tuple[Need, ...]
    result: Type | None


@dataclass(frozen=True)
class Model:
    """One file and those it imports."""

    inputs: Mapping[str, InputData]
    decisions: Mapping[str, Decision]
    knowledge: Mapping[str, Knowledge]
    services: Mapping[str, Service]
    imports: Mapping[str, "Model"]


@dataclass(frozen=True)
class Decisions:
    """All decisions of a set of files and the model of each."""

    by_id: Mapping[str, Decision]
    models: Mapping[str, Model]


def read_decisions(files: Mapping[str, bytes]) -> Decisions:
    """Reads DMN files by name for publishing; raises ModelRefused."""
    sources = [xml.read_source(data) for data in files.values()]
    xml.link(sources)
    reader = _Reader(lenient=False)
    by_id: dict[str, Decision] = {}
    models: dict[str, Model] = {}
    for source in sources:
        model = reader.model(source)
        for name in xml.decision_ids(source.root):
            if name in by_id:
                raise ModelRefused(name, _("Diese Kennung kommt mehrfach vor."))
            by_id[name], models[name] = model.decisions[name], model
    _refuse_circles(by_id)
    return Decisions(MappingProxyType(by_id), MappingProxyType(models))


def read_model(name: str, files: Mapping[str, bytes]) -> Model:
    """Reads one of the files, what it imports among the others; what cannot be read in it is null.

    Raises ModelRefused where the file is no DMN at all.
    """
    main = xml.read_source(files[name])
    sources = [main]
    for other in files.keys() - {name}:
        try:
            sources.append(xml.read_source(files[other]))
        except ModelRefused:
            continue
    xml.link(sources)
    return _Reader(lenient=True).model(main)


class _Reader:
    def __init__(self, *, lenient: bool) -> None:
        self._lenient = lenient
        self._models: dict[int, Model] = {}
        self._types: dict[int, Types] = {}
        self._open: list[Source] = []

    def types(self, source: Source) -> Types:
        if id(source) not in self._types:
            bare = Words((), (), {}, lambda _name, _place: None, self._lenient)
            self._open.append(source)
            imported = {alias: self.types(other) for alias, other in source.imported.items() if self._may_open(other)}
            self._open.pop()
            self._types[id(source)] = Types(source, imported, bare.tests, lenient=self._lenient)
        return self._types[id(source)]

    def _may_open(self, source: Source) -> bool:
        return len(self._open) < MOST_IMPORTS and not any(other is source for other in self._open)

    def model(self, source: Source) -> Model:
        if id(source) not in self._models:
            self._open.append(source)
            imports = {alias: self.model(other) for alias, other in source.imported.items() if self._may_open(other)}
            self._open.pop()
            self._models[id(source)] = _FileReader(source, self.types(source), lenient=self._lenient).model(imports)
        return self._models[id(source)]


class _FileReader:
    def __init__(self, source: Source, types: Types, *, lenient: bool) -> None:
        self._source = source
        self._lenient = lenient
        members = xml.member_names(source).union(*map(xml.member_names, _imported(source)))
        every = tuple(members) if not lenient else tuple(source.imports)
        self._words = Words(every, tuple(members), types.all(), types.named, lenient)

    def model(self, imports: Mapping[str, Model]) -> Model:
        elements = self._source.elements.items()
        of_kind = {
            kind: [(name, element) for name, element in elements if local_name(element) == kind] for kind in _KINDS
        }
        return Model(
            {name: InputData(xml.name_of(e), self._type(e)) for name, e in of_kind["inputData"]},
            {name: self._decision(name, element) for name, element in of_kind["decision"]},
            {name: self._knowledge(name, element) for name, element in of_kind["businessKnowledgeModel"]},
            {name: self._service(name, element) for name, element in of_kind["decisionService"]},
            imports,
        )

    def _type(self, element: Element) -> Type | None:
        return self._words.type_of(xml.variable_type(element), xml.id_of(element))

    def _decision(self, identifier: str, element: Element) -> Decision:
        needs = tuple(self._needs(element))
        requires = tuple(need.element_id for need in needs if need.kind == "decision" and not need.path)
        logic = xml.expression_in(element)
        words = self._words_for(needs)
        if logic is None and not self._lenient:
            raise ModelRefused(identifier, _("Der Entscheidung fehlt die Logik."))
        found = nothing if logic is None else read_boxed(identifier, logic, words)
        return Decision(identifier, xml.name_of(element), requires, found, needs, self._type(element))

    def _words_for(self, needs: tuple[Need, ...]) -> Words:
        return self._words.with_names(need.name for need in needs if not any(need.path))

    def _needs(self, element: Element) -> Iterator[Need]:
        place = xml.id_of(element)
        for href in xml.references(element, "informationRequirement", "requiredInput", "requiredDecision"):
            yield from self._need(place, href)
        for href in xml.references(element, "knowledgeRequirement", "requiredKnowledge"):
            yield from self._need(place, href)

    def _need(self, place: str, href: str) -> Iterator[Need]:
        found = _resolved(self._source, href, ())
        if found is not None:
            path, element = found
            yield Need(path, _KINDS[local_name(element)], xml.id_of(element), xml.name_of(element))
        elif not self._lenient:
            name = href.rpartition("#")[2]
            raise ModelRefused(place, _("Die Entscheidung „{name}“ gibt es nicht.").format(name=name))

    def _knowledge(self, identifier: str, element: Element) -> Knowledge:
        needs = tuple(self._needs(element))
        words = self._words_for(needs).with_names([xml.name_of(element)])
        logic = xml.child(element, "encapsulatedLogic", "functionDefinition")
        if logic is None:
            if not self._lenient:
                raise ModelRefused(identifier, _("Der Funktion fehlt die Logik."))
            return Knowledge(xml.name_of(element), (), nothing, None, needs)
        parameters, body = read_function(identifier, logic, words)
        result = self._result(element) or words.type_of(xml.type_ref(logic), identifier)
        return Knowledge(xml.name_of(element), parameters, body, _unless_function(result), needs)

    def _result(self, element: Element) -> Type | None:
        found = self._type(element)
        return found.result if isinstance(found, FunctionOf) else found

    def _service(self, identifier: str, element: Element) -> Service:
        def named(kind: str) -> list[Need]:
            hrefs = [each.get("href") or "" for each in xml.children(element, kind)]
            return [need for href in hrefs for need in self._need(identifier, href)]

        parameters = tuple((need, self._type_of_need(need)) for need in (*named("inputData"), *named("inputDecision")))
        return Service(xml.name_of(element), parameters, tuple(named("outputDecision")), self._result(element))

    def _type_of_need(self, need: Need) -> Type | None:
        source = self._source
        for alias in need.path:
            source = source.imported[alias]
        reference = xml.variable_type(source.elements[need.element_id])
        prefix = "".join(f"{alias}." for alias in need.path if alias)
        if need.path and reference:
            return self._words.types.get(prefix + reference) or self._words.type_of(reference, need.element_id)
        return self._words.type_of(reference, need.element_id)


_KINDS = {
    "inputData": "input",
    "decision": "decision",
    "businessKnowledgeModel": "knowledge",
    "decisionService": "service",
}


def _unless_function(found: Type | None) -> Type | None:
    return None if isinstance(found, FunctionOf) else found


def _imported(source: Source, depth: int = 0) -> Iterator[Source]:
    for other in source.imported.values() if depth < MOST_IMPORTS else ():
        yield other
        yield from _imported(other, depth + 1)


def _resolved(source: Source, href: str, path: tuple[str, ...]) -> tuple[tuple[str, ...], Element] | None:
    """The element of an address and the imports that lead to it, the shortest way."""
    namespace, _hash, identifier = href.rpartition("#")
    if namespace in ("", source.namespace) and identifier in source.elements:
        return path, source.elements[identifier]
    if len(path) >= MOST_IMPORTS:
        return None
    ways = [_resolved(other, href, (*path, alias)) for alias, other in source.imported.items()] if namespace else []
    return min((way for way in ways if way is not None), key=lambda way: len(way[0]), default=None)


def _refuse_circles(by_id: Mapping[str, Decision]) -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ModelRefused(name, _("Die Entscheidung braucht sich selbst."))
        if name not in done:
            for required in by_id[name].requires:
                visit(required, (*path, name))
            done.add(name)

    for name in by_id:
        visit(name, ())
