"""DMN files as XML: their elements by id, names, types and references, whatever version of DMN they are in."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from kreisbund_platform.engine.refused import ModelRefused, local_name, read_xml
from kreisbund_platform.texts import _

Element = etree._Element
EXPRESSIONS = frozenset(
    {
        *("literalExpression", "decisionTable", "context", "invocation", "functionDefinition", "list", "relation"),
        *("conditional", "filter", "for", "some", "every"),
    }
)
_NAMED = frozenset({"decision", "inputData", "businessKnowledgeModel", "decisionService"})
_MEMBERS = frozenset({"itemComponent", "formalParameter", "variable", "column", "output", "parameter"})


@dataclass(frozen=True)
class Source:
    """A DMN file: its namespace, its named elements by id, and the names of others by the name it gives them."""

    root: Element
    namespace: str
    elements: dict[str, Element]
    imports: dict[str, str]
    imported: "dict[str, Source]" = field(default_factory=dict)


def read_source(data: bytes) -> Source:
    """Reads a file; raises ModelRefused for anything but DMN."""
    root = read_xml(data)
    if local_name(root) != "definitions" or "DMN" not in str(etree.QName(root).namespace):
        raise ModelRefused(root.get("id") or local_name(root), _("Die Datei ist kein DMN-Modell."))
    elements = {id_of(child): child for child in root.iter() if local_name(child) in _NAMED}
    imports = {" ".join((each.get("name") or "").split()): each.get("namespace") or "" for each in _imports(root)}
    return Source(root, root.get("namespace") or "", elements, imports)


def _imports(root: Element) -> Iterator[Element]:
    for each in children(root, "import"):
        if "DMN" in (each.get("importType") or "DMN").upper():
            yield each


def link(sources: list[Source]) -> None:
    """Finds for each import the file of its namespace."""
    by_namespace = {source.namespace: source for source in sources}
    for source in sources:
        for name, namespace in source.imports.items():
            if namespace in by_namespace and by_namespace[namespace] is not source:
                source.imported[name] = by_namespace[namespace]


def children(element: Element | None, *names: str) -> list[Element]:
    """The child elements of these names."""
    return [] if element is None else [child for child in element if local_name(child) in names]


def child(element: Element | None, *names: str) -> Element | None:
    """The first child element of these names."""
    return next(iter(children(element, *names)), None)


def expression_in(element: Element | None) -> Element | None:
    """The boxed expression directly in an element."""
    return child(element, *EXPRESSIONS)


def text_in(element: Element | None) -> str:
    """An expression's text."""
    found = child(element, "text")
    return "" if found is None else ("".join(str(part) for part in found.itertext())).strip()


def id_of(element: Element) -> str:
    """An element's id, or its name where it has none."""
    return element.get("id") or name_of(element)


def decision_ids(root: Element) -> list[str]:
    """The ids of a file's decisions in their order."""
    return [id_of(element) for element in children(root, "decision")]


def name_of(element: Element) -> str:
    """The name under which expressions know an element's value."""
    variable = child(element, "variable")
    own = None if variable is None else variable.get("name")
    return " ".join((own or element.get("name") or element.get("id") or "").split())


def type_ref(element: Element | None) -> str | None:
    """The type an element names, by attribute or, in old versions, by child."""
    if element is None:
        return None
    found = child(element, "typeRef")
    text = element.get("typeRef") or ("" if found is None else (found.text or ""))
    return text.strip() or None


def variable_type(element: Element) -> str | None:
    """The type of an element's variable."""
    return type_ref(child(element, "variable"))


def references(element: Element, requirement: str, *names: str) -> Iterator[str]:
    """The addresses (`namespace#id`) that an element's requirements name."""
    for each in children(element, requirement):
        for reference in children(each, *names):
            yield reference.get("href") or ""


def member_names(source: Source) -> set[str]:
    """All names that may follow a dot in a file's expressions."""
    named = {name_of(element) for element in source.elements.values()}
    inside = {" ".join((e.get("name") or "").split()) for e in source.root.iter() if local_name(e) in _MEMBERS}
    return (named | inside | set(source.imports)) - {""}
