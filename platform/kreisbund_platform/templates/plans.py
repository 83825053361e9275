"""What a case runs on, ready to run: a version, or a county's variant of one; compiled once per process.

Neither a version nor a variant in force ever changes, so both stay in memory under their ids.
"""

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
from kreisbund_platform.templates.models import TemplateVariant, TemplateVersion
from kreisbund_platform.templates.variants import queries as variants_queries

MOST_LOADED = 200
Key = tuple[UUID, UUID | None]
_loaded: "OrderedDict[Key, LoadedTemplate]" = OrderedDict()
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
    variant_id: UUID | None = None


def plan_of(connection: Connection[Any], version_id: UUID, variant_id: UUID | None = None) -> LoadedTemplate:
    """The version with the county's variant applied, from memory where it was used lately.

    `connection` is the county's own where there is a variant. Raises LookupError where there is none, and for a
    variant that belongs to another version.
    """
    key = (version_id, variant_id)
    with _lock:
        if key in _loaded:
            _loaded.move_to_end(key)
            return _loaded[key]
    version = queries.version(connection, version_id)
    if version is None:
        raise LookupError("no such template version")
    variant = variants_queries.variant(connection, variant_id) if variant_id else None
    if variant_id and (variant is None or variant.base_version_id != version_id or variant.status == "DRAFT"):
        raise LookupError("no such variant of this version")
    return _remember(key, _load(connection, version, variant))


def plan_for_new(connection: Connection[Any], version_id: UUID) -> LoadedTemplate:
    """What a new application of the connection's county runs on: the version with the variant in force there."""
    return plan_of(connection, version_id, variants_queries.in_force(connection, version_id))


def _load(connection: Connection[Any], version: TemplateVersion, variant: TemplateVariant | None) -> LoadedTemplate:
    content = variant or version
    manifest = read_manifest(content.manifest)
    decisions = {name: xml.encode() for name, xml in content.decisions.items()}
    called = calls.called_sources(connection, content.bpmn_xml.encode())
    models = {slug: source.model for slug, source in called.items()}
    return LoadedTemplate(
        template_id=version.template_id,
        version_id=version.id,
        number=version.number,
        slug=manifest.slug,
        title=manifest.title,
        plan=compile_plan(content.bpmn_xml.encode(), decisions, models),
        manifest=manifest,
        forms=calls.forms_with(content.forms, called),
        letters=calls.letters_with(content.letters, called),
        variant_id=variant.id if variant else None,
    )


def _remember(key: Key, template: LoadedTemplate) -> LoadedTemplate:
    with _lock:
        _loaded[key] = template
        if len(_loaded) > MOST_LOADED:
            _loaded.popitem(last=False)
    return template


def cases_of(connection: Connection[Any], version_id: UUID) -> list[dict[str, Any]]:
    """The test cases that came with a version, as its folder holds them."""
    version = queries.version(connection, version_id)
    return list(version.cases) if version else []
