"""What a template must keep to be published; each check yields problems with the id of the element they stand at."""

from collections.abc import Iterator

from kreisbund_platform.engine import forms, soundness
from kreisbund_platform.engine.bpmn_model import NESTING, Behaviour
from kreisbund_platform.engine.dmn_model import Decision, Table
from kreisbund_platform.engine.durations import parse_duration
from kreisbund_platform.engine.letters import check_letter
from kreisbund_platform.engine.plan import Element, Plan
from kreisbund_platform.errors import FieldError
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.cases import run_cases
from kreisbund_platform.templates.manifest import Manifest
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.texts import _

OPERATIONS = ("notice", "letter", "message", "send")  # the last one needs no letter, but a message's name


def check_content(source: TemplateSource, manifest: Manifest, plan: Plan) -> list[FieldError]:
    """All problems of a template whose manifest could be read and whose model could be compiled."""
    problems = [
        *_forms(source, manifest),
        *_letters(source, plan),
        *_elements(source, plan),
        *_variable_points(manifest, plan),
        *_soundness(plan),
        *_human_decision(manifest, plan),
    ]
    return problems or list(_cases(source))


def _forms(source: TemplateSource, manifest: Manifest) -> Iterator[FieldError]:
    if manifest.start_form not in source.forms:
        yield FieldError("start_form", "FORM_MISSING", _("Dieses Formular gibt es nicht."))
    for form_id, form in source.forms.items():
        if form.get("id") != form_id:
            yield FieldError(form_id, "FORM_ID", _("Die Kennung des Formulars ist nicht die seiner Datei."))
        for problem in forms.check_schema(form):
            yield FieldError(f"{form_id}.{problem.path}", problem.code, problem.message)


def _letters(source: TemplateSource, plan: Plan) -> Iterator[FieldError]:
    known = _variables(source, plan)
    for letter_id, letter in source.letters.items():
        for problem in check_letter(letter, known):
            yield FieldError(f"{letter_id}.{problem.path}", problem.code, problem.message)


def _variables(source: TemplateSource, plan: Plan) -> frozenset[str]:
    """All variables a case can have: fields of forms, outputs of decisions."""
    names = {
        forms.name_of(field)
        for form in source.forms.values()
        if isinstance(form.get("components"), list)
        for field in forms.fields_of(form["components"])
    }
    for decision in _decisions(plan):
        outputs = decision.logic.outputs if isinstance(decision.logic, Table) else ()
        names |= {decision.name, *(output.name for output in outputs if output.name)}
    return frozenset(names)


def _decisions(plan: Plan) -> Iterator[Decision]:
    for decisions in (plan.decisions, *plan.called_decisions.values()):
        yield from decisions.by_id.values()


def _elements(source: TemplateSource, plan: Plan) -> Iterator[FieldError]:
    for element in plan.elements.values():
        if element.kind == "userTask":
            yield from _task(source, element)
        elif element.behaviour is Behaviour.JOB:
            yield from _job(source, element)
        for name in ("due", "nextStepBy"):
            if not _is_duration(element.attributes.get(name, "P1D")):
                yield FieldError(element.element_id, "DURATION", _("Diese Dauer ist nicht lesbar."))


def _task(source: TemplateSource, element: Element) -> Iterator[FieldError]:
    if element.attributes.get("role") not in [role.value for role in Role]:
        yield FieldError(element.element_id, "ROLE_UNKNOWN", _("Diese Rolle gibt es nicht."))
    if source.form(element.attributes.get("form", "")) is None:
        yield FieldError(element.element_id, "FORM_MISSING", _("Dieses Formular gibt es nicht."))


def _job(source: TemplateSource, element: Element) -> Iterator[FieldError]:
    if element.attributes.get("operation") not in OPERATIONS:
        yield FieldError(element.element_id, "OPERATION_UNKNOWN", _("Was hier geschehen soll, ist nicht bekannt."))
    letter = source.letter(element.attributes.get("letter", ""))
    if element.attributes.get("operation") == "send":
        if not (element.attributes.get("message") or (element.event and element.event.name)):
            yield FieldError(element.element_id, "MESSAGE_MISSING", _("Der Name der Nachricht fehlt."))
    elif letter is None:
        yield FieldError(element.element_id, "LETTER_MISSING", _("Dieses Schreiben gibt es nicht."))
    elif element.attributes.get("operation") == "notice" and letter.get("kind") == "LETTER":
        yield FieldError(element.element_id, "LETTER_KIND", _("Ein Bescheid braucht ein Schreiben mit Regelung."))


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


def _variable_points(manifest: Manifest, plan: Plan) -> Iterator[FieldError]:
    for point in manifest.variable_points:
        if point.element not in plan.elements and point.element not in plan.decisions.by_id:
            yield FieldError(point.element, "ELEMENT_MISSING", _("Dieses Element gibt es nicht."))


def _soundness(plan: Plan) -> Iterator[FieldError]:
    verdict = soundness.check(plan)
    if verdict.result != "sound":
        reason = verdict.reason or _("Es ließ sich nicht zeigen, dass jeder Vorgang enden kann.")
        yield FieldError(verdict.element_id or plan.process_id, verdict.result.upper(), reason)


def _human_decision(manifest: Manifest, plan: Plan) -> Iterator[FieldError]:
    """§ 35a VwVfG: a notice that no official has seen needs a norm that permits it."""
    if manifest.automatic_decision_norm:
        return
    for element_id in sorted(_reached_without_staff(plan)):
        if plan.elements[element_id].attributes.get("operation") == "notice":
            message = _("Ein Weg führt ohne Entscheidung eines Menschen hierher; dafür fehlt die Norm.")
            yield FieldError(element_id, "AUTOMATIC_DECISION", message)


def _reached_without_staff(plan: Plan) -> set[str]:
    found: set[str] = set()
    pending = _entered(plan, plan.process_id)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _onward(plan, plan.elements[name])
    return found


def _entered(plan: Plan, container_id: str) -> list[str]:
    container = plan.containers[container_id]
    return [*container.starts, *container.event_sub_processes]


def _onward(plan: Plan, element: Element) -> list[str]:
    """Where a token goes on without staff: past a staff task only by its border, or with no instance at all."""
    past = [*element.boundaries, *(_beyond(plan, element) if element.multi else ())]
    if element.kind == "userTask" and element.attributes.get("role") != Role.CITIZEN:
        return past
    if element.behaviour in NESTING:
        return [*past, *_entered(plan, element.element_id)]
    return [*past, *_beyond(plan, element)]


def _beyond(plan: Plan, element: Element) -> list[str]:
    return [flow.target for flow in element.outgoing] or _after(plan, element.container)


def _after(plan: Plan, container_id: str) -> list[str]:
    """Where a token goes when a sub-process ends; an event sub-process ends what it lies in."""
    element = plan.elements.get(container_id)
    return _beyond(plan, element) if element else []


def _cases(source: TemplateSource) -> Iterator[FieldError]:
    if not source.cases:
        yield FieldError("cases", "CASES_MISSING", _("Die Vorlage braucht eigene Testfälle."))
    for result in run_cases(source):
        if result.problem is not None:
            message = _("Der Testfall „{name}“ läuft anders: {problem}")
            yield FieldError("cases", "CASE_FAILED", message.format(name=result.name, problem=result.problem))
