"""A template's author may be the attacker: what they can put into a template, and what becomes of it."""

import io
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from jinja2 import Environment, FileSystemLoader

import kreisbund_api
import kreisbund_tenants
from kreisbund_platform.documents import notices, notices_process
from kreisbund_platform.documents.notices_process import NoticeNotSetError, NoticeProcess, NoticeProcesses
from kreisbund_platform.engine import advance as engine
from kreisbund_platform.engine import forms
from kreisbund_platform.engine.diagram import render_svg
from kreisbund_platform.engine.dmn import read_decisions
from kreisbund_platform.engine.plan import compile_plan
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_platform.errors import Invalid
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.manifest import Manifest
from kreisbund_platform.templates.source import TemplateSource, load_folder
from kreisbund_platform.templates.xdatenfelder import import_schema
from kreisbund_platform.texts import _
from tests.engine.models import NOW, definitions, flows, node

SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung"
PAGES = Path(kreisbund_api.__file__).parent / "web" / "pages"
SECONDS = 10.0  # of this process's own time


@pytest.fixture
def school() -> TemplateSource:
    return load_folder(SCHOOL)


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """No hostile input may hold anything up."""
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS


def codes(source: TemplateSource) -> set[str]:
    found = publishing.check(source)
    return {error.code for error in found.field_errors} if isinstance(found, Invalid) else set()


# --- XML

