"""The one port for intake. Portal, counter, post and messages differ in channel and dates, not in rules."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from kreisbund_platform import ids, telemetry
from kreisbund_platform.cases import access, deadlines, form_data, parties, queries, recording, steps
from kreisbund_platform.cases.holding import Held
from kreisbund_platform.cases.models import Application, CaseRecord, Party
from kreisbund_platform.cases.rows import HeldCase
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.engine.advance import EngineFault, Start, initial_state
from kreisbund_platform.engine.plan import Element
from kreisbund_platform.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Refusal
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates import transitions
from kreisbund_platform.templates.plans import LoadedTemplate, plan_for_new
from kreisbund_platform.tenancy.calendar import WorkingCalendar
from kreisbund_platform.texts import _

STAFF_CHANNELS = frozenset({"LETTER", "COUNTER", "MAIL", "TELEPHONE"})
ASSURANCE = ("none", "basic", "substantial", "high")


@dataclass(frozen=True)
class SubmitApplication:
    """What comes in. `received_on` and `on_behalf_of` are for staff entering paper or a telephone call."""

    template: str
    data: Any
    template_version: str | None = None
    channel: str | None = None
    received_on: date | None = None
    on_behalf_of: dict[str, Any] | None = None

    @property
    def came_by(self) -> str:
        """The channel: the portal where none is named."""
        return self.channel or "PORTAL"


@dataclass(frozen=True)
class Submitted:
    """What it became. `status_secret` is told to a guest once and stored as a hash."""

    application_id: UUID
    case_id: UUID
    status_secret: str | None = None


def submit(work: WorkContext, order: SubmitApplication) -> Submitted | Refusal:
    """Opens a case for an application. A template not adopted is NotFound before anything else is looked at."""
    received_on = order.received_on or _today(work)
    version_id = transitions.version_for_received(work, order.template, received_on)
    if version_id is None:
        return NotFound("NOT_FOUND", _("Diese Leistung wird hier nicht angeboten."))
    template = plan_for_new(work.connection, version_id)
    refusal = access.suspended(work) or _who_refusal(work, template) or _how_refusal(work, order, version_id)
    if refusal:
        return refusal
    checked = form_data.check(work, template.forms[template.manifest.start_form], order.data, known={})
    if not isinstance(checked, form_data.Checked):
        return checked
    return _open(work, order, template, checked)


def _who_refusal(work: WorkContext, template: LoadedTemplate) -> Forbidden | None:
    principal = work.principal
    if principal.roles & access.WORKING_ROLES:
        return None
    if principal.is_guest:
        allowed = template.manifest.guests
        return None if allowed else Forbidden("LOGIN_REQUIRED", _("Bitte melden Sie sich für diesen Antrag an."))
    if Role.CITIZEN not in principal.roles:
        return Forbidden("ROLE_MISSING", _("Dazu fehlt Ihnen die Berechtigung."))
    required, has = template.manifest.assurance_level, principal.assurance_level or "none"
    if ASSURANCE.index(has) < ASSURANCE.index(required):
        message = _("Für diesen Antrag brauchen Sie eine Anmeldung mit höherem Vertrauensniveau.")
        return Forbidden("ASSURANCE_TOO_LOW", message)
    return None


def _how_refusal(work: WorkContext, order: SubmitApplication, version_id: UUID) -> Refusal | None:
    if order.template_version is not None and order.template_version != str(version_id):
        return Conflict("STALE_TEMPLATE_VERSION", _("Das Formular gilt inzwischen in einer neuen Fassung."))
    if not work.principal.roles & access.WORKING_ROLES:
        if order.channel not in (None, "PORTAL") or order.received_on or order.on_behalf_of:
            return Forbidden("STAFF_ONLY", _("Eingangsweg und Eingangstag trägt nur der Landkreis ein."))
        return None
    errors = tuple(_paper_errors(work, order))
    return Invalid("INVALID_INTAKE", _("Bitte prüfen Sie die Angaben zum Eingang."), errors) if errors else None


def _paper_errors(work: WorkContext, order: SubmitApplication) -> list[FieldError]:
    errors = []
    if order.channel not in STAFF_CHANNELS:
        errors.append(FieldError("channel", "CHANNEL", _("Bitte geben Sie den Eingangsweg an.")))
    if order.received_on and order.received_on > _today(work):
        errors.append(FieldError("receivedOn", "IN_FUTURE", _("Der Eingangstag liegt in der Zukunft.")))
    if order.received_on and order.received_on.year < _today(work).year - 2:
        errors.append(FieldError("receivedOn", "TOO_OLD", _("Der Eingangstag liegt zu weit zurück.")))
    on_behalf_of = order.on_behalf_of or {}
    if set(on_behalf_of) - {"name"} or not isinstance(on_behalf_of.get("name", ""), str):
        errors.append(FieldError("onBehalfOf", "UNKNOWN_FIELD", _("Erlaubt ist nur „name“.")))
    elif on_behalf_of and access.text_problem("onBehalfOf.name", on_behalf_of.get("name", ""), longest=200):
        errors.append(FieldError("onBehalfOf.name", "REQUIRED", _("Bitte geben Sie einen Namen an.")))
    return errors


def open_by_message(work: WorkContext, name: str, data: dict[str, Any]) -> UUID | Refusal | None:
    """Opens a case ex officio where a template offered today begins with this message; None where none does.

    The start event's `kb:form` says which data the message brings; without one it brings none. Nothing is opened
    where several templates begin with it.
    """
    begun = list(_begun_by(work, name))
    if len(begun) != 1:
        message = _("Mit dieser Nachricht beginnen mehrere Leistungen.")
        return Conflict("AMBIGUOUS_MESSAGE", message) if begun else None
    template, start = begun[0]
    schema = template.forms.get(start.attributes.get("form", ""), {"type": "default", "components": []})
    checked = form_data.check(work, schema, data, known={})
    if not isinstance(checked, form_data.Checked):
        return checked
    held = _begin(work, SubmitApplication(template.slug, data, channel="EX_OFFICIO"), template, schema, checked)
    if not isinstance(held, Held):
        return held
    settled = _start(work, held, start.element_id)
    if not isinstance(settled, steps.Settled):
        return settled
    recording.record(work, held, settled, type="MESSAGE_RECEIVED", body={"element": start.element_id})
    return held.case.id


def _begun_by(work: WorkContext, name: str) -> Iterator[tuple[LoadedTemplate, Element]]:
    for version_id in transitions.versions_offered(work, _today(work)):
        template = plan_for_new(work.connection, version_id)
        plan = template.plan
        for start in (plan.elements[element] for element in plan.containers[plan.process_id].starts):
            if start.event and (start.event.type, start.event.name) == ("message", name):
                yield template, start


def _open(
    work: WorkContext, order: SubmitApplication, template: LoadedTemplate, checked: form_data.Checked
) -> Submitted | Refusal:
    held = _begin(work, order, template, template.forms[template.manifest.start_form], checked)
    if not isinstance(held, Held):
        return held
    case = held.case
    secret = secrets.token_urlsafe(12) if work.principal.is_guest else None
    application = _application(work, held, secret)
    queries.insert_application(work.connection, application)
    settled = _start(work, held, None)
    if not isinstance(settled, steps.Settled):
        return settled
    payload = {"month": case.received_on.replace(day=1).isoformat(), "online": order.came_by == "PORTAL"}
    line = {"topic": "application", "payload": payload}
    body = {"channel": order.came_by}
    recording.record(work, held, settled, type="APPLICATION_RECEIVED", body=body, outbox=[line])
    return Submitted(application.id, case.id, secret)


def _begin(
    work: WorkContext,
    order: SubmitApplication,
    template: LoadedTemplate,
    schema: Mapping[str, Any],
    checked: form_data.Checked,
) -> Held | Refusal:
    """A new case with its parties and its uploads, held but not started."""
    case = _new_case(work, order, template)
    people = _people(work, order, case, schema, checked.data)
    calendar = _describe(work, case, people, checked.data)
    queries.insert_case(work.connection, case)
    queries.insert_parties(work.connection, people)
    if refusal := form_data.claim_uploads(work, checked, case.id):
        return refusal
    return Held(work.connection, HeldCase.of(case), [], _own_subject(work, case), calendar)


def _start(work: WorkContext, held: Held, start_event: str | None) -> steps.Settled | Refusal:
    try:
        return steps.settle(work, held, Start(held.case.data or {}, start_event))
    except EngineFault as fault:
        telemetry.log("intake_fault", problem=fault, template=held.template.slug)
        return Conflict("PROCESS_FAULT", _("Der Antrag kann so nicht angenommen werden."))


def _new_case(work: WorkContext, order: SubmitApplication, template: LoadedTemplate) -> CaseRecord:
    now = work.clock.now()
    received_on = order.received_on or _today(work)
    return CaseRecord(
        id=ids.new_id(ids.Kind.CASE_RECORD, now),
        case_number=case_number(work),
        status="SUBMITTED",
        version=0,
        channel=order.came_by,
        template_id=template.template_id,
        template_version_id=template.version_id,
        variant_id=template.variant_id,
        unit_id=queries.unit_for(work.connection, work.tenant.id, template.slug),
        state=initial_state(),
        received_at=now if received_on == _today(work) else _noon(received_on),
        received_on=received_on,
        opened_at=now,
    )


def case_number(work: WorkContext) -> str:
    """The next one, `NDH-2026-000042`: the county's code, the year in Berlin, the running number."""
    year = _today(work).year
    code = work.tenant.profile.get("code") or work.tenant.slug[:3].upper()
    return f"{code}-{year}-{queries.next_case_number(work.connection, year):06d}"


