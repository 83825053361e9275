"""What differs between two processes, said element by element in the order of the process."""

from collections.abc import Iterator

from kreisbund_platform.templates.differences.process import Drawing, Node, Way
from kreisbund_platform.templates.differences.terms import (
    ChangeClass,
    Difference,
    DifferenceKind,
    DifferencePart,
    changed,
    deadline_class,
    duration_words,
    quoted,
    value_sentence,
)
from kreisbund_platform.texts import _

_KINDS = {
    "userTask": "Aufgabe",
    "serviceTask": "automatischer Schritt",
    "businessRuleTask": "Entscheidung nach Tabelle",
    "subProcess": "Teilprozess",
    "callActivity": "aufgerufene Vorlage",
    "boundaryEvent": "Ereignis",
    "startEvent": "Beginn",
    "endEvent": "Ende",
    "intermediateCatchEvent": "Warten",
    "receiveTask": "Warten",
}
ROLES = {
    "citizen": "antragstellende Person",
    "caseworker": "Sachbearbeitung",
    "team_lead": "Teamleitung",
    "records_officer": "Registratur",
    "treasurer": "Kämmerei",
    "cashier": "Kasse",
    "county_admin": "Kreisadministration",
    "data_protection_officer": "Datenschutz",
}


def process_differences(old: Drawing, new: Drawing) -> Iterator[tuple[str, Difference]]:
    """All differences with the id of the element they belong to; flows belong to their source."""
    if old.name != new.name:
        yield "", _text("process", _("Ablauf"), _("Name des Ablaufs"), (old.name, new.name))
    for name in process_order(old, new):
        for found in _of_element(old.nodes.get(name), new.nodes.get(name), new):
            yield name, found
        for found in _ways_from(name, old, new):
            yield name, found
    if old.rest != new.rest:
        yield "", _structure("process", new.name or old.name, _("Nachrichten, Fehler oder Angaben zum Ablauf"))


def process_order(old: Drawing, new: Drawing) -> list[str]:
    """Ids of both in the new order; what is gone stands behind what stood before it."""
    order = list(new.order)
    behind: str | None = None
    for name in old.order:
        if name not in new.nodes:
            order.insert(order.index(behind) + 1 if behind else 0, name)
        behind = name
    return order


def _of_element(old: Node | None, new: Node | None, drawing: Drawing) -> Iterator[Difference]:
    if old is None and new is not None:
        yield _added(new, drawing)
    elif new is None and old is not None:
        sentence = _("{kind} „{name}“ entfällt.").format(kind=_kind(old), name=old.name)
        yield Difference(
            DifferenceKind.REMOVED,
            DifferencePart.ELEMENT,
            old.element_id,
            old.name,
            old.name,
            None,
            sentence,
            ChangeClass.STRUCTURE,
        )
    elif old is not None and new is not None:
        yield from _changes(old, new)


def _added(node: Node, drawing: Drawing) -> Difference:
    sentence = _("{kind} „{name}“ kommt hinzu").format(kind=_kind(node), name=node.name) + _where(node, drawing)
    sentence += _("; zuständig: {role}").format(role=role_words(node.role)) if node.role else ""
    return Difference(
        DifferenceKind.ADDED,
        DifferencePart.ELEMENT,
        node.element_id,
        node.name,
        None,
        node.name,
        f"{sentence}.",
        ChangeClass.STRUCTURE,
    )


def _where(node: Node, drawing: Drawing) -> str:
    before = [way.source for way in drawing.ways.values() if way.target == node.element_id]
    after = [way.target for way in drawing.ways.values() if way.source == node.element_id]
    names = [drawing.nodes[ends[0]].name if ends and ends[0] in drawing.nodes else None for ends in (before, after)]
    if len(before) == len(after) == 1 and names[0] and names[1]:
        return _(" zwischen „{before}“ und „{after}“").format(before=names[0], after=names[1])
    return _(" nach „{before}“").format(before=names[0]) if names[0] else ""