SECRET = "root:x:0:0"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
HEADS = {
    "a DTD": "<!DOCTYPE a>",
    "an outside DTD": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/evil.dtd">',
    "a file as entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "a parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>',
    "a billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>',
    "quadratic growth": f'<!DOCTYPE a [<!ENTITY l0 "{"a" * 10_000}">]>',
    "a default attribute": '<!DOCTYPE a [<!ATTLIST a kb CDATA "evil">]>',
}
Reader = Callable[[bytes], object]
READERS: dict[str, Reader] = {
    "bpmn": lambda data: compile_plan(data, {}),
    "dmn": lambda data: read_decisions({"a.dmn": data}),
    "xdatenfelder": import_schema,
    "diagram": render_svg,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_no_dtd_and_no_entity(head: str, reader: Reader) -> None:
    for body in ("<a>&x;</a>", f"<a>{'&l11;' * 3}</a>", f"<a b='{'&l0;' * 1000}'/>", "<a/>"):
        with pytest.raises(ModelRefused):
            reader(f"{head}{body}".encode())


HOSTILE = {
    "nothing": b"",
    "no xml": b"GIF89a",
    "zeros": b"\0" * 100,
    "too large": b"<a>" + b"x" * 30_000_000 + b"</a>",
    "too deep": b"<a>" * 100_000,
    "deep and closed": b"<a>" * 250 + b"</a>" * 250,
    "a long name": b"<" + b"a" * 900_000 + b"/>",
    "an undeclared prefix": b"<bpmn:definitions/>",
    "two roots": b"<a/><a/>",
    "an unknown encoding": b'<?xml version="1.0" encoding="evil-1"?><a/>',
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-',
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_anything_else_is_refused_by_name(content: bytes, reader: Reader) -> None:
    with pytest.raises(ModelRefused) as caught:
        reader(content)
    assert caught.value.element_id
    assert SECRET not in str(caught.value)


def edited(source: TemplateSource, old: str, new: str) -> TemplateSource:
    text = source.bpmn_xml.decode()
    assert old in text
    return replace(source, bpmn_xml=text.replace(old, new, 1).encode())


XINCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'


def test_no_inclusion_and_no_outside_schema(school: TemplateSource) -> None:
    included = edited(school, '<bpmn:startEvent id="start"', f'{XINCLUDE}<bpmn:startEvent id="start"')
    assert SECRET not in render_svg(included.bpmn_xml)
    schema = 'xsi:schemaLocation="http://a file:///etc/passwd http://b http://127.0.0.1:9/x.xsd" id="definitions'
    assert codes(edited(school, 'id="definitions', schema)) == set()


def test_instructions_and_other_encodings_are_not_published(school: TemplateSource) -> None:
    instruction = '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/evil.xsl"?><bpmn:definitions'
    assert codes(edited(school, "<bpmn:definitions", instruction)) == {"INSTRUCTION"}
    assert codes(edited(school, "<bpmn:process", '<?php system("id") ?><bpmn:process')) == {"INSTRUCTION"}
    assert "ENCODING" in codes(edited(school, 'encoding="UTF-8"', 'encoding="ISO-8859-1"'))
    assert "ENCODING" in codes(replace(school, bpmn_xml=school.bpmn_xml + b"\0"))


def test_namespaces_play_no_tricks(school: TemplateSource) -> None:
    """Another namespace under the usual prefix is no BPMN; an attribute without namespace gives nobody a role."""
    assert codes(edited(school, "20100524/MODEL", "20100524/EVIL")) == {"MODEL"}
    spoofed = edited(school, 'kb:role="caseworker"', 'role="caseworker" evil:role="caseworker" xmlns:evil="urn:evil"')
    assert "ROLE_UNKNOWN" in codes(spoofed)
    inner = edited(school, "<bpmn:serviceTask", '<bpmn:serviceTask xmlns:kb="urn:evil"')
    assert codes(inner) & {"LETTER_MISSING", "OPERATION_UNKNOWN"}


def test_huge_models_are_refused_before_they_are_compiled(school: TemplateSource) -> None:
    tasks = "".join(f'<bpmn:task id="t{number}"/>' for number in range(10_000))
    assert codes(edited(school, "<bpmn:startEvent", f"{tasks}<bpmn:startEvent")) == {"TOO_LARGE"}
    attribute = f'<bpmn:startEvent evil="{"x" * 1_100_000}"'
    assert codes(edited(school, "<bpmn:startEvent", attribute)) == {"MODEL"}
    many = {f"d{number}.dmn": b"<a/>" for number in range(200)}
    assert "TOO_MANY" in codes(replace(school, decisions=many))


def test_names_that_are_paths_are_refused(school: TemplateSource) -> None:
    for name in ("../../etc/passwd", "a/b", "", ".hidden", "a b", "a" * 200, "a\n", "ä"):
        assert "NAME" in codes(replace(school, forms={**school.forms, name: school.forms["approve"]}))
        assert "NAME" in codes(replace(school, decisions={f"{name}.dmn" if name else "x": b"<a/>"}))


def test_the_drawing_holds_no_script(school: TemplateSource) -> None:
    name = "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;alert(1)"
    svg = render_svg(edited(school, 'name="Antrag formell prüfen"', f'name="{name}"').bpmn_xml)
    assert "<script" not in svg
    assert 'onload="' not in svg
    for bad in ("1e400", "NaN", "-inf", "9" * 400, '"/><script>'):
        broken = edited(school, 'x="142"', f'x="{bad.replace(chr(34), "&quot;").replace("<", "&lt;")}"')
        with suppress(ModelRefused):
            assert "<script" not in render_svg(broken.bpmn_xml)


# --- FEEL in a template

BOMBS = {
    "a long loop": "count(for i in 1..1000000000 return i) > 0",
    "nested loops": "count(for a in 1..1000, b in 1..1000, c in 1..1000 return a + b + c) > 0",
    "a tower of powers": "9 ** 9 ** 9 ** 9 > 0",
    "a long text": 'string length(string join(for i in 1..100000 return "' + "x" * 1000 + '")) > 0',
    "deep brackets": "(" * 5_000 + "1" + ")" * 5_000 + " > 0",
    "a long sum": "+".join(["1"] * 50_000) + " > 0",
    "deep lists": "count(" + "[" * 3_000 + "]" * 3_000 + ") > 0",
    "an endless function": "{f: function(x) f(x + 1), r: f(1)}.r > 0",
    "a pattern": 'matches("' + "a" * 50 + '", "(a+)+$b")',
    "python": '__import__("os").system("id") = 0',
    "attributes": "case.__class__.__mro__ != null",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_condition_that_explodes_is_refused_or_stops(bomb: str) -> None:
    """Refused when published, or the case stops there; never a hang, a crash or a way into Python."""
    escaped = bomb.replace("&", "&amp;").replace("<", "&lt;")
    body = (
        node("startEvent", "start") + node("exclusiveGateway", "g", default="g_b") + node("endEvent", "a")
        + node("endEvent", "b") + flows("start>g", f"g>a: {escaped}", "g>b")
    )  # fmt: skip
    plan = None
    with suppress(ModelRefused):
        plan = compile_plan(definitions(body), {})
    if plan is None:
        return
    step = engine.advance(plan, None, {}, engine.Start({}), NOW)
    assert any(isinstance(effect, engine.IncidentRaised | engine.Ended) for effect in step.effects)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_conditions_of_forms_and_letters_too(school: TemplateSource, bomb: str) -> None:
    form = json.loads(json.dumps(school.forms["approve"]))
    form["components"][0]["components"][0]["conditional"] = {"hide": f"={bomb}"}
    forms.check_schema(form)
    letter = {**school.letters["grant"], "operative": [{"text": "x", "when": bomb}]}
    codes(replace(school, letters={**school.letters, "grant": letter}, cases=[]))


# --- forms

MARKUP = '<script>alert(1)</script><img src=x onerror="alert(1)"> {{ 7 * 7 }} {% raw %} ${7*7} javascript:alert(1)'


def with_field(**changes: Any) -> dict[str, Any]:
    component = {"type": "textfield", "key": "a", "label": "A", **changes}
    return {"id": "f", "type": "default", "components": [component], "example": {}}


@pytest.mark.parametrize(
    "type",
    [
        "html",
        "iframe",
        "button",
        "image",
        "documentPreview",
        "expression",
        "table",
        "script",
        "taglist",
        "",
        "textfield ",
    ],
)
def test_only_known_components(type: str) -> None:
    assert {problem.code for problem in forms.check_schema(with_field(type=type))} == {"COMPONENT_NOT_ALLOWED"}


@pytest.mark.parametrize(
    "changes",
    [
        {"content": MARKUP}, {"url": "https://evil.example"}, {"onclick": "alert(1)"}, {"valuesExpression": "=x"},
        {"validate": {"evil": True}}, {"properties": {"evil": "x"}}, {"conditional": {"show": "=x"}},
        {"style": "position:fixed"}, {"defaultValue": "x"}, {"source": "=x"}, {"__proto__": {}},
    ],
)  # fmt: skip
def test_unknown_properties_are_refused(changes: dict[str, Any]) -> None:
    assert {problem.code for problem in forms.check_schema(with_field(**changes))} == {"PROPERTY_UNKNOWN"}


def test_markup_in_labels_and_texts_is_shown_as_text() -> None:
    from kreisbund_api.web.forms import views  # noqa: PLC0415  pages are tested where they are used

    kinds = ("textfield", "textarea", "number", "datetime", "checkbox", "filepicker", "radio", "select", "checklist")
    components: list[dict[str, Any]] = [
        {
            "type": kind,
            "key": kind,
            "label": MARKUP,
            "description": MARKUP,
            "values": [{"value": MARKUP, "label": MARKUP}],
        }
        for kind in kinds
    ]
    components += [
        {"type": "text", "text": MARKUP},
        {"type": "group", "path": "g", "label": MARKUP, "components": []},
        {"type": "dynamiclist", "path": "d", "label": MARKUP, "components": components[:1]},
    ]
    environment = Environment(loader=FileSystemLoader(PAGES), autoescape=True)
    environment.globals["_"] = _
    page = environment.from_string('{% import "fields.html" as f %}{{ f.all(fields) }}')
    html = page.render(fields=views(components, {"textfield": MARKUP, "textarea": MARKUP}, {}, {"textfield": MARKUP}))
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    assert "49" not in html


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([{"type": "textfield", "key": f"k{number}", "label": "A"} for number in range(100_000)], "TOO_LARGE"),
        (None, "NOT_A_FORM"),
        ("x" * 100, "NOT_A_FORM"),
        ([[]], "COMPONENT_NOT_ALLOWED"),
        ([None], "COMPONENT_NOT_ALLOWED"),
    ],
)
def test_giant_and_shapeless_forms(components: Any, code: str) -> None:
    assert code in {problem.code for problem in forms.check_schema({"components": components, "example": {}})}


def test_bottomless_forms() -> None:
    inner: dict[str, Any] = {"type": "group", "label": "A", "components": []}
    for _level in range(50_000):
        inner = {"type": "group", "label": "A", "components": [inner]}
    assert forms.check_schema({"components": [inner], "example": {}})


CATASTROPHES = [r"(a+)+$", r"(a|aa)+$", r"(a|a?)+$", r"(.*a){20}$", r"([a-zA-Z]+)*$", r"^(\w+\s?)*$", r"(x+x+)+y"]


@pytest.mark.parametrize("pattern", CATASTROPHES)
def test_patterns_run_in_linear_time(pattern: str) -> None:
    form = with_field(validate={"pattern": pattern, "maxLength": 10_000})
    assert forms.check_schema(form) == []
    for text in ("a" * 9_999 + "!", "x" * 10_000, "aa " * 3_333):
        start = time.process_time()
        forms.validate(form, {"a": text}, uploads={}, evaluate=lambda _text, _values: None)
        assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", r"(?=a)b", r"(?<=a)b", "(" * 300, r"((a{1000}){1000})", "a" * 600, "[", 5]
)
def test_patterns_beyond_linear_time_are_refused(pattern: Any) -> None:
    assert {problem.code for problem in forms.check_schema(with_field(validate={"pattern": pattern}))} == {"PATTERN"}


# --- letters

TYPST = [
    '#read("/etc/passwd")', '#import "@preview/cetz:0.2.0"', "#sys.version", "#sys.inputs.notice", "$ sum_(k=0)^n k $",
    "#raw(read(\"/etc/passwd\"))", "```typ #read(\"/etc/passwd\")```", "#while true {}", "#panic()", "= Überschrift",
    "#image(\"/etc/passwd\")", "#eval(\"1+1\")", "#plugin(\"x.wasm\")", "\\u{41}", "#set page(width: 1mm)", "*fett*",
    '"; #read("/etc/passwd"); "', "]) #read(\"/etc/passwd\") #([", "@preview", "<label>", "// kein Kommentar",
    "/* auch keiner",
]  # fmt: skip


def notice(**changes: Any) -> notices.Notice:
    head = notices.Letterhead("Kreis", "Amt", ("Markt 8",))
    values: dict[str, Any] = {
        "letterhead": head, "recipient_lines": ("A",), "case_number": "1", "file_reference": None,
        "issued_on": date(2026, 1, 2), "responsible_name": "B", "kind": "Bescheid", "subject": "C", "salutation": "D",
        "operative": ("E",),
    }  # fmt: skip
    return notices.Notice(**{**values, **changes})


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return "".join(page.get_textpage().get_text_range() for page in document)


@pytest.mark.parametrize("text", TYPST)
def test_typst_in_texts_and_data_stays_text(text: str) -> None:
    everywhere = {"subject": text, "salutation": text, "operative": (text, text), "reasons": (text,)}
    shown = text_of(notices.render(notice(**everywhere, recipient_lines=(text[:80],), responsible_name=text)))
    squeezed = "".join(shown.split())
    assert "".join(text.split()) in squeezed
    assert "root:x" not in squeezed


PROGRAMS = {
    "reads a file": b'#read("/etc/passwd")',
    "reads a file beside it": b'#read("notice.typ")',
    "imports a package": b'#import "@preview/cetz:0.2.0"',
    "imports a file": b'#import "/etc/passwd"',
    "loads a plugin": b'#plugin("/tmp/evil.wasm")',
    "never ends": b"#while true {}",
    "recurses": b"#let f(x) = f(x + 1)\n#f(1)",
    "fills memory": b"#let a = range(200000000)\n#a.len()",
    "fills memory with text": b'#let a = "x" * 1000000000\n#a',
    "sets a page for ever": b"#range(10000000).map(n => [#n]).join()",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_even_a_program_in_place_of_the_letter_does_nothing(
    program: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were somebody to get typst code into the process: no files, no packages, two seconds, 256 MB."""
    (tmp_path / "evil.typ").write_bytes(program)
    monkeypatch.setattr(notices_process, "TEMPLATE", tmp_path / "evil.typ")
    process = NoticeProcess()
    start = time.monotonic()
    with pytest.raises(NoticeNotSetError):
        process.render(b'{"notice": {}, "timestamp": 0}')
    assert time.monotonic() - start < 8.0  # two, and a busy machine
    process.close()


def limits_of(process: NoticeProcess) -> dict[str, str]:
    rows = Path(f"/proc/{process._process.pid}/limits").read_text("ascii").splitlines()[1:]
    return {row[:26].strip(): row[26:47].strip() for row in rows}


def test_the_process_has_256_mb_and_nothing_else() -> None:
    process = NoticeProcess()
    limits = limits_of(process)
    process.close()
    assert int(limits["Max address space"]) <= 256 << 20
    assert (limits["Max open files"], limits["Max processes"], limits["Max file size"]) == ("0", "0", "0")


def test_the_pool_recovers_from_letters_that_want_too_much() -> None:
    pool = NoticeProcesses(count=1)
    good = json.dumps({"notice": notices._page_data(notice()), "timestamp": 0}).encode()
    huge = json.dumps({"notice": notices._page_data(notice(reasons=("\n" * 400_000,))), "timestamp": 0}).encode()
    first = pool.render(good)
    for _round in range(2):
        with pytest.raises(NoticeNotSetError):
            pool.render(huge)
        assert pool.render(good) == first
    pool.close()


def test_what_fills_a_worker_does_not_fail_the_next_letter() -> None:
    pool = NoticeProcesses(count=1)
    for number in range(4):
        large = notice(reasons=(f"{number}" + "W" * 200_000,), subject=str(number))
        assert pool.render(json.dumps({"notice": notices._page_data(large), "timestamp": 0}).encode())
    pool.close()


def test_a_citizens_blank_lines_cost_nothing() -> None:
    assert text_of(notices.render(notice(reasons=("Anfang" + "\n \t\n" * 100_000 + "Ende",)))).count("Ende") == 1


@pytest.mark.parametrize(
    "text", ["{case.__class__}", "{0}", "{applicant_name!r}", "{applicant_name:>1000000}", "{", "{}"]
)
def test_placeholders_are_names_and_nothing_more(school: TemplateSource, text: str) -> None:
    letter = {**school.letters["grant"], "operative": [text]}
    assert "PLACEHOLDER" in codes(replace(school, letters={**school.letters, "grant": letter}))


# --- anything at all

WRONG = [
    None,
    True,
    -1,
    0,
    1e308,
    "",
    "x",
    "=",
    [],
    {},
    [[]],
    {"a": {}},
    [None],
    "\0",
    "=for i in 1..9 return i",
    10**30,
]


def mutated(value: Any, source: random.Random) -> Any:
    """The value with one part, at a random place, replaced by something wrong or taken out."""
    copy = json.loads(json.dumps(value))
    holder, key = None, None
    here = copy
    while isinstance(here, dict | list) and here and (holder is None or source.random() < 0.8):
        holder = here
        key = source.choice(sorted(here)) if isinstance(here, dict) else source.randrange(len(here))
        here = here[key]
    if holder is None:
        return source.choice(WRONG)
    if source.random() < 0.2:
        del holder[key]
    else:
        holder[key] = source.choice(WRONG)
    return copy


@pytest.mark.parametrize("seed", range(4))
def test_no_shape_of_a_part_makes_the_check_fall_over(school: TemplateSource, seed: int) -> None:
    """Refused or, where it does no harm, accepted; an exception would be a bug. Stays quick."""
    source = random.Random(seed)
    for round_ in range(40):
        part = source.choice(("manifest", "forms", "letters", "cases"))
        whole = getattr(school, part)
        if part in ("forms", "letters"):
            name = source.choice(sorted(whole))
            changed: Any = {**whole, name: mutated(whole[name], source)}
        else:
            changed = mutated(whole, source)
        found = publishing.check(replace(school, **{part: changed}))
        assert isinstance(found, Manifest | Invalid), (seed, round_)
