"""A model that cannot be published, and the one strict way to read a model's XML.

Models come from outside: no DTD, no entities, nothing loaded, at most `MOST_BYTES` and `MOST_DEPTH` levels.
"""

from collections.abc import Iterator

from lxml import etree

from kreisbund_platform.texts import _

MOST_BYTES = 1_000_000
MOST_DEPTH = 60
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


class ModelRefused(Exception):  # noqa: N818  a refusal
    """The model is not published. `element_id` names the place (or `line N`), `reason` is German, for its author."""

    def __init__(self, element_id: str, reason: str) -> None:
        super().__init__(f"{element_id}: {reason}")
        self.element_id = element_id
        self.reason = reason


def read_xml(data: bytes, *, most_bytes: int = MOST_BYTES, most_depth: int = MOST_DEPTH) -> etree._Element:
    """The root element; raises ModelRefused for anything but plain, small, well-formed XML."""
    if len(data) > most_bytes:
        german = _("Die Datei ist größer als {number} MB.")
        raise ModelRefused("line 1", german.format(number=most_bytes // 1_000_000))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ModelRefused(f"line {error.lineno or 1}", _("Die Datei ist kein gültiges XML.")) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ModelRefused("line 1", _("Die Datei enthält eine DTD. Das ist nicht erlaubt."))
    _refuse_depth(root, most_depth)
    return root


def _refuse_depth(root: etree._Element, most_depth: int) -> None:
    level = [root]
    for _depth in range(most_depth):
        level = [child for element in level for child in element]
        if not level:
            return
    raise ModelRefused(f"line {level[0].sourceline}", _("Die Datei ist zu tief verschachtelt."))


def local_name(element: etree._Element) -> str:
    """The tag without its namespace; empty for comments and processing instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def place(element: etree._Element) -> str:
    """What a refusal names an element by: its id, else its tag."""
    return element.get("id") or local_name(element)


def bpmn_children(element: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """The children of BPMN's own namespace, by their local name."""
    for child in element:
        if isinstance(child.tag, str) and child.tag.startswith(_BPMN):
            yield child.tag[len(_BPMN) :], child


def text_of(element: etree._Element | None) -> str:
    """All text in an element, trimmed; empty for none."""
    return "".join(str(part) for part in element.itertext()).strip() if element is not None else ""