def _changes(old: Node, new: Node) -> Iterator[Difference]:
    place, name = new.element_id, new.name
    if old.name != new.name:
        yield _text(place, name, _("Bezeichnung von „{name}“").format(name=old.name), (old.name, new.name))
    if old.container != new.container:
        sentence = _("„{name}“ steht jetzt in einem anderen Teilprozess.").format(name=name)
        yield Difference(
            DifferenceKind.MOVED,
            DifferencePart.ELEMENT,
            place,
            name,
            old.container,
            new.container,
            sentence,
            ChangeClass.STRUCTURE,
        )
    if old.role != new.role:
        values = (role_words(old.role), role_words(new.role))
        sentence = value_sentence(_("Zuständig für „{name}“").format(name=name), *values)
        yield changed(DifferencePart.ROLE, place, name, values, sentence, ChangeClass.ROLE)
    yield from _deadlines(old, new)
    yield from _attributes(old, new)
    if old.kind != new.kind or old.content != new.content:
        yield _structure(place, name, _("Die Art oder das Verhalten von „{name}“").format(name=name))


def _deadlines(old: Node, new: Node) -> Iterator[Difference]:
    named: tuple[tuple[str, str | None, str | None], ...] = (
        (_("Frist „{name}“"), old.timer, new.timer),
        (_("Bearbeitungszeit von „{name}“"), old.attributes.get("due"), new.attributes.get("due")),
        (
            _("Auskunft zum nächsten Schritt bei „{name}“"),
            old.attributes.get("nextStepBy"),
            new.attributes.get("nextStepBy"),
        ),
    )
    for what, before, after in named:
        if before != after:
            values = (_duration(before), _duration(after))
            sentence = value_sentence(what.format(name=new.name), *values)
            class_ = deadline_class(before, after)
            yield changed(DifferencePart.DEADLINE, new.element_id, new.name, values, sentence, class_)


def _duration(text: str | None) -> str | None:
    return None if text is None else duration_words(text)


def _attributes(old: Node, new: Node) -> Iterator[Difference]:
    named = {
        "nextStep": (_("Was die antragstellende Person bei „{name}“ liest"), DifferencePart.ELEMENT, ChangeClass.TEXT),
        "form": (_("Formular von „{name}“"), DifferencePart.ELEMENT, ChangeClass.STRUCTURE),
        "operation": (_("Was bei „{name}“ geschieht"), DifferencePart.ELEMENT, ChangeClass.STRUCTURE),
        "letter": (_("Schreiben von „{name}“"), DifferencePart.LETTER, ChangeClass.LETTER),
        "decision": (_("Entscheidungstabelle von „{name}“"), DifferencePart.DECISION, ChangeClass.DECISION),
    }
    for key, (what, part, class_) in named.items():
        values = (old.attributes.get(key), new.attributes.get(key))
        if values[0] != values[1]:
            sentence = value_sentence(what.format(name=new.name), *map(_quoted, values))
            yield changed(part, new.element_id, new.name, values, sentence, class_)


def _ways_from(name: str, old: Drawing, new: Drawing) -> Iterator[Difference]:
    ids = [way.flow_id for drawing in (new, old) for way in drawing.ways.values() if way.source == name]
    for flow_id in dict.fromkeys(ids):
        before, after = old.ways.get(flow_id), new.ways.get(flow_id)
        if after is not None and after.source == name:
            yield from _of_way(before, after, old, new)
        elif after is None and before is not None:
            yield from _gone(before, old, new)


