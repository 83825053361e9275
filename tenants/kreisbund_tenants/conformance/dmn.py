"""`conformance dmn DIR`: runs DMN TCK test cases against the engine and says where it differs."""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kreisbund_platform.clock import SystemClock
from kreisbund_platform.engine.dmn import Evaluation, serve
from kreisbund_platform.engine.dmn.model import Model, read_model
from kreisbund_platform.engine.dmn.tables import DecisionMeter
from kreisbund_platform.engine.feel.calls import invoke
from kreisbund_platform.engine.feel.syntax import FeelError
from kreisbund_platform.engine.feel.values import Env
from kreisbund_platform.engine.refused import ModelRefused
from kreisbund_tenants.conformance.tck import ResultNode, TestCase, TestFile, literal, read_test_file, same

DEEPEST_CALLS = 4_000


@dataclass(frozen=True)
class NodeResult:
    """How one result node came out."""

    file: str
    case_id: str
    node: str
    passed: bool
    expected: Any
    got: Any

    def line(self) -> str:
        """The line of a failed one."""
        name = f"{self.file} {self.case_id} {self.node}"
        return f"FAIL {name}: expected {literal(self.expected)}, got {literal(self.got)}"


def run(folder: Path, json_file: Path | None, _export: Path | None = None) -> int:
    """Runs every `*-test-*.xml` below the folder; 0 when no case failed, else 1."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST_CALLS))
    results: list[NodeResult] = []
    passed = failed = 0
    for path in sorted(folder.rglob("*-test-*.xml")):
        for nodes in run_file(path, path.relative_to(folder).as_posix(), SystemClock().now()):
            good = all(node.passed for node in nodes)
            passed, failed = passed + good, failed + (not good)
            results += nodes
            sys.stdout.writelines(node.line() + "\n" for node in nodes if not node.passed)
    if json_file is not None:
        json_file.write_text(json.dumps([_plain(result) for result in results], ensure_ascii=False, indent=1))
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


def _plain(result: NodeResult) -> dict[str, Any]:
    values = {"expected": literal(result.expected), "got": literal(result.got)}
    return {"file": result.file, "case": result.case_id, "node": result.node, "passed": result.passed, **values}


def run_file(path: Path, name: str, now: datetime) -> Iterator[list[NodeResult]]:
    """The results of a file's cases, each a list of its nodes."""
    try:
        tests = read_test_file(path.read_bytes())
    except ModelRefused:
        yield [NodeResult(name, "-", "-", False, None, None)]
        return
    model = _model(path.parent, tests)
    for case in tests.cases:
        yield [_judged(name, model, case, node, now) for node in case.results]


def _model(folder: Path, tests: TestFile) -> Model | None:
    path = folder / tests.model_name
    if not tests.model_name or not path.is_file():
        return None
    files = {each.name: each.read_bytes() for each in sorted(path.parent.glob("*.dmn"))}
    try:
        return read_model(path.name, {**files, path.name: path.read_bytes()})
    except ModelRefused:
        return None


def _judged(file: str, model: Model | None, case: TestCase, node: ResultNode, now: datetime) -> NodeResult:
    if model is None:
        return NodeResult(file, case.case_id, node.name, False, node.expected, None)
    try:
        got = _value(model, case, node, now)
    except (FeelError, RecursionError):
        got = None
    except Exception:
        # A fault of ours is no error in the standard's sense: it never counts as the null that was asked for.
        logging.getLogger(__name__).exception("%s %s", file, case.case_id)
        return NodeResult(file, case.case_id, node.name, False, node.expected, None)
    return NodeResult(file, case.case_id, node.name, same(got, node.expected), node.expected, got)


def _value(model: Model, case: TestCase, node: ResultNode, now: datetime) -> Any:
    """A decision's or service's value; an error is null."""
    meter = DecisionMeter(now, strict=False)
    evaluation = Evaluation(model, case.inputs, meter, Env(_foreign(model, case.inputs), None, meter))
    name = case.invocable or node.name
    if case.kind == "bkm":
        return _call(evaluation, name, case.inputs)
    service = _identifier(model.services, name)
    if service is not None and (case.kind == "decisionService" or _identifier(model.decisions, node.name) is None):
        return _output(serve(evaluation, service, case.inputs), node.name, name)
    return _decision(evaluation, node.name)


def _decision(evaluation: Evaluation, name: str) -> Any:
    decision = _identifier(evaluation.model.decisions, name)
    if decision is not None:
        return evaluation.decision(decision)
    for alias in evaluation.model.imports:
        inner = evaluation.imported((alias,))
        if not alias or name.startswith(f"{alias}."):
            return _decision(inner, name.removeprefix(f"{alias}.") if alias else name)
    return None


def _foreign(model: Model, inputs: dict[str, Any]) -> dict[str, Any]:
    """Values that no element of the model speaks of: in scope everywhere."""
    own = {item.name for kind in (model.inputs, model.decisions, model.knowledge) for item in kind.values()}
    return {name: value for name, value in inputs.items() if name not in own and name not in model.imports}


def _identifier(elements: Any, name: str) -> str | None:
    wanted = " ".join(name.split())
    return next((key for key, item in elements.items() if item.name == wanted), None)


def _call(evaluation: Evaluation, name: str, inputs: dict[str, Any]) -> Any:
    identifier = _identifier(evaluation.model.knowledge, name)
    if identifier is None:
        return None
    names = tuple(parameter for parameter, _type in evaluation.model.knowledge[identifier].parameters)
    values = [inputs.get(parameter) for parameter in names]
    return invoke(evaluation.knowledge(identifier), values, names or None, evaluation.base)


def _output(value: Any, node: str, service: str) -> Any:
    """A service of several decisions answers a context; a node may ask for one of them."""
    return value[node] if isinstance(value, dict) and node != service and node in value else value
