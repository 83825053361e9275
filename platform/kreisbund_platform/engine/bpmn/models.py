"""BPMN 2.0 XML as frozen data: what stands in the file, refused by name where the engine does not know it.

`read_definitions` takes what other tools draw; `read_process` is the one process that may be published. Meaning
(flows, timers, decisions, FEEL) is checked by `plan.py`; a new element kind is a row in `BEHAVIOURS`.
"""

from lxml import etree

from kreisbund_platform.engine.bpmn.events import Reading, names_of
from kreisbund_platform.engine.bpmn.model import (
    BPMN,
    Definitions,
    ProcessModel,
)
from kreisbund_platform.engine.bpmn.names import KNOWN
from kreisbund_platform.engine.bpmn.reading import read_one, unsupported
from kreisbund_platform.engine.refused import MOST_BYTES, ModelRefused, bpmn_children, local_name, place, read_xml
from kreisbund_platform.texts import _

MOST_BYTES_JUDGED = 20_000_000
_PREFIX = f"{{{BPMN}}}"
_CHOREOGRAPHIES = ("choreography", "globalChoreographyTask")


def read_definitions(data: bytes) -> Definitions:
    """Every process of a file, as broadly as other tools draw them; raises ModelRefused."""
    return _read(data, MOST_BYTES_JUDGED)


def read_process(data: bytes) -> ProcessModel:
    """The executable process of a BPMN file; raises ModelRefused."""
    found = _read(data, MOST_BYTES)
    candidates = [process for process in found.processes if process.executable] or list(found.processes)
    if not candidates:
        raise ModelRefused(found.definitions_id or "definitions", _("Die Datei enthält keinen Prozess."))
    if len(candidates) > 1:
        raise ModelRefused(candidates[1].process_id, _("Die Datei enthält mehr als einen ausführbaren Prozess."))
    return candidates[0]


def _read(data: bytes, most_bytes: int) -> Definitions:
    root = read_xml(data, most_bytes=most_bytes)
    if root.tag != f"{_PREFIX}definitions":
        raise ModelRefused(place(root), _("Die Datei ist kein BPMN-Modell."))
    _refuse_unknown(root)
    ids, twice = _ids(root)
    names = names_of(root)
    processes = []
    for kind, element in bpmn_children(root):
        if kind == "process":
            model = read_one(Reading(ids, names), element)
            _refuse_twice(model, twice)
            processes.append(model)
    if not any(model.nodes for model in processes):
        _refuse_choreographies(root)
    return Definitions(tuple(processes), root.get("id"), data)


def _refuse_unknown(root: etree._Element) -> None:
    """Anything in BPMN's namespace that BPMN does not have; below `extensionElements` all is free."""
    pending = [root]
    while pending:
        element = pending.pop()
        if not isinstance(element.tag, str) or element.tag == f"{_PREFIX}extensionElements":
            continue
        if element.tag.startswith(_PREFIX) and local_name(element) not in KNOWN:
            raise unsupported(element)
        pending.extend(reversed(element))


def _ids(root: etree._Element) -> tuple[dict[str, etree._Element], set[str]]:
    found: dict[str, etree._Element] = {}
    twice: set[str] = set()
    for element in root.iter(f"{_PREFIX}*"):
        if identifier := element.get("id"):
            twice |= {identifier} if identifier in found else set()
            found.setdefault(identifier, element)
    return found, twice


def _refuse_twice(model: ProcessModel, twice: set[str]) -> None:
    """An id that stands twice is refused where it names a node or a flow: nobody could say which one is meant."""
    if not twice:
        return
    for identifier in [*(node.element_id for node in model.nodes), *(flow.flow_id for flow in model.flows)]:
        if identifier in twice:
            raise ModelRefused(identifier, _("Diese Kennung kommt mehrfach vor."))


def _refuse_choreographies(root: etree._Element) -> None:
    for kind, element in bpmn_children(root):
        if kind in _CHOREOGRAPHIES:
            raise unsupported(element)
