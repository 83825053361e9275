"""Decisions of a DMN file as people read them: a table of conditions and results, or the expression."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from kreisbund_platform.engine.refused import local_name, read_xml
from kreisbund_platform.texts import _

ANY = "–"


@dataclass(frozen=True)
class Column:
    """A condition or a result; `expression` is the FEEL text it looks at where the label says less."""

    label: str
    expression: str
    is_result: bool


@dataclass(frozen=True)
class Row:
    """One rule: a cell per column, then what its author noted (mostly the norm)."""

    cells: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class DecisionView:
    """A decision for display. Without columns it is no table; `text` is then its expression, as far as it has one."""

    id: str
    name: str
    hit_policy: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    text: str = ""


def decisions_of(dmn_xml: bytes) -> list[DecisionView]:
    """All decisions of a file in its order; raises ModelRefused where it is no readable XML."""
    return [_decision(element) for element in read_xml(dmn_xml).iter("{*}decision")]


def _decision(element: etree._Element) -> DecisionView:
    table = next(element.iterchildren("{*}decisionTable"), None)
    identifier = element.get("id") or ""
    name = element.get("name") or identifier
    if table is None:
        return DecisionView(identifier, name, "", (), (), " ".join("".join(_expression(element)).split()))
    policy = " ".join(part for part in (table.get("hitPolicy") or "UNIQUE", table.get("aggregation")) if part)
    columns = (*_inputs(table), *_outputs(table))
    return DecisionView(identifier, name, _policies().get(policy, policy), columns, tuple(_rows(table)))


def _expression(element: etree._Element) -> Iterator[str]:
    return (text.text or "" for text in element.iter("{*}text"))


def _text(element: etree._Element | None) -> str:
    found = next(element.iterchildren("{*}text"), None) if element is not None else None
    return " ".join((found.text or "").split()) if found is not None else ""


def _inputs(table: etree._Element) -> Iterator[Column]:
    for column in table.iterchildren("{*}input"):
        expression = _text(next(column.iterchildren("{*}inputExpression"), None))
        yield Column(column.get("label") or expression, expression, is_result=False)


def _outputs(table: etree._Element) -> Iterator[Column]:
    for column in table.iterchildren("{*}output"):
        name = column.get("name") or ""
        yield Column(column.get("label") or name or _("Ergebnis"), name, is_result=True)


def _rows(table: etree._Element) -> Iterator[Row]:
    for rule in table.iterchildren("{*}rule"):
        entries = [child for child in rule if local_name(child) in ("inputEntry", "outputEntry")]
        entries.sort(key=lambda child: local_name(child) == "outputEntry")  # stable: conditions stay in order
        cells = tuple(ANY if _text(entry) in ("-", "") else _text(entry) for entry in entries)
        note = next(rule.iterchildren("{*}description"), None)
        yield Row(cells, " ".join((note.text or "").split()) if note is not None else "")


def _policies() -> dict[str, str]:
    return {
        "UNIQUE": _("Genau eine Regel trifft zu."),
        "FIRST": _("Die erste zutreffende Regel gilt."),
        "ANY": _("Mehrere Regeln dürfen zutreffen, wenn sie dasselbe ergeben."),
        "PRIORITY": _("Von den zutreffenden Regeln gilt das Ergebnis mit dem höchsten Rang."),
        "RULE ORDER": _("Alle zutreffenden Regeln gelten, in ihrer Reihenfolge."),
        "OUTPUT ORDER": _("Alle zutreffenden Regeln gelten, nach dem Rang der Ergebnisse."),
        "COLLECT": _("Alle zutreffenden Regeln gelten."),
        "COLLECT SUM": _("Die Ergebnisse aller zutreffenden Regeln werden zusammengezählt."),
        "COLLECT MIN": _("Von allen zutreffenden Regeln gilt das kleinste Ergebnis."),
        "COLLECT MAX": _("Von allen zutreffenden Regeln gilt das größte Ergebnis."),
        "COLLECT COUNT": _("Gezählt wird, wie viele Regeln zutreffen."),
    }
