"""The row conditions of the services, taken out one by one while the tests that name them run.

`python -m tests.isolation.conditions` prints each condition and the test that missed it. One session of pytest runs the
same tests again for each mutant, so that a database is set up once.
"""

import ast
import copy
import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

PLATFORM = "kreisbund_platform."
ROOT = Path(__file__).parents[1]
# module, the functions in it that decide who may, and the files of tests that name these rules
RIGHTS = ("graphql/test_rights.py", "graphql/test_four_eyes.py", "graphql/test_support.py")
CASES = ("cases/test_access.py", "graphql/test_rights.py", "graphql/test_changing.py",
         "cases/test_life_of_a_case.py", "moving/test_suspension.py")  # fmt: skip
FILES = ("documents/test_issuing.py", "documents/test_uploads.py",
         "graphql/test_quarantine.py")  # fmt: skip
DECIDING = {
    "cases.access": ("suspended case_for_staff own_case own_application task_for _task_refusal", CASES),
    "cases.task_rights": ("of", CASES),
    "documents.downloads": ("open_document _may_read _quarantined", FILES),
    "templates.life_cycle.access": ("home_of delegate_of may_not_write", (
        "templates/test_drafts.py", "templates/test_reviews.py", "templates/test_publication.py")),
    "rights.people": ("colleague", RIGHTS),
    "rights.support": ("invite revoke _may_invite", RIGHTS[::-1]),
    "rights.standing_in": ("name_substitute delegate end_substitution end_delegation", RIGHTS),
    "rights.four_eyes": ("_visible _closed confirm", RIGHTS[1:]),
    "rights.blocking": ("block unblock", RIGHTS),
}  # fmt: skip
# What no test can miss, and why
ACCEPTED = {
    "cases.access.own_case: refusals.not_found() in": "an application has its case, which goes with it",
    "documents.downloads.open_document: document.kind == 'notice' in": "saves a query: nothing else has a delivery",
    "templates.life_cycle.access.home_of: queries.tenant_id": "no county has null for its slug",
    "templates.life_cycle.access.may_not_write: topic is not None in": "a draft's topic stays, it is referred to",
}


@dataclass(frozen=True)
class Mutant:
    """A function with one condition less; `name` says where and what."""

    name: str
    tests: tuple[str, ...]
    function: FunctionType
    code: CodeType

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The running program has the mutated function, wherever it was imported."""
        kept = self.function.__code__
        self.function.__code__ = self.code
        try:
            yield
        finally:
            self.function.__code__ = kept


def mutants() -> Iterator[Mutant]:
    """Every condition of DECIDING, taken out in turn."""
    for name, (functions, tests) in DECIDING.items():
        module = importlib.import_module(PLATFORM + name)
        tree = ast.parse(inspect.getsource(module))
        for function in functions.split():
            for number, what in enumerate(_conditions(_function(tree, function))):
                changed = copy.deepcopy(tree)
                list(_conditions(_function(changed, function), take=number))
                code = _code(module, changed, function)
                yield Mutant(f"{name}.{function}: {what}", tests, getattr(module, function), code)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef:
    return next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name)


def _code(module: ModuleType, tree: ast.Module, name: str) -> CodeType:
    compiled = compile(ast.fix_missing_locations(tree), module.__file__ or "", "exec")
    return next(each for each in compiled.co_consts if isinstance(each, CodeType) and each.co_name == name)


def _conditions(function: ast.FunctionDef, take: int = -1) -> Iterator[str]:
    """What is asked before the function goes on, as text; the `take`th is taken out of the tree."""
    number = 0
    for node in list(ast.walk(function)):
        for what, remove in _removals(node):
            if number == take:
                remove()
            number += 1
            yield what


def _removals(node: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.If):
        yield f"if {ast.unparse(node.test)}", lambda: setattr(node, "test", ast.Constant(False))
    elif isinstance(node, ast.BoolOp):
        neutral = ast.Constant(isinstance(node.op, ast.And))
        for place, value in enumerate(node.values):
            what = f"{ast.unparse(value)} in {ast.unparse(node)}"
            yield what, lambda place=place: node.values.__setitem__(place, neutral)
    elif isinstance(node, ast.IfExp) and not _finds_nothing(node):
        yield f"{ast.unparse(node)}", lambda: setattr(node, "test", ast.Constant(True))
    elif isinstance(node, ast.comprehension):
        for each in node.ifs:
            yield f"for … if {ast.unparse(each)}", lambda each=each: node.ifs.remove(each)


def _finds_nothing(node: ast.IfExp) -> bool:
    """`… if identifier else None`: an id that cannot be read is looked up as null, and nothing has that."""
    return ast.unparse(node.test) == "identifier" and ast.unparse(node.orelse) == "None"


class Turns:
    """A plugin of pytest: all tests twice as they are, then for each mutant until one fails.

    A test that fails without a mutant, or when it runs again, says nothing about mutants and is left out.
    """

    def __init__(self) -> None:
        self.caught: dict[str, str] = {}
        self.missed: list[str] = []
        self.left_out: list[str] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of the one run of each test."""
        items = self._steady(self._steady(session.items))
        for mutant in mutants():
            with mutant.applied():
                found = self._first_failure(_named(items, mutant.tests))
            if found is None:
                self.missed.append(mutant.name)
            else:
                self.caught[mutant.name] = found
            print(f"{found or 'MISSED':70} {mutant.name}", flush=True)
        return True

    def _steady(self, items: list[pytest.Item]) -> list[pytest.Item]:
        _clear(items)
        failed = [item for item, following in _in_turn(items) if _fails(item, following)]
        self.left_out += [item.nodeid for item in failed]
        return [item for item in items if item not in failed]

    def _first_failure(self, items: list[pytest.Item]) -> str | None:
        _clear(items)
        return next((item.nodeid for item, following in _in_turn(items) if _fails(item, following)), None)


def _clear(items: list[pytest.Item]) -> None:
    """Takes down what an interrupted turn left set up."""
    for item in items[:1]:
        item.session._setupstate.teardown_exact(item)


def _in_turn(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item]]:
    """Each with the one that follows, so that what they share stays set up."""
    return zip(items, [*items[1:], *items[:1]], strict=True)


def _fails(item: pytest.Item, following: pytest.Item) -> bool:
    item._initrequest()  # type: ignore[attr-defined]
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _named(items: list[pytest.Item], tests: tuple[str, ...]) -> list[pytest.Item]:
    """The tests of these files, in this order."""
    return [item for each in tests for item in items if item.path == ROOT / each]


def run() -> Turns:
    """All mutants' turns."""
    turns = Turns()
    files = sorted({str(ROOT / each) for _functions, tests in DECIDING.values() for each in tests})
    pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[turns])
    return turns


if __name__ == "__main__":
    made = run()
    print(f"{len(made.caught)} conditions taken out in turn and missed by a test; not: {made.missed}")
    print(f"tests left out: {made.left_out}")
    sys.exit(any(not each.startswith(tuple(ACCEPTED)) for each in made.missed))
