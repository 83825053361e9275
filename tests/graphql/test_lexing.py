"""The quick lexer reads what the library's own reads, fault for fault."""

from pathlib import Path

import pytest
from graphql import GraphQLSyntaxError, get_introspection_query, parse

from kreisbund_api.graphql import lexing
from kreisbund_api.graphql.execution import Documents

PAGES = sorted((Path(lexing.__file__).parents[1] / "web").rglob("*.graphql"))
TEXTS = (
    '{ a(b: "") }',
    '{ a(b: "ä\\n\\u00e4\\u{1F98C}\\uD83E\\uDD8C\\"") }',
    '{ a(b: """\n   block\n     "quoted" \\""" \\n\n   """) }',
    '{ a(b: """""", c: "x") }',
    "{ a(b: [1, -0, 1.5, -2e10, 0.1E-3]) b: c ... on D @e { f } ...g }",
    '# comment\n{ a # "another\n b } # last',
    '"""told""" query ($a: [Int!]! = [1] @b) { a(b: $a, c: {d: NULL, e: null}) }',
    "\ufeff{,a,\t\r\nb\r}",
)
FAULTS = (
    "{ a(b: 01) }", "{ a(b: 1x) }", "{ a(b: 1.) }", "{ a(b: -) }", '{ a(b: "x) }', '{ a(b: "x\ny") }', '{ a(b: """x) }',
    "{ a(b: '1') }", "{ a .. b }", "{ a ? }", "{ a(b: .5) }", '{ a(b: "\\q") }', '{ a(b: "\\u{110000}") }', "{ ä }",
    "", "{", "{ a", "{ a } }", "query {", "{ a(b: 1.5.2) }", "{ a\x00 }",
)  # fmt: skip


@pytest.mark.parametrize("text", [*TEXTS, *(page.read_text() for page in PAGES), get_introspection_query()])
def test_a_document_reads_alike(text: str) -> None:
    assert lexing.parsed(text).to_dict() == parse(text, no_location=True).to_dict()


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_alike(text: str) -> None:
    def message(read: object) -> str:
        with pytest.raises(GraphQLSyntaxError) as told:
            read(text)  # type: ignore[operator]
        return told.value.message

    assert message(lexing.parsed) == message(parse)


def test_what_the_product_and_its_tools_ask_is_welcome() -> None:
    assert len(PAGES) > 50
    asked = [
        *(page.read_text() for page in PAGES),
        get_introspection_query(specified_by_url=True, directive_is_repeatable=True, schema_description=True,
                                input_value_deprecation=True),
        get_introspection_query(descriptions=False),
    ]  # fmt: skip
    for text in asked:
        prepared = Documents().prepare(text)
        assert not prepared.errors, (text, prepared.errors)


WIDE = " ".join(
    f"a{n}: cases(first: 100, filter: {{status: [SUBMITTED, DECIDED]}}) {{ totalCount }}" for n in range(500)
)
DEEP = "{ cases { edges { node { tasks { edges { node { case { tasks { edges { node { case { id"
THOUSAND = (
    f"{{ {WIDE} }}",
    "{ " + " ".join(f'a{n}: node(id: "{n}") {{ id @include(if: true) @skip(if: false) }}' for n in range(500)) + " }",
    DEEP + " }" * 12,
    "{ " + " ".join(f"...f{n}" for n in range(40)) + " }" + " ".join(
        f"fragment f{n} on Query {{ a{n}: viewer {{ {'subject name ' * 10} }} }}" for n in range(40)
    ),
    "{ " + " ".join("... on Query { viewer { subject } }" for _ in range(50)) + " }",
    "query (" + " ".join(f"$v{n}: ID!" for n in range(500)) + ") { "
    + " ".join(f"a{n}: node(id: $v{n}) {{ id }}" for n in range(500)) + " }",
    "query A($a: ID!) { node(id: $a) { id } } query B($a: ID!) { ...c } fragment c on Query { node(id: $a) { id } }",
)  # fmt: skip


@pytest.mark.parametrize("text", THOUSAND)
def test_a_thousand_fields_are_welcome(text: str) -> None:
    assert not Documents().prepare(text).errors
