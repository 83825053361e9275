"""Publishing: a folder that passes every check becomes an immutable version that counties may adopt."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform import ids
from kreisbund_platform.clock import Clock
from kreisbund_platform.engine.plan import ModelRefused, Plan, compile_plan
from kreisbund_platform.errors import FieldError, Invalid
from kreisbund_platform.templates import calls, queries
from kreisbund_platform.templates.checks import check_content
from kreisbund_platform.templates.limits import check_limits
from kreisbund_platform.templates.manifest import Manifest, ManifestError, read_manifest
from kreisbund_platform.templates.models import ProcessTemplate, TemplateVersion, Topic
from kreisbund_platform.templates.source import TemplateSource
from kreisbund_platform.texts import _

SERVICE_TEAM = "service_team"
MANIFEST_KEYS = frozenset(Manifest.__dataclass_fields__)


def publish(
    connection: Connection[Any], source: TemplateSource, *, clock: Clock, published_by: str = SERVICE_TEAM
) -> TemplateVersion | Invalid:
    """Publishes on a connection of the workspace `catalogue`; content published before answers that version."""
    source = replace(source, called=calls.called_sources(connection, source.bpmn_xml))
    checked = check(source)
    if isinstance(checked, Invalid):
        return checked
    known = queries.version_with(connection, checked.slug, source.content_hash)
    if known:
        return known
    lead = queries.tenant_id(connection, checked.topic.lead_county)
    if lead is None:
        problem = FieldError("topic.lead_county", "COUNTY_UNKNOWN", _("Diesen Landkreis gibt es nicht."))
        return _invalid([problem])
    with connection.transaction():
        return _store(connection, source, checked, lead, clock.now(), published_by)


def check(source: TemplateSource) -> Manifest | Invalid:
    """The manifest of a template that may be published, else all that speaks against it. Needs no database."""
    try:
        manifest = read_manifest(source.manifest)
    except ManifestError as error:
        return _invalid([FieldError(error.key, "MANIFEST", _("Erwartet: {expected}").format(expected=error.expected))])
    if problems := check_limits(source):
        return _invalid(problems)
    plan = _plan(source)
    problems = [plan] if isinstance(plan, FieldError) else check_content(source, manifest, plan)
    return _invalid(problems) if problems else manifest


def _plan(source: TemplateSource) -> Plan | FieldError:
    try:
        return compile_plan(source.bpmn_xml, source.decisions, source.called_models)
    except ModelRefused as refused:
        return FieldError(refused.element_id, "MODEL", refused.reason)


def _invalid(problems: list[FieldError]) -> Invalid:
    return Invalid("TEMPLATE_INVALID", _("Die Prozessvorlage kann so nicht veröffentlicht werden."), tuple(problems))


def _store(
    connection: Connection[Any], source: TemplateSource, manifest: Manifest, lead: UUID, now: datetime, by: str
) -> TemplateVersion:
    topic_id = queries.put_topic(
        connection,
        Topic(
            id=ids.new_id(ids.Kind.TOPIC, now),
            slug=manifest.topic.slug,
            title=manifest.topic.title,
            lead_tenant_id=lead,
        ),
    )
    template_id = queries.put_template(connection, _template(manifest, topic_id, now))
    version = _version(source, manifest, template_id, queries.next_number(connection, template_id), now, by)
    queries.insert_version(connection, version)
    return version


def _template(manifest: Manifest, topic_id: UUID, now: datetime) -> ProcessTemplate:
    return ProcessTemplate(
        id=ids.new_id(ids.Kind.PROCESS_TEMPLATE, now),
        slug=manifest.slug,
        title=manifest.title,
        topic_id=topic_id,
        leika_key=manifest.leika_key,
        summary=manifest.summary,
        created_at=now,
    )


def _version(
    source: TemplateSource, manifest: Manifest, template_id: UUID, number: int, now: datetime, by: str
) -> TemplateVersion:
    return TemplateVersion(
        id=ids.new_id(ids.Kind.TEMPLATE_VERSION, now),
        template_id=template_id,
        number=number,
        content_hash=source.content_hash,
        manifest=dict(source.manifest),
        bpmn_xml=source.bpmn_xml.decode(),
        decisions={name: xml.decode() for name, xml in source.decisions.items()},
        forms=dict(source.forms),
        letters=dict(source.letters),
        cases=list(source.cases),
        start_form=manifest.start_form,
        published_at=now,
        published_by=by,
    )
