"""A county releases versions for itself: by a person, or automatically for classes of change it approved beforehand.

Changes of fees, of the legal basis and of decisions are never released automatically; the approval itself refuses
them, here and by a constraint of the table.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform import ids
from kreisbund_platform.audit import log
from kreisbund_platform.errors import Conflict, FieldError, Invalid, NotFound, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.differences import ChangeClass, Difference, differences
from kreisbund_platform.templates.life_cycle import access, rollout_queries, rows, signatures
from kreisbund_platform.templates.life_cycle.models import ReleaseSetting, TemplateRelease
from kreisbund_platform.templates.models import ProcessTemplate, TemplateAdoption, TemplateVersion
from kreisbund_platform.templates.source import source_of
from kreisbund_platform.templates.variants.rebase_automatic import carried_over
from kreisbund_platform.texts import _

NEVER_AUTOMATIC = frozenset({ChangeClass.FEE, ChangeClass.LEGAL_BASIS, ChangeClass.DECISION})
APPROVABLE = tuple(each.value for each in ChangeClass if each not in NEVER_AUTOMATIC)


def release(work: WorkContext, template_slug: str, number: int, reason: str | None = None) -> UUID | Refusal:
    """Releases a version of any number that is not retired; new applications start on it from now on."""
    template = rows.one(work.connection, ProcessTemplate, slug=template_slug)
    version = rows.one(work.connection, TemplateVersion, template_id=template.id, number=number) if template else None
    if template is None or version is None:
        return _unknown()
    return put_in_force(work, version, automatic=False, reason=reason)


def put_in_force(
    work: WorkContext, version: TemplateVersion, *, automatic: bool = False, reason: str | None = None
) -> UUID | Refusal:
    """Verifies a version and makes it the county's, its variant with it; answers the template's id.

    In force already: nothing happens. A variant that needs a person's decision keeps the version from coming.
    """
    if refusal := _not_admitted(work, version) or carried_over(work, version):
        return refusal
    before = _version_in_force(work.connection, version.template_id)
    adoption = TemplateAdoption(
        template_id=version.template_id,
        version_id=version.id,
        adopted_at=work.clock.now(),
        adopted_by=work.principal.subject,
    )
    if queries.put_adoption(work.connection, adoption):
        _record(work, adoption, _classes(before, version), automatic, reason)
    return version.template_id


def _not_admitted(work: WorkContext, version: TemplateVersion) -> Refusal | None:
    if work.tenant.status == "SUSPENDED":
        return Conflict("TENANT_SUSPENDED", _("Der Landkreis ist derzeit ausgesetzt."))
    if queries.is_retired(work.connection, version.id):
        return Conflict("VERSION_RETIRED", _("Diese Fassung ist außer Kraft gesetzt."))
    problems = admission_problems(work.connection, work.settings, version.id)
    if problems:
        message = _("Die Unterschriften dieser Fassung halten der Prüfung nicht stand: {problem}")
        return Conflict(problems[0].code, message.format(problem=problems[0].message))
    return None


def admission_problems(connection: Connection[Any], settings: Settings, version_id: UUID) -> list[FieldError]:
    """What keeps a county from taking a version over. Unsigned ones pass in the demonstration only, and say so."""
    problems = signatures.verify(connection, settings, version_id)
    return [each for each in problems if not (settings.demo and each.code == "UNSIGNED")]


def _record(
    work: WorkContext, adoption: TemplateAdoption, classes: list[str], automatic: bool, reason: str | None
) -> None:
    now = work.clock.now()
    rollout_queries.put_release(work.connection, TemplateRelease(
        id=ids.new_id(ids.Kind.TEMPLATE_RELEASE, now), template_id=adoption.template_id,
        version_id=adoption.version_id, released_at=now, released_by=work.principal.subject, automatic=automatic,
        change_classes=classes, reason=(reason or "").strip()[: access.LONGEST_TEXT] or None,
    ))  # fmt: skip
    queries.emit_adoption(work.connection, adoption, now)
    log.append(
        work, type="TEMPLATE_ADOPTED", case_id=None, case_version=None,
        body={
            "template_id": str(adoption.template_id), "version_id": str(adoption.version_id),
            "automatic": automatic, "classes": classes,
        },
    )  # fmt: skip


def approve_classes(
    work: WorkContext, template_slug: str, classes: Iterable[str], expected_version: int
) -> UUID | Refusal:
    """Says which classes of change this county lets through for a template; an empty list ends automatic release.

    `expected_version` is 0 where nothing was said yet.
    """
    template = rows.one(work.connection, ProcessTemplate, slug=template_slug)
    if template is None:
        return _unknown()
    wanted = sorted(set(classes))
    before = rows.one(work.connection, ReleaseSetting, lock=True, template_id=template.id)
    version = before.version if before else 0
    if refusal := _class_problem(wanted) or refusals.stale(version, expected_version):
        return refusal
    setting = ReleaseSetting(
        template_id=template.id,
        automatic_classes=wanted,
        version=version + 1,
        changed_at=work.clock.now(),
        changed_by=work.principal.subject,
    )
    rows.replace(work.connection, setting, ["template_id"])
    log.append(
        work, type="RELEASE_CLASSES_APPROVED", case_id=None, case_version=None,
        body={"template_id": str(template.id), "classes": wanted},
    )  # fmt: skip
    return template.id


def _class_problem(classes: list[str]) -> Invalid | None:
    never = [name for name in classes if name in {each.value for each in NEVER_AUTOMATIC}]
    unknown = [name for name in classes if name not in set(APPROVABLE) and name not in never]
    if never:
        text = _("Gebühren, Rechtsgrundlagen und Entscheidungsregeln gibt immer ein Mensch frei.")
        return Invalid("NEVER_AUTOMATIC", text, (FieldError("classes", "NEVER_AUTOMATIC", text),))
    if unknown:
        text = _("Diese Art von Änderung gibt es nicht.")
        return Invalid("UNKNOWN_CLASS", text, (FieldError("classes", "UNKNOWN_CLASS", text),))
    return None


def release_next(work: WorkContext) -> bool:
    """One step of the worker: releases a version that a rollout brought to this county; False when none is left."""
    for version_id, _slug in rollout_queries.open_to(work.connection, work.tenant.id):
        version = queries.version(work.connection, version_id)
        if version is not None and _is_let_through(work, version):
            return isinstance(put_in_force(work, version, automatic=True), UUID)
    return False


def _is_let_through(work: WorkContext, version: TemplateVersion) -> bool:
    """Whether the county approved every class of change against what it has in force. Never an older version."""
    before = _version_in_force(work.connection, version.template_id)
    setting = rows.one(work.connection, ReleaseSetting, template_id=version.template_id)
    if before is None or setting is None or before.number >= version.number or _not_admitted(work, version):
        return False
    classes = set(_classes(before, version))
    return bool(setting.automatic_classes) and classes <= set(setting.automatic_classes) - set(NEVER_AUTOMATIC)


def changes_for(connection: Connection[Any], version: TemplateVersion) -> tuple[Difference, ...]:
    """What differs between a version and the one in force in the connection's county; nothing where there is none."""
    before = _version_in_force(connection, version.template_id)
    if before is None or before.id == version.id:
        return ()
    return differences(source_of(before), source_of(version))


def _classes(before: TemplateVersion | None, version: TemplateVersion) -> list[str]:
    """Classes of change, sorted, LAYOUT among them. A changed transition rule is a change of the legal basis."""
    if before is None:
        return []
    found = differences(source_of(before), source_of(version))
    return sorted({difference.change_class.value for difference in found})


def _version_in_force(connection: Connection[Any], template_id: UUID) -> TemplateVersion | None:
    adoption = rows.one(connection, TemplateAdoption, template_id=template_id)
    return queries.version(connection, adoption.version_id) if adoption and adoption.ended_at is None else None


def _unknown() -> NotFound:
    return NotFound("NOT_FOUND", _("Diese Prozessvorlage gibt es nicht."))
