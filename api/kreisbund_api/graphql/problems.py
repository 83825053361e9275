"""Refusals as GraphQL shows them; codes for programs, German messages for people."""

import strawberry


@strawberry.interface
class Problem:
    """What every refusal has."""

    code: str
    message: str


@strawberry.type
class FieldError:
    """What is wrong with one field of the input or its form data."""

    path: str
    code: str
    message: str


@strawberry.type
class Invalid(Problem):
    """The types accept it, a rule refuses it."""

    field_errors: list[FieldError]


@strawberry.type
class Conflict(Problem):
    """Somebody was faster, or the key was used for something else."""

    current_version: int | None


@strawberry.type
class FreshLogin:
    """Log in again: at most so long ago, and with a second factor where it says so."""

    max_age_seconds: int
    second_factor: bool


@strawberry.type
class Forbidden(Problem):
    """The person may not do this; code FRESH_LOGIN_REQUIRED: not before they have logged in again."""

    fresh_login: FreshLogin | None


@strawberry.type
class NotFound(Problem):
    """Unreadable, foreign and unknown alike."""