def _people(
    work: WorkContext, order: SubmitApplication, case: CaseRecord, schema: Mapping[str, Any], data: dict[str, Any]
) -> list[Party]:
    subject = work.principal.subject if Role.CITIZEN in work.principal.roles else None
    people = parties.from_form(work, case.id, schema, data, None if order.channel in STAFF_CHANNELS else subject)
    if order.on_behalf_of and not people[0].name:
        people[0].name = order.on_behalf_of["name"]
    return people


def _describe(work: WorkContext, case: CaseRecord, people: list[Party], data: dict[str, Any]) -> WorkingCalendar:
    """Says on the case whom it concerns and where; answers the calendar that counts there."""
    applicant = people[0]
    case.applicant_name = applicant.name
    case.municipality_key, calendar = deadlines.municipality(work, (applicant.address or {}).get("town"))
    facts = {"received_on": case.received_on.isoformat(), "channel": case.channel, "case_number": case.case_number}
    case.data = {**data, "case": facts}
    return calendar


def _application(work: WorkContext, held: Held, secret: str | None) -> Application:
    return Application(
        id=ids.new_id(ids.Kind.APPLICATION, work.clock.now()),
        case_id=held.case.id,
        version=1,
        submitted_at=work.clock.now(),
        applicant_subject=held.applicant_subject,
        status_secret_hash=hashlib.sha256(secret.encode()).digest() if secret else None,
    )


def _own_subject(work: WorkContext, case: CaseRecord) -> str | None:
    own = Role.CITIZEN in work.principal.roles and case.channel == "PORTAL"
    return work.principal.subject if own else None


def _today(work: WorkContext) -> date:
    return work.clock.now().astimezone(BERLIN).date()


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BERLIN)
