"""A data-field schema as its file tells it, whatever version of XDatenfelder the file speaks."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Remark:
    """Something the form cannot hold or a person must look at. `path`: where in the file, `kind`: a stable code."""

    path: str
    kind: str
    text: str


@dataclass(frozen=True)
class CodeList:
    """A code list that a field names; `values` (code, wording) only where the file brings them along."""

    id: str
    name: str
    uri: str
    version: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rule:
    """A rule in prose between fields; nobody executes it."""

    id: str
    name: str
    text: str


@dataclass(frozen=True)
class Described:
    """What schema, group and field have in common; `basis` are the lines of Bezug, law and standards mixed."""

    id: str
    version: str
    name: str
    label: str
    hint: str
    basis: tuple[str, ...]


@dataclass(frozen=True)
class DataField:
    """A Datenfeld: `kind` is its Feldart, `type` its Datentyp, `limits` its Präzisierung, `content` its Inhalt."""

    about: Described
    path: str
    kind: str
    type: str
    limits: Mapping[str, str]
    content: str
    code_list: CodeList | None


@dataclass(frozen=True)
class FieldGroup:
    """A Datenfeldgruppe with what it holds, in order."""

    about: Described
    path: str
    parts: tuple["Part", ...]


@dataclass(frozen=True)
class Part:
    """One use of a field or group: from `least` to `most` times (None: no limit), with the law for this use."""

    least: int
    most: int | None
    basis: tuple[str, ...]
    what: DataField | FieldGroup

    @property
    def repeats(self) -> bool:
        """Whether it may be there more than once."""
        return self.most is None or self.most > 1


@dataclass(frozen=True)
class DataFieldSchema:
    """The whole file; `format` is the version of XDatenfelder, `remarks` what reading it brought up."""

    about: Described
    format: str
    parts: tuple[Part, ...]
    rules: tuple[Rule, ...]
    remarks: tuple[Remark, ...]
