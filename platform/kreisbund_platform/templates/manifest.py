"""template.toml as typed data: the law a template rests on and the points where counties may vary it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

REGIMES = ("ThürVwVfG", "SGB_X", "AO", "AufenthG", "BauGB")
SPHERES = ("own", "transferred")
ASSURANCE_LEVELS = ("basic", "substantial", "high")
NORMS = ("federal", "land", "satzung", "practice")
POINT_KINDS = ("deadline", "fee", "role", "text", "optional_step", "insertion", "value")
BINDS = ("authority", "citizen")
UNITS = ("cents", "number", "text")
CHANNELS = ("PORTAL", "LETTER", "COUNTER", "MAIL", "TELEPHONE", "FIT_CONNECT")


class ManifestError(ValueError):
    """An entry that is missing or may not stand there; `key` is dotted."""

    def __init__(self, key: str, expected: str) -> None:
        super().__init__(f"{key}: {expected}")
        self.key = key
        self.expected = expected


@dataclass(frozen=True)
class TopicEntry:
    """The topic a template belongs to and the slug of the county that leads it."""

    slug: str
    title: str
    lead_county: str


@dataclass(frozen=True)
class Fee:
    """A fee or levy in cents, with the norm that sets it."""

    id: str
    amount_cents: int
    norm: str
    citation: str


@dataclass(frozen=True)
class VariablePoint:
    """Something counties may ask to vary; only `satzung` and `practice` vary, deadlines apart (see variants_rules).

    `element` by kind: a BPMN id, a decision, a fee, `form.field` or a letter. `part` says what of it: `timer`, `due`,
    `nextStepBy`, `name`, `nextStep`, `label`, `description` or a paragraph like `operative.0`. `also` names other
    deadlines (`element.part`) that change together with this one. `binds`: whom a deadline binds, the
    county's own authority or anybody else (`citizen`: applicants, neighbours, other bodies). `kind` is None in
    manifests written before there were kinds: such a point is shown and never varies.
    """

    id: str
    element: str
    norm: str
    citation: str
    default: str
    kind: str | None = None
    title: str | None = None
    part: str | None = None
    also: tuple[str, ...] = ()
    binds: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What a template says about itself.

    `automatic_decision_norm` permits notices without a human (§ 35a VwVfG); `automatic_decision_exit` is the gateway
    where cases with individual circumstances leave for an official.
    """

    slug: str
    title: str
    topic: TopicEntry
    leika_key: str
    summary: str
    legal_basis: tuple[str, ...]
    regime: str
    sphere: str
    assurance_level: str
    guests: bool
    channels: tuple[str, ...]
    start_form: str
    fees: tuple[Fee, ...]
    variable_points: tuple[VariablePoint, ...]
    automatic_decision_norm: str | None = None
    automatic_decision_exit: str | None = None


def read_manifest(raw: Mapping[str, Any]) -> Manifest:
    """Reads a manifest; raises ManifestError at the first entry that is wrong. Unknown entries are refused."""
    _only(raw, "", Manifest)
    topic = _table(raw, "topic")
    _only(topic, "topic.", TopicEntry)
    return Manifest(
        slug=_text(raw, "slug"),
        title=_text(raw, "title"),
        topic=TopicEntry(*(_text(topic, name, "topic.") for name in ("slug", "title", "lead_county"))),
        leika_key=_leika_key(raw),
        summary=_text(raw, "summary"),
        legal_basis=_texts(raw, "legal_basis"),
        regime=_one_of(raw, "regime", REGIMES),
        sphere=_one_of(raw, "sphere", SPHERES),
        assurance_level=_one_of(raw, "assurance_level", ASSURANCE_LEVELS),
        guests=_flag(raw, "guests"),
        channels=_channels(raw),
        start_form=_text(raw, "start_form"),
        fees=_entries(raw, "fees", _fee),
        variable_points=_entries(raw, "variable_points", _variable_point),
        automatic_decision_norm=_optional_text(raw, "automatic_decision_norm"),
        automatic_decision_exit=_optional_text(raw, "automatic_decision_exit"),
    )


def _only(raw: Mapping[str, Any], place: str, kind: type) -> None:
    for key in raw:
        if key not in kind.__dataclass_fields__:  # type: ignore[attr-defined]
            raise ManifestError(f"{place}{key}", "unknown entry")


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    if not isinstance(value, Mapping):
        raise ManifestError(key, "a table")
    return value


def _text(raw: Mapping[str, Any], key: str, place: str = "") -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ManifestError(f"{place}{key}", "a text")
    return value.strip()


def _optional_text(raw: Mapping[str, Any], key: str) -> str | None:
    return _text(raw, key) if key in raw else None


def _texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = raw.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise ManifestError(key, "a list of texts")
    return tuple(value)


def _one_of(raw: Mapping[str, Any], key: str, allowed: tuple[str, ...], place: str = "") -> str:
    value = _text(raw, key, place)
    if value not in allowed:
        raise ManifestError(f"{place}{key}", " | ".join(allowed))
    return value


def _flag(raw: Mapping[str, Any], key: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise ManifestError(key, "true or false")
    return value


def _leika_key(raw: Mapping[str, Any]) -> str:
    key = _text(raw, "leika_key")
    if len(key) != 14 or not key.isascii() or not key.isdigit():
        raise ManifestError("leika_key", "14 digits")
    return key


def _channels(raw: Mapping[str, Any]) -> tuple[str, ...]:
    channels = _texts(raw, "channels")
    if any(channel not in CHANNELS for channel in channels):
        raise ManifestError("channels", " | ".join(CHANNELS))
    return channels


def _entries(raw: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any], str], Any]) -> tuple[Any, ...]:
    rows = raw.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ManifestError(key, "a list of tables")
    entries = tuple(read(row, f"{key}.{position}.") for position, row in enumerate(rows))
    if len({entry.id for entry in entries}) != len(entries):
        raise ManifestError(key, "each id once")
    return entries


def _fee(raw: Mapping[str, Any], place: str) -> Fee:
    _only(raw, place, Fee)
    amount = raw.get("amount_cents")
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
        raise ManifestError(f"{place}amount_cents", "whole cents")
    norm = _one_of(raw, "norm", NORMS, place)
    return Fee(_text(raw, "id", place), amount, norm, _text(raw, "citation", place))


def _variable_point(raw: Mapping[str, Any], place: str) -> VariablePoint:
    _only(raw, place, VariablePoint)
    kind = _optional(raw, "kind", POINT_KINDS, place)
    binds = _optional(raw, "binds", BINDS, place)
    if kind == "deadline" and binds is None:
        raise ManifestError(f"{place}binds", " | ".join(BINDS))
    return VariablePoint(
        _text(raw, "id", place),
        _text(raw, "element", place),
        _one_of(raw, "norm", NORMS, place),
        _text(raw, "citation", place),
        _text(raw, "default", place),
        kind,
        _text(raw, "title", place) if "title" in raw else None,
        _text(raw, "part", place) if "part" in raw else None,
        _texts(raw, "also") if "also" in raw else (),
        binds,
        _optional(raw, "unit", UNITS, place),
    )


def _optional(raw: Mapping[str, Any], key: str, allowed: tuple[str, ...], place: str) -> str | None:
    return _one_of(raw, key, allowed, place) if key in raw else None
