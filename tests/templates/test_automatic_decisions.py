"""Which ways to a notice count as decided by nobody, in models that try to hide it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kreisbund_tenants
from kreisbund_platform.engine.plan import Plan, compile_plan
from kreisbund_platform.engine.plan.model import CalledModel
from kreisbund_platform.templates.automatic_decisions import check_automatic, unattended
from kreisbund_platform.templates.manifest import Manifest, read_manifest
from kreisbund_platform.templates.source import load_folder
from tests.engine.models import definitions, flows, message, node, timer

SCHOOL = Path(kreisbund_tenants.__file__).parent / "catalogue" / "schule" / "schuelerbefoerderung"
LETTERS = {"grant": {"kind": "MAIN"}, "note": {"kind": "LETTER"}}
BEFORE = '<bpmn:message id="m" name="m"/><bpmn:error id="e" errorCode="e"/>'


def staff(name: str = "staff", role: str = "caseworker", **more: str) -> str:
    return node("userTask", name, kb_role=role, kb_form="f", **more)


def notice(name: str = "notice", operation: str = "notice", letter: str = "grant", kind: str = "serviceTask") -> str:
    return node(kind, name, kb_operation=operation, kb_letter=letter)


def gateway(name: str, kind: str = "exclusiveGateway", **more: str) -> str:
    return node(kind, name, **more)


def boundary(name: str, host: str, inner: str, **more: str) -> str:
    return node("boundaryEvent", name, inner, attachedToRef=host, **more)


START, END = node("startEvent", "start"), node("endEvent", "end")


def plan(*parts: str) -> Plan:
    return compile_plan(definitions(START + END + "".join(parts), BEFORE), {})


def sub(name: str, *parts: str, **more: str) -> str:
    return node("subProcess", name, node("startEvent", f"{name}_start") + "".join(parts), **more)


ATTENDED = {
    "a staff task before it": (staff(), notice(), flows("start>staff", "staff>notice", "notice>end")),
    "staff on one side of a parallel join": (
        gateway("split", "parallelGateway"), gateway("join", "parallelGateway"), staff(), notice(),
        flows("start>split", "split>staff", "split>join", "staff>join", "join>notice", "notice>end"),
    ),
    "staff inside a sub-process": (
        sub("sub", staff(), node("endEvent", "inner_end"), flows("sub_start>staff", "staff>inner_end")), notice(),
        flows("start>sub", "sub>notice", "notice>end"),
    ),
    "an error that only staff can bring about": (
        sub(
            "sub", staff(), gateway("ok", default="ok_inner_end"), node("endEvent", "inner_end"),
            node("endEvent", "bad", '<bpmn:errorEventDefinition errorRef="e"/>'),
            flows("sub_start>staff", "staff>ok", "ok>inner_end", "ok>bad: x = 1"),
        ),
        boundary("caught", "sub", '<bpmn:errorEventDefinition errorRef="e"/>'), notice(),
        flows("start>sub", "sub>end", "caught>notice", "notice>end"),
    ),
    "only a letter": (notice(operation="letter", letter="note"), flows("start>notice", "notice>end")),
}  # fmt: skip
AUTOMATIC = {
    "nobody at all": (notice(), flows("start>notice", "notice>end")),
    "only the citizen": (
        staff("citizen", "citizen"), notice(), flows("start>citizen", "citizen>notice", "notice>end"),
    ),
    "somebody who decides nothing": (
        staff("clerk", "records_officer"), notice(), flows("start>clerk", "clerk>notice", "notice>end"),
    ),
    "a way around": (
        gateway("g", default="g_staff"), gateway("merge"), staff(), notice(),
        flows("start>g", "g>staff", "g>merge: x = 1", "staff>merge", "merge>notice", "notice>end"),
    ),
    "the staff's time runs out": (
        staff(), boundary("late", "staff", timer("P1D")), gateway("merge"), notice(),
        flows("start>staff", "staff>merge", "late>merge", "merge>notice", "notice>end"),
    ),
    "a reminder that does not interrupt": (
        staff(), boundary("late", "staff", timer("P1D"), cancelActivity="false"), notice(),
        node("endEvent", "other"), flows("start>staff", "staff>end", "late>notice", "notice>other"),
    ),
    "the citizen's message": (
        staff(), boundary("call", "staff", message("m")), notice(), node("endEvent", "other"),
        flows("start>staff", "staff>end", "call>notice", "notice>other"),
    ),
    "a branch beside the staff": (
        gateway("split", "parallelGateway"), gateway("join", "parallelGateway"), staff(), notice(),
        flows("start>split", "split>staff", "split>notice", "staff>join", "notice>join", "join>end"),
    ),
    "an inclusive join that may not wait": (
        gateway("split", "inclusiveGateway", default="split_staff"), gateway("join", "inclusiveGateway"), staff(),
        notice(), flows("start>split", "split>staff", "split>join: x = 1", "staff>join", "join>notice", "notice>end"),
    ),
    "the time of a whole sub-process runs out": (
        sub("sub", staff(), node("endEvent", "inner_end"), flows("sub_start>staff", "staff>inner_end")),
        boundary("late", "sub", timer("P1D")), notice(), node("endEvent", "other"),
        flows("start>sub", "sub>end", "late>notice", "notice>other"),
    ),
    "hidden in a sub-process": (
        sub("sub", notice(), node("endEvent", "inner_end"), flows("sub_start>notice", "notice>inner_end")),
        flows("start>sub", "sub>end"),
    ),
    "an error without staff": (
        sub("sub", node("endEvent", "bad", '<bpmn:errorEventDefinition errorRef="e"/>'), flows("sub_start>bad")),
        boundary("caught", "sub", '<bpmn:errorEventDefinition errorRef="e"/>'), notice(),
        flows("start>sub", "sub>end", "caught>notice", "notice>end"),
    ),
    "called a letter": (notice(operation="letter"), flows("start>notice", "notice>end")),
    "a send task": (notice(kind="sendTask"), flows("start>notice", "notice>end")),
    "after a timer": (
        node("intermediateCatchEvent", "wait", timer("P1Y")), notice(),
        flows("start>wait", "wait>notice", "notice>end"),
    ),
}  # fmt: skip


def manifest(**changes: Any) -> Manifest:
    return replace(read_manifest(load_folder(SCHOOL).manifest), **changes)


def codes(model: Plan, **changes: Any) -> list[tuple[str, str]]:
    return [(error.path, error.code) for error in check_automatic(manifest(**changes), model, LETTERS.get)]


@pytest.mark.parametrize("parts", ATTENDED.values(), ids=ATTENDED)
def test_an_official_has_decided(parts: tuple[str, ...]) -> None:
    assert codes(plan(*parts)) == []


@pytest.mark.parametrize("parts", AUTOMATIC.values(), ids=AUTOMATIC)
def test_nobody_has_decided(parts: tuple[str, ...]) -> None:
    assert codes(plan(*parts)) == [("notice", "AUTOMATIC_DECISION")]


INSTANCES = '<bpmn:multiInstanceLoopCharacteristics kb:collection="= persons" kb:elementVariable="person"/>'
TWICE = (
    "<bpmn:multiInstanceLoopCharacteristics>"
    "<bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
)


def many(inner: str) -> str:
    return node("userTask", "staff", inner, kb_role="caseworker", kb_form="f")


def event_sub(name: str, trigger: str, *parts: str, interrupting: str = "true") -> str:
    start = node("startEvent", f"{name}_start", trigger, isInterrupting=interrupting)
    return node("subProcess", name, start + "".join(parts), triggeredByEvent="true")


def test_a_task_for_each_of_a_list_that_may_be_empty_is_no_decision() -> None:
    parts = (notice(), flows("start>staff", "staff>notice", "notice>end"))
    assert codes(plan(many(INSTANCES), *parts)) == [("notice", "AUTOMATIC_DECISION")]
    assert codes(plan(many(TWICE), *parts)) == []


@pytest.mark.parametrize("trigger", [timer("P1D"), message("m")], ids=["timer", "message"])
@pytest.mark.parametrize("interrupting", ["true", "false"])
def test_an_event_sub_process_may_come_before_the_staff(trigger: str, interrupting: str) -> None:
    inside = (notice(), node("endEvent", "inner_end"), flows("late_start>notice", "notice>inner_end"))
    model = plan(
        staff(), event_sub("late", trigger, *inside, interrupting=interrupting), flows("start>staff", "staff>end")
    )
    assert codes(model) == [("notice", "AUTOMATIC_DECISION")]


def test_an_error_that_staff_brought_about_is_caught_after_them() -> None:
    error = '<bpmn:errorEventDefinition errorRef="e"/>'
    inside = (notice(), node("endEvent", "inner_end"), flows("caught_start>notice", "notice>inner_end"))
    after = plan(
        staff(), gateway("ok", default="ok_end"), node("endEvent", "bad", error), event_sub("caught", error, *inside),
        flows("start>staff", "staff>ok", "ok>end", "ok>bad: x = 1"),
    )  # fmt: skip
    assert codes(after) == []
    before = plan(
        staff(), gateway("ok", default="ok_staff"), node("endEvent", "bad", error), event_sub("caught", error, *inside),
        flows("start>ok", "ok>staff", "staff>end", "ok>bad: x = 1"),
    )  # fmt: skip
    assert codes(before) == [("notice", "AUTOMATIC_DECISION")]


def test_a_notice_that_a_called_template_issues() -> None:
    inner = node("startEvent", "s") + notice() + node("endEvent", "e") + flows("s>notice", "notice>e")
    called = {"other": CalledModel(definitions(inner, process="other"))}
    call = node("callActivity", "call", calledElement="other", kb_version="1")
    outer = definitions(START + END + call + flows("start>call", "call>end"))
    model = compile_plan(outer, {}, called)
    letters = {"other:grant": {"kind": "MAIN"}}
    found = check_automatic(manifest(), model, letters.get)
    assert [(error.path, error.code) for error in found] == [("call.notice", "AUTOMATIC_DECISION")]


WITH_EXIT = (
    gateway("special", default="special_staff"), staff(), notice(), notice("other"), node("endEvent", "other_end"),
    flows("start>special", "special>staff", "special>notice: x = 1", "notice>end", "staff>other", "other>other_end"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("regime", "norm", "fits"),
    [
        ("AO", "§ 155 Abs. 4 AO i. V. m. § 15 Abs. 1 Nr. 4 ThürKAG", True),
        ("AO", "§ 155 AO", False),
        ("AO", "§ 35a VwVfG i. V. m. § 6g StVG", False),
        ("SGB_X", "§ 31a SGB X", True),
        ("SGB_X", "§ 155 Abs. 4 AO", False),
        ("ThürVwVfG", "§ 35a ThürVwVfG i. V. m. § 6g StVG", True),
        ("ThürVwVfG", "§ 35a ThürVwVfG", False),
        ("AufenthG", "§ 31a SGB X", False),
        ("BauGB", "irgendeine", False),
    ],
)
def test_the_norm_must_fit_the_regime(regime: str, norm: str, fits: bool) -> None:
    found = codes(plan(*WITH_EXIT), regime=regime, automatic_decision_norm=norm, automatic_decision_exit="special")
    assert found == ([] if fits else [("automatic_decision_norm", "AUTOMATIC_NORM")])


def test_the_exit_must_exist_lead_to_an_official_and_lie_on_every_way() -> None:
    norm = {"regime": "SGB_X", "automatic_decision_norm": "§ 31a SGB X"}
    missing = [("automatic_decision_exit", "AUTOMATIC_EXIT")]
    assert codes(plan(*WITH_EXIT), **norm) == missing
    assert codes(plan(*WITH_EXIT), **norm, automatic_decision_exit="nowhere") == missing
    assert codes(plan(*WITH_EXIT), **norm, automatic_decision_exit="staff") == missing
    around = (
        gateway("before", default="before_special"), gateway("merge"), gateway("special", default="special_staff"),
        staff(), notice(),
        flows(
            "start>before", "before>special", "before>merge: x = 2", "special>staff", "special>merge: x = 1",
            "staff>merge", "merge>notice", "notice>end",
        ),
    )  # fmt: skip
    assert codes(plan(*around), **norm, automatic_decision_exit="special") == [("notice", "AUTOMATIC_EXIT")]
    dead = (
        gateway("special", default="special_citizen"), gateway("merge"), staff("citizen", "citizen"), notice(),
        flows("start>special", "special>citizen", "special>merge: x = 1", "citizen>merge",
              "merge>notice", "notice>end"),
    )  # fmt: skip
    assert codes(plan(*dead), **norm, automatic_decision_exit="special") == [("special", "AUTOMATIC_EXIT")]


def test_the_search_is_quick_on_long_models() -> None:
    names = [f"t{number}" for number in range(1000)]
    parts = "".join(staff(name, "citizen") for name in names)
    arrows = [f"{a}>{b}" for a, b in zip(["start", *names], [*names, "end"], strict=True)]
    assert len(unattended(plan(parts, flows(*arrows)))) == 1002
