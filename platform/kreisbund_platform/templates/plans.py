"""Published versions, ready to run: compiled once per process, since a version never changes."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.engine.plan import Plan, compile_plan
from kreisbund_platform.templates import calls, queries
from kreisbund_platform.templates.manifest import Manifest, read_manifest
from kreisbund_platform.templates.models import TemplateVersion

MOST_LOADED = 200
_loaded: "OrderedDict[UUID, LoadedTemplate]" = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class LoadedTemplate:
    """A version and its parts. `forms` and `letters` by id; nobody changes what is in them."""

    template_id: UUID
    version_id: UUID
    number: int
    slug: str
    title: str
    plan: Plan
    manifest: Manifest
    forms: Mapping[str, Mapping[str, Any]]
    letters: Mapping[str, Mapping[str, Any]]


def plan_of(connection: Connection[Any], version_id: UUID) -> LoadedTemplate:
    """The version, from memory where it was used lately. Raises LookupError where there is none."""
    with _lock:
        if version_id in _loaded:
            _loaded.move_to_end(version_id)
            return _loaded[version_id]
    version = queries.version(connection, version_id)
    if version is None:
        raise LookupError("no such template version")
    return _remember(_load(connection, version))


def _load(connection: Connection[Any], version: TemplateVersion) -> LoadedTemplate:
    manifest = read_manifest(version.manifest)
    decisions = {name: xml.encode() for name, xml in version.decisions.items()}
    called = calls.called_sources(connection, version.bpmn_xml.encode())
    models = {slug: source.model for slug, source in called.items()}
    return LoadedTemplate(
        template_id=version.template_id,
        version_id=version.id,
        number=version.number,
        slug=manifest.slug,
        title=manifest.title,
        plan=compile_plan(version.bpmn_xml.encode(), decisions, models),
        manifest=manifest,
        forms=calls.forms_with(version.forms, called),
        letters=calls.letters_with(version.letters, called),
    )


def _remember(template: LoadedTemplate) -> LoadedTemplate:
    with _lock:
        _loaded[template.version_id] = template
        if len(_loaded) > MOST_LOADED:
            _loaded.popitem(last=False)
    return template


def cases_of(connection: Connection[Any], version_id: UUID) -> list[dict[str, Any]]:
    """The test cases that came with a version, as its folder holds them."""
    version = queries.version(connection, version_id)
    return list(version.cases) if version else []
