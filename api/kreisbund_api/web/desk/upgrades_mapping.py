"""The form of a mapping: elements and data fields that the new version does not have by the same name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kreisbund_platform.engine.bpmn import read_definitions

ELEMENT, FIELD, DEFAULT = "mapping.", "fields.", "fields.add."
DROP = "-"
CRITERIA = {
    "versions": "versions",
    "statuses": "statuses",
    "received_from": "receivedFrom",
    "received_until": "receivedUntil",
    "opened_from": "openedFrom",
    "opened_until": "openedUntil",
    "case_numbers": "caseNumbers",
}
Found = Mapping[str, Any]
Texts = Mapping[str, list[str]]


@dataclass(frozen=True)
class Row:
    """One question: what became of an old name; `value` is what is chosen."""

    path: str
    name: str
    value: str


@dataclass(frozen=True)
class Rows:
    """All questions with the names to choose from, as pairs of id and label."""

    elements: tuple[Row, ...]
    element_choices: tuple[tuple[str, str], ...]
    fields: tuple[Row, ...]
    field_choices: tuple[tuple[str, str], ...]
    defaults: tuple[Row, ...]

    @property
    def is_empty(self) -> bool:
        """Whether every name is there in the new version, and none is new."""
        return not (self.elements or self.fields or self.defaults)


def rows_of(upgrade: Found) -> Rows:
    """What the form of an upgrade asks."""
    old = {name: label for group in upgrade["groups"] for name, label in _elements(group["fromBpmnXml"])}
    new = dict(_elements(upgrade["toBpmnXml"]))
    before = {key: label for group in upgrade["groups"] for key, label in _fields(group["fromVersion"]["forms"])}
    after = dict(_fields(upgrade["toVersion"]["forms"]))
    told = upgrade["fields"]
    chosen = {**told["rename"], **dict.fromkeys(told["drop"], DROP)}
    mapped = upgrade["mapping"]
    return Rows(
        tuple(Row(ELEMENT + name, old[name], mapped.get(name, "")) for name in sorted(set(old) - set(new))),
        tuple((name, label) for name, label in new.items() if name not in old),
        tuple(Row(FIELD + key, before[key], chosen.get(key, "")) for key in sorted(set(before) - set(after))),
        tuple((key, label) for key, label in after.items() if key not in before),
        tuple(Row(DEFAULT + key, after[key], _text(told["add"].get(key))) for key in sorted(set(after) - set(before))),
    )


def _elements(bpmn_xml: str) -> Iterator[tuple[str, str]]:
    for process in read_definitions(bpmn_xml.encode()).processes:
        yield from ((node.element_id, node.name or node.element_id) for node in process.nodes)


def _fields(forms: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    for schema in (forms or {}).values():
        yield from _keys(schema.get("components", ()))


def _keys(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        name = component.get("path") or component.get("key")
        if name:
            yield str(name).partition(".")[0], str(component.get("label") or name)
        elif component.get("type") == "group":
            yield from _keys(component.get("components", ()))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def order_of(upgrade: Found, texts: Texts) -> dict[str, Any]:
    """The same upgrade previewed anew with what the form says."""
    rows = rows_of(upgrade)
    sent = {path: values[0].strip() for path, values in texts.items() if values and values[0].strip()}
    kept = {name: other for name, other in upgrade["mapping"].items() if ELEMENT + name not in _paths(rows.elements)}
    chosen = {row.path.removeprefix(ELEMENT): sent[row.path] for row in rows.elements if row.path in sent}
    told = {row.path.removeprefix(FIELD): sent[row.path] for row in rows.fields if row.path in sent}
    renamed = {key: other for key, other in told.items() if other != DROP}
    return {
        "template": upgrade["template"]["slug"],
        "upgrade": upgrade["id"],
        "expectedVersion": upgrade["version"],
        "toVersion": upgrade["toVersion"]["id"],
        "criteria": {CRITERIA[name]: value for name, value in upgrade["criteria"].items()},
        "effectiveOn": upgrade["effectiveOn"],
        "legalBasis": upgrade["legalBasis"],
        "deadlines": upgrade["deadlines"],
        "tellsApplicants": upgrade["tellsApplicants"],
        "mapping": _pairs(kept | chosen),
        "fields": {
            "rename": _pairs(renamed),
            "drop": [key for key, other in told.items() if other == DROP],
            "add": [
                {"name": row.path.removeprefix(DEFAULT), "value": sent[row.path]}
                for row in rows.defaults
                if row.path in sent and row.path.removeprefix(DEFAULT) not in renamed.values()
            ],
        },
    }


def _paths(rows: tuple[Row, ...]) -> set[str]:
    return {row.path for row in rows}


def _pairs(names: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"old": old, "new": new} for old, new in names.items()]