def _of_way(before: Way | None, after: Way, old: Drawing, new: Drawing) -> Iterator[Difference]:
    place, name = after.flow_id, _way_name(after, new)
    if before is None:
        if after.condition or {after.source, after.target} <= set(old.nodes):
            sentence = _("Neuer Weg {way}{condition}.").format(way=name, condition=_condition(after))
            yield _way(DifferenceKind.ADDED, place, name, (None, after.condition or name), sentence)
        return
    if _leads_elsewhere(before, after, old, new):
        previous = _way_name(before, old)
        sentence = _("Der Weg {before} führt jetzt {after}.").format(before=previous, after=name)
        yield _way(DifferenceKind.MOVED, place, name, (previous, name), sentence)
    if before.condition != after.condition:
        what = _("Bedingung des Weges {way}").format(way=name)
        values = (before.condition or None, after.condition or None)
        yield _way(DifferenceKind.CHANGED, place, name, values, value_sentence(what, *values))
    if before.name != after.name:
        yield _text(place, name, _("Beschriftung des Weges {way}").format(way=name), (before.name, after.name))
    if before.content != after.content:
        sentence = _("Angaben am Weg {way} wurden geändert.").format(way=name)
        yield _way(DifferenceKind.CHANGED, place, name, (name, name), sentence)


def _leads_elsewhere(before: Way, after: Way, old: Drawing, new: Drawing) -> bool:
    """Whether a flow was led to another place, not merely through a step that came or past one that went."""
    if before.source != after.source:
        return not (_behind(before.source, after.source, old, new) or _behind(after.source, before.source, new, old))
    if before.target == after.target:
        return False
    return not (_behind(after.target, before.target, new, old) or _behind(before.target, after.target, old, new))


def _behind(first: str, last: str, drawing: Drawing, other: Drawing) -> bool:
    """Whether `last` comes after `first` in a drawing, with nothing between that the other drawing knows."""
    pending, seen = [first], set[str]()
    while pending:
        name = pending.pop()
        if name == last:
            return True
        if name in drawing.nodes and name not in other.nodes and name not in seen:
            seen.add(name)
            pending += [way.target for way in drawing.ways.values() if way.source == name]
    return False


def _gone(way: Way, old: Drawing, new: Drawing) -> Iterator[Difference]:
    if way.condition or {way.source, way.target} <= set(new.nodes):
        name = _way_name(way, old)
        sentence = _("Der Weg {way}{condition} entfällt.").format(way=name, condition=_condition(way))
        yield _way(DifferenceKind.REMOVED, way.flow_id, name, (way.condition or name, None), sentence)


def _way(
    kind: DifferenceKind, place: str, name: str, values: tuple[str | None, str | None], sentence: str
) -> Difference:
    return Difference(kind, DifferencePart.FLOW, place, name, *values, sentence, ChangeClass.STRUCTURE)


def _way_name(way: Way, drawing: Drawing) -> str:
    ends = [drawing.nodes[end].name if end in drawing.nodes else end for end in (way.source, way.target)]
    label = _("„{label}“ ").format(label=way.name) if way.name else ""
    return label + _("von „{source}“ nach „{target}“").format(source=ends[0], target=ends[1])


def _condition(way: Way) -> str:
    return _(", wenn {condition}").format(condition=way.condition) if way.condition else ""


def _text(place: str, name: str, what: str, values: tuple[str | None, str | None]) -> Difference:
    values = (values[0] or None, values[1] or None)
    sentence = value_sentence(what, *map(_quoted, values))
    return changed(DifferencePart.ELEMENT, place, name, values, sentence, ChangeClass.TEXT)


def _structure(place: str, name: str, what: str) -> Difference:
    sentence = _("{what} wurde geändert.").format(what=what)
    return Difference(
        DifferenceKind.CHANGED, DifferencePart.ELEMENT, place, name, name, name, sentence, ChangeClass.STRUCTURE
    )


def _kind(node: Node) -> str:
    word = _(_KINDS.get(node.kind, "Verzweigung" if node.kind.endswith("Gateway") else "Element"))
    return word[0].upper() + word[1:]


def role_words(role: str | None) -> str | None:
    """A role as people call it; what is not known stays as it is."""
    return _(ROLES[role]) if role in ROLES else role


def _quoted(text: str | None) -> str | None:
    return None if text is None else quoted(text)
