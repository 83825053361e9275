"""Every mutation, its input filled from the schema, every id in it aimed at another county's rows."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kreisbund_platform.ids import Kind, new_id
from tests.isolation.asking import ID_IN, kind_of_type, quoted
from tests.isolation.generator import MUTATION, value_of
from tests.isolation.harvest import Own
from tests.isolation.world import Said

PLAIN = {
    "slug": "x",  # too short for a county or a template, so nothing is made
    "topic": "x",
    "idempotencyKey": "",
    "realm": "nordhausen",
    "regionalKey": "1",
    "name": "x",
    "template": "no-such-template",
    "point": "hearing_period",
    "counties": "nordhausen",
}
ID, KEY = "<id>", "<key>"  # stand for variables until a document numbers them
LITERALS = {
    "Int": "1",
    "Boolean": "true",
    "JSON": "{}",
    "Date": '"2026-11-01"',
    "DateTime": '"2026-11-01T12:00:00+00:00"',
    "Float": "1.0",
}


@dataclass(frozen=True)
class Change:
    """One call: which mutation, about whose row, as text without its alias."""

    name: str
    target: str
    identifier: str
    text: str
    fields: frozenset[str]


def kind_in(mutation: str, where: str) -> Kind | None:
    """What an input's id names."""
    name = where.rpartition(".")[2]
    special = {"round": Kind.REVIEW_ROUND, "comment": Kind.REVIEW_COMMENT, "answerTo": Kind.REVIEW_COMMENT,
               "proposal": Kind.PUBLICATION_PROPOSAL,
               "access": Kind.EMERGENCY_ACCESS, "county": Kind.TENANT,
               "agreement": Kind.COOPERATION_AGREEMENT, "upgrade": Kind.CASE_UPGRADE,
               "variant": Kind.TEMPLATE_VARIANT, "rebase": Kind.VARIANT_REBASE, "toVersion": Kind.TEMPLATE_VERSION,
               "versions": Kind.TEMPLATE_VERSION, "baseVersion": Kind.TEMPLATE_VERSION,
               "templateVersion": Kind.TEMPLATE_VERSION}  # fmt: skip
    return special.get(name) or ID_IN.get(name) or kind_of_type(name.capitalize())


def about(foreign: Own) -> Iterator[tuple[Change, Change]]:
    """Each mutation about something of others, and about something that never was."""
    for mutation in MUTATION.fields:
        fitting = {kind_in(mutation, where) for where in _ids_of(mutation)} | {Kind.CASE_RECORD}
        kinds = [kind for kind in foreign.ids if foreign.ids[kind] and kind in fitting]
        for kind in kinds:
            target, never = max(foreign.ids[kind]), str(new_id(kind, datetime.now(UTC)))
            yield _change(mutation, target, target), _change(mutation, target, never)


def _ids_of(mutation: str) -> list[str]:
    found: list[str] = []

    def note(type_name: str, where: str) -> str | None:
        if type_name == "ID" and not where.endswith("idempotencyKey"):
            found.append(where)
        return "x"

    for name, argument in MUTATION.fields[mutation].args.items():
        value_of(argument, note, name)
    return found


def _change(mutation: str, target: str, identifier: str) -> Change:
    fields: set[str] = {f"Mutation.{mutation}"}
    given = _given(fields)
    parts = [f"{name}: {value_of(a, given, name)}" for name, a in MUTATION.fields[mutation].args.items()]
    text = f"{mutation}({', '.join(parts)}) {{ __typename ... on Problem {{ code message }} }}"
    return Change(mutation, target, identifier, text, frozenset(fields))


def _given(fields: set[str]) -> Callable[[str, str], str | None]:
    def given(type_name: str, where: str) -> str | None:
        fields.add(where)
        name = where.rpartition(".")[2]
        if name == "idempotencyKey":
            return KEY
        if type_name == "ID":
            return ID
        if type_name == "String":
            return quoted(PLAIN.get(name, "Ein Text"))
        return LITERALS.get(type_name)

    return given


def document(changes: list[Change]) -> dict[str, Any]:
    """Several in one document: their results cannot be null, and a refusal is a result. Ids and keys are variables."""
    text = ""
    variables: dict[str, str] = {}
    for number, change in enumerate(changes):
        text += f" a{number}: " + change.text.replace(ID, f"$id{number}").replace(KEY, f"$key{number}")
        if ID in change.text:
            variables[f"id{number}"] = change.identifier
        if KEY in change.text:
            variables[f"key{number}"] = secrets.token_hex(12)
    declared = ", ".join(f"${name}: ID!" for name in variables)
    return {"query": f"mutation ({declared}) {{{text} }}", "variables": variables}


def result(said: Said, number: int) -> tuple[str, str]:
    """Type and code of what one change led to."""
    found = (said.body.get("data") or {}).get(f"a{number}") or {}
    return found.get("__typename", ""), found.get("code", "")
