"""Templates for tests of what a case may wait for: a start form with a number and a list, tasks with one answer."""

from kreisbund_platform.templates.source import TemplateSource
from tests.engine.models import definitions, flows, node

FIELD = {"properties": {"retention": "case"}}
START = {
    "id": "application",
    "type": "default",
    "components": [
        {"type": "group", "id": "step", "label": "Angaben", "components": [
            {"type": "textfield", "key": "name", "id": "f1", "label": "Name", **FIELD},
            {"type": "number", "key": "amount", "id": "f2", "label": "Betrag", **FIELD},
            {"type": "checklist", "key": "items", "id": "f3", "label": "Stellen", **FIELD,
             "values": [{"value": v, "label": v} for v in ("a", "b", "c")]},
        ]},
    ],
    "example": {"name": "Köhler", "amount": 3, "items": ["a", "b", "c"]},
}  # fmt: skip
TASK = {
    "id": "task",
    "type": "default",
    "components": [
        {"type": "group", "id": "step", "label": "Ergebnis", "components": [
            {"type": "textfield", "key": "answer", "id": "f1", "label": "Ergebnis", **FIELD},
        ]},
    ],
    "example": {"answer": "ja"},
}  # fmt: skip
LETTER = {"id": "word", "title": "Nachricht", "kind": "LETTER", "operative": [{"text": "Es geht weiter."}]}


def template(slug: str, *parts: str, before: str = "", cases: list | None = None) -> TemplateSource:
    """A template whose process is start, the parts as given, end; its own case takes nothing for granted."""
    body = node("startEvent", "start") + "".join(parts) + node("endEvent", "end")
    return TemplateSource(
        manifest={
            "slug": slug, "title": f"Vorlage {slug}", "leika_key": "99000000000001", "summary": "Zum Testen.",
            "legal_basis": ["§ 9 ThürVwVfG"], "regime": "ThürVwVfG", "sphere": "own", "assurance_level": "basic",
            "guests": False, "channels": ["PORTAL"], "start_form": "application",
            "topic": {"slug": "tests", "title": "Tests", "lead_county": "nordhausen"},
        },
        bpmn_xml=definitions(body, before, process=slug.replace("-", "_")),
        decisions={},
        forms={"application": START, "task": TASK},
        letters={"word": LETTER},
        cases=cases or [{"name": "geht los", "start": {}, "steps": [], "expect": {"path": ["start"]}}],
    )  # fmt: skip


def task(name: str, inner: str = "", role: str = "caseworker") -> str:
    return node("userTask", name, inner, name=name, kb_role=role, kb_form="task")


def message(name: str) -> str:
    return f'<bpmn:message id="{name}" name="{name}"/>'


def signal(name: str) -> str:
    return f'<bpmn:signal id="{name}" name="{name}"/>'


ASK_EACH = (
    '<bpmn:multiInstanceLoopCharacteristics kb:collection="items" kb:elementVariable="item" '
    'kb:outputCollection="answers" kb:outputElement="answer"/>'
)
MODELS = {
    "several": template("several", task("ask", ASK_EACH), flows("start>ask", "ask>end")),
    "incident": template(
        "incident",
        node("exclusiveGateway", "split"),
        task("small"),
        task("large"),
        node("exclusiveGateway", "join"),
        flows("start>split", "split>small: amount < 10", "split>large: amount > 10", "small>join", "large>join"),
        flows("join>end"),
    ),
    "receiver": template(
        "receiver",
        node(
            "intermediateCatchEvent", "wait", '<bpmn:messageEventDefinition messageRef="ready"/>',
            kb_correlation="name", kb_nextStep="Wir warten auf Nachricht.",
        ),
        task("after"),
        flows("start>wait", "wait>after", "after>end"),
        before=message("ready"),
    ),
    "reported": template(
        "reported",
        node("startEvent", "report", '<bpmn:messageEventDefinition messageRef="reported"/>', kb_form="application"),
        node("exclusiveGateway", "join"),
        task("look"),
        flows("start>join", "report>join", "join>look", "look>end"),
        before=message("reported"),
    ),
    "sender": template(
        "sender",
        node("serviceTask", "send", kb_operation="send", kb_message="ready", kb_correlation="name"),
        flows("start>send", "send>end"),
    ),
    "listener": template(
        "listener",
        task("work"),
        node("boundaryEvent", "heard", '<bpmn:signalEventDefinition signalRef="storm"/>', attachedToRef="work"),
        task("other"),
        node("exclusiveGateway", "join"),
        flows("start>work", "work>join", "heard>other", "other>join", "join>end"),
        before=signal("storm"),
    ),
    "caller": template(
        "caller",
        node("intermediateThrowEvent", "throw", '<bpmn:signalEventDefinition signalRef="storm"/>'),
        flows("start>throw", "throw>end"),
        before=signal("storm"),
    ),
    "letter": template(
        "letter",
        node("serviceTask", "write", kb_operation="letter", kb_letter="word"),
        task("after"),
        flows("start>write", "write>after", "after>end"),
    ),
}  # fmt: skip
