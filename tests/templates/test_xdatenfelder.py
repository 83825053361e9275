"""Data-field schemas become forms: nothing is dropped without a word, whatever the file looks like."""

import json
from pathlib import Path

import pytest

from kreisbund_platform.engine import forms
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.templates.xdatenfelder import Imported, import_schema
from kreisbund_platform.templates.xdatenfelder.examples import matching
from kreisbund_platform.templates.xdatenfelder.outdated import outdated

TWO = "urn:xoev-de:fim:standard:xdatenfelder_2"


def field(identifier: str, type: str = "text", kind: str = "input", more: str = "", name: str = "Angabe") -> str:
    return (
        f"<x:datenfeld><x:identifikation><x:id>{identifier}</x:id><x:version>1.0</x:version></x:identifikation>"
        f"<x:name>{name}</x:name><x:bezeichnungEingabe>{name}</x:bezeichnungEingabe>"
        f"<x:feldart><code>{kind}</code></x:feldart><x:datentyp><code>{type}</code></x:datentyp>{more}</x:datenfeld>"
    )


def group(identifier: str, inside: str, name: str = "Gruppe") -> str:
    return (
        f"<x:datenfeldgruppe><x:identifikation><x:id>{identifier}</x:id></x:identifikation>"
        f"<x:name>{name}</x:name>{inside}</x:datenfeldgruppe>"
    )


def use(what: str, count: str = "1:1", basis: str = "") -> str:
    return (
        f"<x:struktur><x:anzahl>{count}</x:anzahl><x:bezug>{basis}</x:bezug>"
        f"<x:enthaelt>{what}</x:enthaelt></x:struktur>"
    )


def schema(inside: str, namespace: str = TWO, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return (
        f'{head}<x:xdatenfelder.stammdatenschema.0102 xmlns:x="{namespace}"><x:header/><x:stammdatenschema>'
        f"<x:identifikation><x:id>S1</x:id><x:version>2.1</x:version></x:identifikation><x:name>Antrag</x:name>"
        f"{inside}</x:stammdatenschema></x:xdatenfelder.stammdatenschema.0102>"
    )


def read(inside: str) -> Imported:
    imported = import_schema(schema(inside).encode())
    assert forms.check_schema(imported.form) == []
    return imported


def components(imported: Imported) -> list[dict[str, object]]:
    page = imported.form["components"][0]
    return page["components"] if isinstance(page, dict) else []


def kinds(imported: Imported) -> list[str]:
    return [remark.kind for remark in imported.remarks]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("BlaueKarte", {"groups": 29, "fields": 88, "code_lists": 4, "rules": 3, "unknown": 0}),
        ("WaBeKa", {"groups": 18, "fields": 46, "code_lists": 6, "rules": 0, "unknown": 0}),
    ],
)
def test_real_schemas_are_read_whole(outside_data: Path, name: str, counts: dict[str, int]) -> None:
    content = (outside_data / "xdatenfelder" / f"{name}.xml").read_bytes()
    imported = import_schema(content)
    assert forms.check_schema(imported.form) == []
    assert {key: imported.counts[key] for key in counts} == counts
    assert content.count(b"<xdf:datenfeld>") == imported.counts["fields"]
    assert content.count(b"<xdf:datenfeldgruppe>") == imported.counts["groups"]


def test_the_blue_cards_old_law_is_shown_as_such(outside_data: Path) -> None:
    imported = import_schema((outside_data / "xdatenfelder" / "BlaueKarte.xml").read_bytes())
    assert imported.counts["outdated"] > 20
    note = "Die Datei nennt § 19a AufenthG (alte Fassung, bis 29.02.2020); seit 18.11.2023 § 18g AufenthG."
    assert note in [remark.text for remark in imported.remarks]
    assert note in json.dumps(imported.form, ensure_ascii=False)


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        ("text", "textfield"),
        ("num", "number"),
        ("num_int", "number"),
        ("num_currency", "number"),
        ("date", "datetime"),
        ("bool", "radio"),
        ("file", "filepicker"),
        ("obj", "filepicker"),
        ("hologram", "textfield"),
    ],
)
def test_each_type_has_its_field(type: str, expected: str) -> None:
    imported = read(use(field("F1", type)))
    assert components(imported)[0]["type"] == expected
    assert ("FIELD_TYPE" in kinds(imported)) is (type == "hologram")


