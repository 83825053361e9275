"""Expected refusals are values with a code; every service returns its result or one of these.

Codes are stable and meant for programs, messages are German and meant for people.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field. `path` is dotted, list positions included: `children.0.birth_date`."""

    path: str
    code: str
    message: str


@dataclass(frozen=True)
class Invalid:
    """The types accept it, a rule refuses it."""

    code: str
    message: str
    field_errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """Somebody else was faster, or the key was used for something else."""

    code: str
    message: str
    current_version: int | None = None


@dataclass(frozen=True)
class FreshLogin:
    """What a person has to do first: prove again who they are, not longer ago than this, and by two factors or one."""

    max_age_seconds: int
    second_factor: bool


@dataclass(frozen=True)
class Forbidden:
    """The person may not do this; with `fresh_login` not before they have logged in again."""

    code: str
    message: str
    fresh_login: FreshLogin | None = None


@dataclass(frozen=True)
class NotFound:
    """Unreadable, of another type, foreign or never was: all alike."""

    code: str
    message: str


Refusal = Invalid | Conflict | Forbidden | NotFound
REFUSALS = (Invalid, Conflict, Forbidden, NotFound)
