"""Small BPMN models as text, for tests."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:kb="urn:kreisbund:bpmn:1" id="definitions">'
)


def definitions(body: str, before: str = "", process: str = "process") -> bytes:
    """A file with one process around the body."""
    text = f'{HEAD}{before}<bpmn:process id="{process}" isExecutable="true">{body}</bpmn:process></bpmn:definitions>'
    return text.encode()


def node(kind: str, identifier: str, inner: str = "", **attributes: str) -> str:
    """One flow node; `kb_role` becomes `kb:role`."""
    written = "".join(f' {name.replace("kb_", "kb:")}="{value}"' for name, value in attributes.items())
    return f'<bpmn:{kind} id="{identifier}"{written}>{inner}</bpmn:{kind}>'


def flows(*arrows: str) -> str:
    """`a>b` or `a>b: condition`; the flow's id is `a_b`."""
    found = []
    for arrow in arrows:
        ends, _colon, condition = arrow.partition(":")
        source, target = ends.split(">")
        escaped = condition.strip().replace("&", "&amp;").replace("<", "&lt;")
        inner = f"<bpmn:conditionExpression>{escaped}</bpmn:conditionExpression>" if condition else ""
        found.append(
            f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
            f"{inner}</bpmn:sequenceFlow>"
        )
    return "".join(found)


def timer(value: str, kind: str = "timeDuration") -> str:
    """A timer's definition."""
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{value}</bpmn:{kind}></bpmn:timerEventDefinition>"


def message(reference: str) -> str:
    """A message's definition."""
    return f'<bpmn:messageEventDefinition messageRef="{reference}"/>'


def straight(*nodes: str) -> bytes:
    """start → each node → end, ids taken from the nodes."""
    names = ["start", *(text.split('id="')[1].split('"')[0] for text in nodes), "end"]
    arrows = [f"{a}>{b}" for a, b in pairwise(names)]
    return definitions(node("startEvent", "start") + "".join(nodes) + node("endEvent", "end") + flows(*arrows))