def test_limits_come_along() -> None:
    more = '<x:praezisierung>{"minLength":"2","maxLength":"300","pattern":"[A-Z]{2}\\d+"}</x:praezisierung>'
    numbers = '<x:praezisierung>{"minValue":"0,5","maxValue":"12"}</x:praezisierung>'
    imported = read(use(field("F1", more=more)) + use(field("F2", "num", more=numbers), "0:1"))
    text, number = components(imported)
    assert text["validate"] == {"required": True, "minLength": 2, "maxLength": 300, "pattern": r"^(?:[A-Z]{2}\d+)$"}
    assert text["type"] == "textarea"
    assert number["validate"] == {"required": False, "min": 0.5, "max": 12}


@pytest.mark.parametrize(
    "pattern", [r"[0-9]{5}", r"(a|b)+c", r"\d{2}\.\d{2}", r"[^0-9]{3}", r"[A-Z]{2}[ ]?\d{1,4}", r"x{3,}", r".+@.+"]
)
def test_an_example_fits_its_pattern(pattern: str) -> None:
    assert matching(f"^(?:{pattern})$") is not None


@pytest.mark.parametrize("pattern", [r"(?=look)ahead", r"(a)\1", "[", "a{100000}", "(" * 200])
def test_a_pattern_that_cannot_run_is_remarked(pattern: str) -> None:
    more = f"<x:praezisierung>{json.dumps({'pattern': pattern})}</x:praezisierung>"
    assert "PATTERN" in kinds(read(use(field("F1", more=more))))


def test_what_repeats_is_a_list_and_what_may_be_absent_is_not_asked_for() -> None:
    inside = use(field("F2", name="Straße"))
    imported = read(use(field("F1"), "2:5") + use(group("G1", inside), "0:1") + use(group("G2", inside), "1:*"))
    several, optional, many = components(imported)[0], imported.form["components"][1], imported.form["components"][2]
    assert (several["type"], several["validate"]) == ("dynamiclist", {"required": True, "minItems": 2, "maxItems": 5})
    assert (optional["type"], optional["properties"]["optional"]) == ("group", "yes")
    assert (many["type"], many["validate"]) == ("dynamiclist", {"required": True})
    assert optional["path"] not in imported.form["example"]


def check(imported: Imported, data: dict[str, object]) -> list[tuple[str, str]]:
    result = forms.validate(imported.form, data, uploads={}, evaluate=lambda _text, _values: False)
    return [(error.path, error.code) for error in result.errors]


def test_an_optional_group_once_begun_must_be_whole() -> None:
    inside = use(field("F2", name="Straße")) + use(field("F3", name="Ort"), "0:1")
    imported = read(use(group("G1", inside), "0:1"))
    assert check(imported, {}) == []
    assert check(imported, {"gruppe_g1": {"ort_f3": " "}}) == []
    assert check(imported, {"gruppe_g1": {"ort_f3": "Greußen"}}) == [("gruppe_g1.strasse_f2", "REQUIRED")]


def test_too_few_and_too_many_entries_are_refused() -> None:
    imported = read(use(field("F1"), "2:3"))
    entry = {"angabe_f1": "x"}
    found = [check(imported, {"angabe_f1": [entry] * number}) for number in (1, 2, 4)]
    assert [[code for _, code in errors] for errors in found] == [["TOO_FEW_ENTRIES"], [], ["TOO_MANY_ENTRIES"]]


def test_lists_of_what_is_optional_or_only_shown() -> None:
    inside = use(group("G2", use(field("F1"), "0:1")), "0:*")
    imported = read(use(group("G1", inside), "1:*") + use(group("G3", use(field("F2", kind="label"))), "1:*"))
    assert imported.form["example"] == {"gruppe_g1": [{"gruppe_g2": [{"angabe_f1": "Musterangabe"}]}]}


def test_the_same_field_twice_keeps_both() -> None:
    imported = read(use(field("F1")) + use(field("F1"), "0:1"))
    assert [component["key"] for component in components(imported)] == ["angabe_f1", "angabe_f1_2"]


def test_code_lists() -> None:
    reference = (
        "<x:codelisteReferenz><x:identifikation><x:id>C1</x:id></x:identifikation><x:genericodeIdentification>"
        "<x:canonicalIdentification>urn:de:farbe</x:canonicalIdentification><x:version>3</x:version>"
        "</x:genericodeIdentification></x:codelisteReferenz>"
    )
    values = "<x:werte><x:wert><x:code>r</x:code><x:name>Rot</x:name></x:wert></x:werte>"
    imported = read(use(field("F1", kind="select", more=reference)) + use(field("F2", kind="select", more=values)))
    free, offered = components(imported)
    assert (free["type"], free["properties"]["code_list"]) == ("textfield", "urn:de:farbe, Fassung 3")
    assert offered["values"] == [{"value": "r", "label": "Rot"}]
    assert (imported.counts["code_lists"], imported.counts["code_lists_without_values"]) == (2, 1)


