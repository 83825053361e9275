"""The published templates that a template's call activities name, fetched in the versions that they pin."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from psycopg import Connection

from kreisbund_platform.engine.bpmn import Behaviour, read_process
from kreisbund_platform.engine.plan import ModelRefused
from kreisbund_platform.templates import queries
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import TemplateSource

MOST_LEVELS = 20
Parts = Mapping[str, Mapping[str, Any]]


def called_sources(connection: Connection[Any], bpmn_xml: bytes, level: int = 0) -> dict[str, TemplateSource]:
    """By slug, each with those that it calls itself. What cannot be found is left out: compiling refuses the call."""
    found: dict[str, TemplateSource] = {}
    for slug, number in _calls(bpmn_xml) if level < MOST_LEVELS else ():
        version = queries.version_numbered(connection, slug, number)
        if version is not None:
            found[slug] = _source(version, called_sources(connection, version.bpmn_xml.encode(), level + 1))
    return found


def _calls(bpmn_xml: bytes) -> Iterator[tuple[str, int]]:
    try:
        nodes = read_process(bpmn_xml).nodes
    except ModelRefused:
        return
    for node in nodes:
        number = node.attributes.get("version", "")
        if node.behaviour is Behaviour.CALL and node.called and number.isdecimal() and len(number) < 10:
            yield node.called, int(number)


def _source(version: TemplateVersion, called: Mapping[str, TemplateSource]) -> TemplateSource:
    decisions = {name: xml.encode() for name, xml in version.decisions.items()}
    return TemplateSource(
        version.manifest, version.bpmn_xml.encode(), decisions, version.forms, version.letters, version.cases, called
    )


def forms_with(own: Parts, called: Mapping[str, TemplateSource]) -> Parts:
    """The forms of a template and of those it calls, by their ids in its plan."""
    return MappingProxyType({**own, **_prefixed({s: forms_with(t.forms, t.called) for s, t in called.items()})})


def letters_with(own: Parts, called: Mapping[str, TemplateSource]) -> Parts:
    """The letters of a template and of those it calls, by their ids in its plan."""
    return MappingProxyType({**own, **_prefixed({s: letters_with(t.letters, t.called) for s, t in called.items()})})


def _prefixed(parts: Mapping[str, Parts]) -> dict[str, Mapping[str, Any]]:
    return {f"{slug}:{name}": part for slug, found in parts.items() for name, part in found.items()}
