"""Random models without structure: gateways anywhere, loops, several ends, boundary events, terminate."""

from random import Random

from tests.engine.models import definitions, flows, message, node

GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")
KINDS = (*GATEWAYS, "exclusiveGateway", "userTask", "userTask", "userTask")


def wild(random: Random, *, most: int = 8, loops: bool = True) -> bytes:
    """A model with one start; arrows mostly lead forward, with loops some back."""
    names = [f"n{i}" for i in range(random.randint(2, most))]
    kinds = {name: random.choice(KINDS) for name in names}
    ends = {f"end{i}": random.random() < 0.15 for i in range(random.randint(1, 3))}
    order = [*names, *ends]
    arrows = {("start", names[0])}
    for position, name in enumerate(order[1:], 1):
        arrows |= {(random.choice(order[: min(position, len(names))]), name) for _ in range(random.randint(1, 2))}
    for position, name in enumerate(names):
        if not any(source == name for source, _ in arrows):
            arrows.add((name, random.choice(order[position + 1 :])))
    if loops and random.random() < 0.4:
        arrows |= {(random.choice(names), random.choice(names)) for _ in range(random.randint(1, 2))}
    return _written(random, kinds, ends, sorted(arrows), order)


def _written(random, kinds, ends, arrows, order):
    parts = [node("startEvent", "start")]
    drawn = []
    for name, kind in kinds.items():
        out = [target for source, target in arrows if source == name]
        choosing = len(out) > 1 and (kind in GATEWAYS or random.random() < 0.2) and kind != "parallelGateway"
        default = {"default": f"{name}_{out[0]}"} if choosing and random.random() < 0.7 else {}
        free = [f": v{name}{target} < {random.randint(2, 8)}" if choosing else "" for target in out]
        if default:
            free[0] = ""
        parts.append(node(kind, name, **default))
        drawn += [f"{name}>{target}{text}" for target, text in zip(out, free, strict=True)]
    for name, terminates in ends.items():
        parts.append(node("endEvent", name, "<bpmn:terminateEventDefinition/>" if terminates else ""))
    before = ""
    for name in [name for name, kind in kinds.items() if kind == "userTask" and random.random() < 0.25]:
        stops = random.choice(("true", "false"))
        before += f'<bpmn:message id="m{name}" name="m{name}"/>'
        parts.append(node("boundaryEvent", f"b{name}", message(f"m{name}"), attachedToRef=name, cancelActivity=stops))
        parts.append(node("userTask", f"s{name}") + node("endEvent", f"e{name}"))
        later = random.choice((f"e{name}", order[-1], random.choice(order)))
        drawn += [f"b{name}>s{name}", f"s{name}>{later}", *((f"s{name}>e{name}",) if later != f"e{name}" else ())][:2]
        if later != f"e{name}":
            parts[-1] = node("userTask", f"s{name}")
    return definitions("".join(parts) + flows("start>" + order[0], *drawn), before)