def test_unknown_parts_are_named_by_their_path() -> None:
    odd = use(field("F1", more='<x:farbe>rot</x:farbe><x:inhalt lang="de">x</x:inhalt>')) + "<x:anhang/>"
    imported = read(odd + use(field("F2", kind="geist"), "viele"))
    found = {remark.path: remark.kind for remark in imported.remarks}
    top = "stammdatenschema[S1]"
    assert found[f"{top}/datenfeld[F1]/farbe"] == "UNKNOWN"
    assert found[f"{top}/datenfeld[F1]/inhalt/@lang"] == "UNKNOWN"
    assert found[f"{top}/anhang"] == "UNKNOWN"
    assert found[f"{top}/datenfeld[F2]"] == "FIELD_KIND"
    assert found[f"{top}/struktur/anzahl"] == "COUNT"
    assert imported.counts["unknown"] == 3


def test_rules_are_told_and_not_run() -> None:
    identity = "<x:identifikation><x:id>R1</x:id></x:identifikation>"
    rule = f"<x:regel>{identity}<x:definition>Nur wenn F1.</x:definition></x:regel>"
    imported = read(use(group("G1", use(field("F1")) + rule)))
    assert imported.counts["rules"] == 1
    assert "Nur wenn F1." in imported.remarks[0].text


def test_help_and_law_become_the_hint_and_standards_do_not() -> None:
    more = (
        "<x:bezug>XInneres.Meldeanschrift\n§ 3 AufenthG</x:bezug><x:hilfetextEingabe>Wie im Pass.</x:hilfetextEingabe>"
    )
    (only,) = components(read(use(field("F1", more=more), basis="§ 78 AufenthG")))
    assert only["description"] == "Wie im Pass. Rechtsgrundlage laut Datei: § 78 AufenthG; § 3 AufenthG."
    assert only["properties"]["basis"] == "§ 78 AufenthG; XInneres.Meldeanschrift; § 3 AufenthG"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("§ 19a Abs.1 Nr.1 a) AufenthG", 1),
        ("§ 19a  AufenthG", 1),
        ("§ 19 AufenthG", 0),
        ("§ 18 Absatz 5 AufenthG", 1),
        ("§ 18 Abs. 50 AufenthG", 0),
        ("§ 19a VwVfG", 0),
        ("§ 12 BSHG", 1),
    ],
)
def test_old_law_is_known_by_its_citation(line: str, found: int) -> None:
    assert len(outdated((line,))) == found


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "utf-8"])
def test_encodings_and_prefixes(encoding: str) -> None:
    text = schema(use(field("F1", name="Größe")), head=f'<?xml version="1.0" encoding="{encoding}"?>')
    imported = import_schema(text.replace("x:", "fim:").replace(":x=", ":fim=").encode(encoding))
    assert components(imported)[0]["label"] == "Größe"
    bare = text.replace("<x:", "<").replace("</x:", "</").replace("xmlns:x=", "xmlns=")
    assert components(import_schema(bare.encode(encoding)))[0]["key"] == "groesse_f1"


def test_groups_deeper_than_a_form_are_brought_up() -> None:
    inside = use(field("F1"))
    for number in range(20):
        inside = use(group(f"G{number}", inside))
    imported = read(inside)
    assert imported.counts["groups"] == 20
    assert kinds(imported).count("DEPTH") == 11


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a/>",
        b"\x00\x01",
        schema("").encode(),
        schema(use(field("F1")), namespace="urn:anders").encode(),
        schema(use(field("F1"))).replace("<x:xda", "<!DOCTYPE a><x:xda", 1).encode(),
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<x:xdatenfelder xmlns:x='urn:xoev-de:fim:standard:xdatenfelder_2'><x:andere/></x:xdatenfelder>",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ModelRefused):
        import_schema(content)


def test_a_files_name_is_only_a_name() -> None:
    text = schema(use(field("F1"))).replace("<x:id>S1<", "<x:id>../../etc/passwd<")
    assert import_schema(text.encode()).id == "antrag"


def test_the_same_file_gives_the_same_form() -> None:
    text = schema(use(field("F1")) + use(group("G1", use(field("F2"), "1:3")))).encode()
    assert json.dumps(import_schema(text).form) == json.dumps(import_schema(text).form)
