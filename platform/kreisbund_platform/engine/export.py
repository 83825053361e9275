"""A BPMN file written again from the model: what the engine read comes from it, all the rest is kept as it stood.

The model keeps the file it was read from (`Definitions.source`). An element, attribute or text that the engine does not
know (other namespaces, documentation, the diagram, comments) is therefore never lost.
"""

from collections import Counter
from collections.abc import Iterator
from io import BytesIO

from lxml import etree

from kreisbund_platform.engine.bpmn.model import BPMN, Definitions, FlowNode, ProcessModel
from kreisbund_platform.engine.refused import local_name

Facts = dict[str, str | None]
_FLAGS = {"1": "true", "0": "false", "True": "true", "False": "false"}


def export(definitions: Definitions) -> bytes:
    """The file in its own encoding; a model that was not read from a file cannot be written."""
    tree = etree.fromstring(definitions.source, _parser()).getroottree()
    by_id = {element.get("id"): element for element in tree.iter(f"{{{BPMN}}}*")}
    for process in definitions.processes:
        _write(by_id, process)
    written = BytesIO()
    encoding = tree.docinfo.encoding or "UTF-8"
    standalone: bool = tree.docinfo.standalone  # type: ignore[assignment]  # None says nothing, as in the file
    tree.write(written, xml_declaration=True, encoding=encoding, standalone=standalone)
    return written.getvalue()


def _write(by_id: dict[str | None, etree._Element], process: ProcessModel) -> None:
    """An element without an id of its own stays as it is."""
    for node in process.nodes:
        if (element := by_id.get(node.element_id)) is not None:
            _set(element, _facts_of_node(node))
    for flow in process.flows:
        if (element := by_id.get(flow.flow_id)) is not None:
            _set(element, {"name": flow.name, "sourceRef": flow.source, "targetRef": flow.target})
            _set_condition(element, flow.condition)


def _facts_of_node(node: FlowNode) -> Facts:
    facts: Facts = {"name": node.name, "default": node.default}
    if node.kind == "callActivity":
        facts["calledElement"] = node.called
    if node.host is not None:
        facts |= {"attachedToRef": node.host, "cancelActivity": str(node.interrupting).lower()}
    return facts


def _set(element: etree._Element, facts: Facts) -> None:
    for name, value in facts.items():
        written = element.get(name)
        if _means(written, value):
            continue
        if value is None:
            del element.attrib[name]
        else:
            element.set(name, value)


def _means(written: str | None, value: str | None) -> bool:
    """Whether the file says the same in its own way: blanks, a prefix, 1 for true, nothing where true is understood."""
    if written is None:
        return value in (None, "true")
    text = written.strip()
    return value in (written, text, text.rpartition(":")[2] or None, _FLAGS.get(text))


def _set_condition(element: etree._Element, condition: str | None) -> None:
    written = element.find(f"{{{BPMN}}}conditionExpression")
    before = None if written is None else "".join(map(str, written.itertext())).strip() or None
    if before == condition:
        return
    if written is None:
        written = etree.SubElement(element, f"{{{BPMN}}}conditionExpression")
    written.text = condition


def count_elements(data: bytes) -> dict[str, int]:
    """How many elements of the BPMN namespace there are, by local name; nothing below `extensionElements`."""
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError:
        return {}
    return dict(sorted(Counter(map(local_name, _counted(root))).items()))


def _counted(element: etree._Element) -> Iterator[etree._Element]:
    own = isinstance(element.tag, str) and element.tag.startswith(f"{{{BPMN}}}")
    if own:
        yield element
    if not (own and local_name(element) == "extensionElements"):
        for child in element:
            yield from _counted(child)


def same_xml(one: bytes, other: bytes) -> bool:
    """Whether two files say the same: canonical XML, comments included."""
    return _canonical(one) == _canonical(other)


def _canonical(data: bytes) -> bytes:
    root = etree.fromstring(data, _parser())
    return bytes(etree.tostring(root.getroottree(), method="c14n", with_comments=True))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False)
