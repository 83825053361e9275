"""What the product's own pages ask: their documents, and values for the variables of each."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from graphql import (
    FieldNode,
    InlineFragmentNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_operation_ast,
    parse,
)

import kreisbund_api.web
from kreisbund_platform.ids import Kind

WEB = Path(kreisbund_api.web.__file__).parent
MOST_IDS, MOST_TRIES = 300, 300
SEED = 20261127
# what an argument's id names: by the argument, else by its root
BY_ARGUMENT = {
    "party": Kind.PARTY,
    "version": Kind.TEMPLATE_VERSION,
    "draft": Kind.TEMPLATE_DRAFT,
    "county": Kind.TENANT,
    "access": Kind.EMERGENCY_ACCESS,
    "invitation": Kind.SUPPORT_INVITATION,
}
BY_ROOT = {
    "caseRecord": Kind.CASE_RECORD,
    "application": Kind.APPLICATION,
    "task": Kind.TASK,
    "caseUpgrade": Kind.CASE_UPGRADE,
    "variantRebase": Kind.VARIANT_REBASE,
    "variantComparison": Kind.TEMPLATE_VARIANT,
    "draft": Kind.TEMPLATE_DRAFT,
    "reviewRound": Kind.REVIEW_ROUND,
}
BY_TYPE = {
    "ProcessTemplate": Kind.PROCESS_TEMPLATE,
    "TemplateVersion": Kind.TEMPLATE_VERSION,
    "DraftRevision": Kind.DRAFT_REVISION,
}
# values of the other variables, as pages send them
OPEN = ["OPEN", "CLAIMED"]
VALUES: Mapping[str, Sequence[Any]] = {
    "after": (None,),  # cursors come out of answers
    "filter": (None, {"text": "a"}, {"text": "2026"}, {"text": "nobody is called this"}),
    "tasks": ({"status": OPEN}, {"status": OPEN, "assignee": "nobody"}),
    "template": ("schuelerbefoerderung", "jagdschein"),
    "from": (None, "2026-01-01"),
    "to": (None, "2026-12-31"),
    "key": ("99088011039001", "99001001000000"),
    "search": (None, "Schule", "Jagd", "Wohngeld"),
    "situation": (None,),
    "number": ("NDH-2026-000001",),
    "secret": ("not the one",),
}


@dataclass(frozen=True)
class Question:
    """A query that a page sends, named as the page names it: `desk/case`."""

    name: str
    text: str

    @property
    def area(self) -> str:
        return self.name.partition("/")[0]

    @cached_property
    def asked(self) -> OperationDefinitionNode:
        found = get_operation_ast(parse(self.text))
        assert found is not None
        return found

    @property
    def variables(self) -> dict[str, str]:
        """Their types by name, without the mark of what is required."""
        found = {}
        for each in self.asked.variable_definitions or ():
            type_ = each.type.type if isinstance(each.type, NonNullTypeNode) else each.type
            found[each.variable.name.value] = type_.name.value
        return found

    @property
    def flags(self) -> list[dict[str, bool]]:
        """All that may be asked for besides and left out, as rights allow."""
        names = [name for name, type_ in self.variables.items() if type_ == "Boolean"]
        return [dict(zip(names, each, strict=True)) for each in itertools.product((True, False), repeat=len(names))]

    def given(self, ids: Mapping[Kind, Sequence[str]], flags: Mapping[str, bool]) -> list[dict[str, Any]]:
        """Some sets of variables, in an order of chance that is always the same."""
        values: dict[str, Sequence[Any]] = {name: [flag] for name, flag in flags.items()}
        for name, type_ in self.variables.items():
            if type_ == "ID":
                values[name] = ids.get(self.kind(name), ())[-MOST_IDS:] or ["nothing"]
            elif name not in flags:
                values[name] = VALUES[name]
        found = [dict(zip(values, each, strict=True)) for each in itertools.product(*values.values())]
        return random.Random(SEED).sample(found, min(len(found), MOST_TRIES))

    def kind(self, variable: str) -> Kind:
        """What the variable names."""
        return next(kind for root in self.asked.selection_set.selections for kind in _kinds(root, variable))


def _kinds(root: Any, variable: str) -> Iterator[Kind]:
    assert isinstance(root, FieldNode)
    for argument in root.arguments or ():
        if isinstance(argument.value, VariableNode) and argument.value.name.value == variable:
            name = argument.name.value
            yield BY_ARGUMENT[name] if name in BY_ARGUMENT else _by_root(root)


def _by_root(root: FieldNode) -> Kind:
    if root.name.value != "node":
        return BY_ROOT[root.name.value]
    assert root.selection_set is not None
    (fragment,) = root.selection_set.selections
    assert isinstance(fragment, InlineFragmentNode)
    assert fragment.type_condition is not None
    return BY_TYPE[fragment.type_condition.name.value]


def questions() -> list[Question]:
    """All queries of all pages; changes are no matter of compiling."""
    found = [
        Question(f"{path.parent.name}/{path.stem}", path.read_text("utf-8")) for path in sorted(WEB.glob("*/*.graphql"))
    ]
    return [each for each in found if each.asked.operation is OperationType.QUERY]


def cursors_in(value: Any) -> Iterator[str]:
    """Those with which an answer's pages go on."""
    if isinstance(value, dict):
        if value.get("hasNextPage") and value.get("endCursor"):
            yield value["endCursor"]
        for each in value.values():
            yield from cursors_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from cursors_in(each)
