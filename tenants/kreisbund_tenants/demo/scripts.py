"""What happens in a demonstration case: one of the template's own test cases, with other people's names."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kreisbund_platform.documents import uploads
from kreisbund_platform.documents.scanning.clamd import scanner_of
from kreisbund_platform.documents.scanning.scanner import AtOnce
from kreisbund_platform.engine.forms import fields_of
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.templates.plans import LoadedTemplate
from kreisbund_platform.templates.variants.fragments import PREFIX
from kreisbund_tenants.demo.people import FAMILY_NAMES, GIVEN_NAMES
from kreisbund_tenants.demo.picture import portrait


@dataclass(frozen=True)
class Script:
    """A test case of a template's folder: what the application changes in the form's example, and the steps."""

    template: LoadedTemplate
    name: str
    start: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...]
    outcome: str | None

    @property
    def is_quick(self) -> bool:
        """Whether it comes to a notice without waiting for a timer."""
        before = [step for step in self.steps if "timer" in step]
        return self.outcome is not None and all(step is self.steps[-1] for step in before)

    @property
    def needs_applicant(self) -> bool:
        """Whether the applicant completes a task in it, which nobody does for a letter."""
        roles = {name: element.attributes.get("role") for name, element in self.template.plan.elements.items()}
        return any(roles.get(step.get("complete", "")) == "citizen" for step in self.steps)

    @property
    def tasks_before_applicant(self) -> int:
        """How many tasks staff complete before the applicant is asked for something; 0 where nobody asks."""
        for done, step in enumerate(self.steps):
            element = self.template.plan.elements.get(step.get("complete", ""))
            if element is None or element.attributes.get("role") == "citizen":
                return done if element else 0
        return 0


def scripts_of(template: LoadedTemplate, cases: list[dict[str, Any]]) -> list[Script]:
    """The test cases of a template as scripts."""
    return [
        Script(template, case["name"], case["start"], tuple(case["steps"]), case["expect"].get("outcome"))
        for case in cases
    ]


@dataclass
class Playing:
    """A script while a case follows it."""

    script: Script
    given_name: str
    family_name: str
    town: str
    steps: list[Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = list(self.script.steps)

    def start_data(self, work: WorkContext) -> dict[str, Any]:
        """The application: the form's example, the script's changes, this person's name, real uploads."""
        template = self.script.template
        schema = template.forms[template.manifest.start_form]
        data = {**schema["example"], **self.script.start}
        data = {key: value for key, value in data.items() if value is not None}
        for component in fields_of(schema["components"]):
            self._personalise(data, component)
            _upload(work, data, component)
        return data

    def _personalise(self, data: dict[str, Any], component: Mapping[str, Any]) -> None:
        values = {
            "applicant.given_name": self.given_name,
            "applicant.family_name": self.family_name,
            "beneficiary.family_name": self.family_name,
            "applicant.town": self.town,
        }
        key, role = component.get("key", ""), component.get("properties", {}).get("role")
        if key in data and role in values:
            data[key] = values[role]

    def answers(self, element_id: str) -> bool:
        """Whether somebody completes this task now; not where the script lets its period run out, or is over."""
        if _is_local(element_id):
            return True
        return bool(self.steps) and "complete" in self.steps[0] and self._next(element_id) is not None

    def task_data(self, work: WorkContext, element_id: str, form_id: str | None) -> dict[str, Any]:
        """The data of the script's next step at this task, which is then done."""
        if _is_local(element_id):
            return dict(self.script.template.forms[form_id or ""]["example"])
        step = self._next(element_id)
        if step is None:
            raise LookupError(f"script has no step at {element_id}")
        self.steps.remove(step)
        data = dict(step.get("data", {}))
        schema = self.script.template.forms.get(form_id or "", {"components": []})
        for component in fields_of(schema["components"]):
            _upload(work, data, component)
        return data

    def pass_timers(self) -> None:
        """A timer fired: the script's next step is what comes after it."""
        while self.steps and "timer" in self.steps[0]:
            self.steps.pop(0)

    def _next(self, element_id: str) -> Mapping[str, Any] | None:
        """The step at this task, looking ahead over parallel tasks but not over a timer."""
        for step in self.steps:
            if "timer" in step:
                return None
            if step.get("complete") == element_id:
                return step
        return None


def _is_local(element_id: str) -> bool:
    """Whether the county inserted the step: no script of the base knows it, its form's example answers it."""
    return element_id.startswith(PREFIX)


def _upload(work: WorkContext, data: dict[str, Any], component: Mapping[str, Any]) -> None:
    key = component.get("key", "")
    if component.get("type") != "filepicker" or key not in data:
        return
    content = portrait(f"{key}{work.clock.now().isoformat()}")
    examined = uploads.examine(work.settings, AtOnce(scanner_of(work.settings)), content)
    received = uploads.receive(work, "anlage.png", examined) if isinstance(examined, uploads.Examined) else examined
    if not isinstance(received, uploads.UploadReceived):
        raise TypeError(f"demo upload refused: {received}")
    data[key] = [str(received.id)] if component.get("multiple") else str(received.id)


def names(source: random.Random) -> Iterator[tuple[str, str]]:
    """Plausible names without end."""
    while True:
        yield source.choice(GIVEN_NAMES), source.choice(FAMILY_NAMES)
