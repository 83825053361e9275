"""One BPMN file judged: read, checked, run to its end, run by given cases, written again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kreisbund_platform.engine import soundness
from kreisbund_platform.engine.bpmn import Definitions, ProcessModel, read_definitions
from kreisbund_platform.engine.export import count_elements, export, same_xml
from kreisbund_platform.engine.plan import ModelRefused, Plan, build_plan
from kreisbund_platform.texts import _
from kreisbund_tenants.conformance.bpmn_cases import Outcome, run_case
from kreisbund_tenants.conformance.bpmn_mail import Mail, read_mail
from kreisbund_tenants.conformance.bpmn_search import search

SECONDS = 0.6
SUFFIXES = (".bpmn20.xml", ".bpmn")


@dataclass
class Judgement:
    """The contract's fields; `failed` marks an exception or a refusal that names nothing."""

    file: str
    parsed: bool = False
    refused_element: str | None = None
    reason: str | None = None
    sound: str | None = None
    completed: str | None = None
    elements: dict[str, int] = field(default_factory=dict)
    roundtrip: bool | None = None
    cases: list[dict[str, Any]] | None = None
    failed: bool = False

    def as_json(self) -> dict[str, Any]:
        """Without what is only counted."""
        return {name: value for name, value in asdict(self).items() if name != "failed"}

    def line(self) -> str:
        """One line, single blanks."""
        state = "failed" if self.failed else "parsed" if self.parsed else "refused"
        words = [self.file, state, self.sound or "-", self.completed or "-", self.refused_element, self.reason]
        return " ".join(" ".join(word.split()) for word in words if word)


def judge(path: Path, name: str, exported: Path | None) -> Judgement:
    """Never raises for a file's content."""
    found = Judgement(name)
    try:
        data = path.read_bytes()
        found.elements = count_elements(data)
        _judge(found, path, data, exported)
    except Exception as error:
        found.failed, found.reason = True, type(error).__name__
    return found


def _judge(found: Judgement, path: Path, data: bytes, exported: Path | None) -> None:
    try:
        definitions = read_definitions(data)
        plans = build_plans(definitions)
    except ModelRefused as refused:
        _say(found, refused.element_id, refused.reason)
        found.failed = not (refused.element_id and refused.reason)
        return
    found.parsed = True
    written = export(definitions)
    found.roundtrip = same_xml(data, written)
    if exported is not None:
        exported.parent.mkdir(parents=True, exist_ok=True)
        exported.write_bytes(written)
    _check(found, plans)
    _run_cases(found, path, definitions, plans)


def build_plans(definitions: Definitions) -> dict[str, Plan]:
    """A plan for each process of the file; each may call the others."""
    beside = {model.process_id: model for model in definitions.processes}
    return {name: build_plan(model, beside=_without(beside, name)) for name, model in beside.items()}


def _without(models: Mapping[str, ProcessModel], name: str) -> dict[str, ProcessModel]:
    return {key: model for key, model in models.items() if key != name}


def _say(found: Judgement, element_id: str | None, reason: str | None) -> None:
    """The first thing found is the one told."""
    if found.refused_element is None:
        found.refused_element, found.reason = element_id, reason


def _check(found: Judgement, plans: Mapping[str, Plan]) -> None:
    """Sound if all processes are; completed if all can be. Without any process there is nothing to say."""
    if not plans:
        return
    verdicts = [soundness.check(plan) for plan in plans.values()]
    for word in ("unsound", "undecided"):
        for verdict in verdicts:
            if verdict.result == word:
                _say(found, verdict.element_id, verdict.reason)
                found.sound = found.sound or word
    found.sound = found.sound or "sound"
    ends = [_completes(found, plan, verdict.result) for plan, verdict in zip(plans.values(), verdicts, strict=True)]
    found.completed = "stuck" if "stuck" in ends else None if None in ends else "completed"


def _completes(found: Judgement, plan: Plan, sound: str) -> str | None:
    if sound == "sound":
        return "completed"
    outcome = search(plan, SECONDS)
    if outcome.completed is False:
        _say(found, outcome.element_id or plan.process_id, _("Von hier führt kein Weg zum Ende."))
    return {True: "completed", False: "stuck", None: None}[outcome.completed]


# --- given cases


def _run_cases(found: Judgement, path: Path, definitions: Definitions, plans: Mapping[str, Plan]) -> None:
    cases = _cases_beside(path)
    if cases is None:
        return
    mail = read_mail(definitions.source)
    found.cases = [_run_case(plans, mail, case).as_json() for case in cases]


def _run_case(plans: Mapping[str, Plan], mail: Mail, case: dict[str, Any]) -> Outcome:
    process = case.get("process") or next(iter(plans), "")
    if process not in plans:
        return Outcome()
    return run_case(plans, mail, process, dict(case.get("variables") or {}))


def _cases_beside(path: Path) -> list[dict[str, Any]] | None:
    suffix = next(suffix for suffix in SUFFIXES if path.name.endswith(suffix))
    for stem in (path.name.removesuffix(suffix), path.name):
        cases = path.with_name(f"{stem}.cases.json")
        if cases.is_file():
            return list(json.loads(cases.read_text("utf-8-sig")))
    return None
