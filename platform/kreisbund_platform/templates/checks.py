"""What a template must keep to be published; each check yields problems with the id of the element they stand at."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from kreisbund_platform.engine import forms, soundness
from kreisbund_platform.engine.bpmn.model import Behaviour
from kreisbund_platform.engine.dmn.model import Decision, Table
from kreisbund_platform.engine.durations import parse_duration
from kreisbund_platform.engine.letters import check_letter
from kreisbund_platform.engine.plan import Element, Plan
from kreisbund_platform.errors import FieldError
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.automatic_decisions import check_automatic, is_decision
from kreisbund_platform.templates.cases import run_cases
from kreisbund_platform.templates.manifest import Manifest
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.templates.variants.points import point_problems
from kreisbund_platform.texts import _

OPERATIONS = ("notice", "letter", "message", "send")  # the last one needs no letter, but a message's name


def check_content(source: TemplateSource, manifest: Manifest, plan: Plan) -> list[FieldError]:
    """All problems of a template whose manifest could be read and whose model could be compiled."""
    faulty = {form_id: problems for form_id, form in source.forms.items() if (problems := _form(form_id, form))}
    unreadable = {name for name, found in faulty.items() if not all(_of_example(name, each) for each in found)}
    problems = [
        *_start_form(source, manifest),
        *(problem for found in faulty.values() for problem in found),
        *_letters(source, plan, unreadable),
        *_elements(source, plan),
        *_variable_points(manifest, plan),
        *point_problems(source, manifest),
        *_soundness(plan),
        *check_automatic(manifest, plan, source.letter),
    ]
    return problems or list(_cases(source))


def _start_form(source: TemplateSource, manifest: Manifest) -> Iterator[FieldError]:
    if manifest.start_form not in source.forms:
        yield FieldError("start_form", "FORM_MISSING", _("Dieses Formular gibt es nicht."))


def _form(form_id: str, form: Mapping[str, Any]) -> list[FieldError]:
    problems = [FieldError(f"{form_id}.{found.path}", found.code, found.message) for found in forms.check_schema(form)]
    if form.get("id") != form_id:
        german = _("Die Kennung des Formulars ist nicht die seiner Datei.")
        problems.append(FieldError(form_id, "FORM_ID", german))
    return problems


def _of_example(form_id: str, problem: FieldError) -> bool:
    """Whether the form itself is fine and only its example does not fit it."""
    return problem.path.startswith(f"{form_id}.example")


def _letters(source: TemplateSource, plan: Plan, faulty: Container[str]) -> Iterator[FieldError]:
    known = _variables(source, plan, faulty)
    for letter_id, letter in source.letters.items():
        for problem in check_letter(letter, known):
            yield FieldError(f"{letter_id}.{problem.path}", problem.code, problem.message)


def _variables(source: TemplateSource, plan: Plan, faulty: Container[str]) -> frozenset[str]:
    """All variables a case can have: fields of forms that can be read, outputs of decisions."""
    names = {
        forms.name_of(field)
        for form_id, form in source.forms.items()
        if form_id not in faulty
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
        if element.behaviour is Behaviour.TASK:
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
    elif element.attributes.get("operation") == "letter" and is_decision(element, source.letter):
        yield FieldError(element.element_id, "LETTER_KIND", _("Ein Schreiben mit Regelung wird als Bescheid erlassen."))


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


def _variable_points(manifest: Manifest, plan: Plan) -> Iterator[FieldError]:
    for point in manifest.variable_points:
        if point.kind is None and point.element not in plan.elements and point.element not in plan.decisions.by_id:
            yield FieldError(point.element, "ELEMENT_MISSING", _("Dieses Element gibt es nicht."))


def _soundness(plan: Plan) -> Iterator[FieldError]:
    verdict = soundness.check(plan)
    if verdict.result != "sound":
        reason = verdict.reason or _("Es ließ sich nicht zeigen, dass jeder Vorgang enden kann.")
        passed = [plan.elements[name].name or name for name in verdict.path if name in plan.elements]
        way = _(" Der Weg dorthin: {way}.").format(way=" → ".join(passed)) if passed else ""
        yield FieldError(verdict.element_id or plan.process_id, verdict.result.upper(), reason + way)


def _cases(source: TemplateSource) -> Iterator[FieldError]:
    if not source.cases:
        yield FieldError("cases", "CASES_MISSING", _("Die Vorlage braucht eigene Testfälle."))
    for result in run_cases(source):
        if result.problem is not None:
            message = _("Der Testfall „{name}“ läuft anders: {problem}")
            yield FieldError("cases", "CASE_FAILED", message.format(name=result.name, problem=result.problem))
