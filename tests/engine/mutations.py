"""A new version of a model: tasks and branches come and go, gateways change their kind."""

from random import Random

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
KINDS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")


class Version:
    def __init__(self, xml: bytes, random: Random) -> None:
        self.root, self.random, self.count = etree.fromstring(xml), random, 0

    def xml(self) -> bytes:
        for _change in range(self.random.randint(1, 2)):
            self.random.choice((self.insert, self.branch, self.branch, self.remove, self.change))()
        return etree.tostring(self.root)

    def _all(self, *kinds):
        return [element for element in self.root.iter() if element.tag in {BPMN + kind for kind in kinds}]

    def _by_id(self, name):
        return next((element for element in self.root.iter() if element.get("id") == name), None)

    def _add(self, parent, kind, **attributes):
        self.count += 1
        return etree.SubElement(parent, BPMN + kind, {"id": f"new{self.count}", **attributes})

    def insert(self):
        flow = self.random.choice(self._all("sequenceFlow"))
        task = self._add(flow.getparent(), "userTask")
        self._add(flow.getparent(), "sequenceFlow", sourceRef=task.get("id"), targetRef=flow.get("targetRef"))
        flow.set("targetRef", task.get("id"))

    def _pairs(self):
        for split in self._all(*KINDS):
            name = split.get("id")
            join = self._by_id(f"join{int(name[5:]) + 1}") if name.startswith("split") else None
            if join is not None:
                yield split, join

    def branch(self):
        pairs = list(self._pairs())
        if not pairs:
            return
        split, join = self.random.choice(pairs)
        task = self._add(split.getparent(), "userTask")
        self._add(split.getparent(), "sequenceFlow", sourceRef=split.get("id"), targetRef=task.get("id"))
        self._add(split.getparent(), "sequenceFlow", sourceRef=task.get("id"), targetRef=join.get("id"))

    def remove(self):
        hosts = {event.get("attachedToRef") for event in self._all("boundaryEvent")}
        tasks = [task for task in self._all("userTask") if task.get("id") not in hosts]
        task = self.random.choice(tasks) if tasks else None
        after = [f for f in self._all("sequenceFlow") if task is not None and f.get("sourceRef") == task.get("id")]
        if task is None or len(after) != 1:
            return
        for flow in self._all("sequenceFlow"):
            if flow.get("targetRef") == task.get("id"):
                flow.set("targetRef", after[0].get("targetRef"))
        task.getparent().remove(task)
        after[0].getparent().remove(after[0])

    def change(self):
        pairs = list(self._pairs())
        if pairs:
            split, join = self.random.choice(pairs)
            kind = self.random.choice(KINDS)
            for gateway in (split, join):
                gateway.tag = BPMN + kind
            if kind == "parallelGateway":
                split.attrib.pop("default", None)
