"""Errors with a code: what GraphQL answers where no union member says it."""

from enum import StrEnum

from graphql import GraphQLError

from kreisbund_platform.texts import _


class Code(StrEnum):
    """`extensions.code` of every refusal."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


def refusal(code: Code, message: str) -> GraphQLError:
    """An error that is shown as it stands."""
    return GraphQLError(message, extensions={"code": str(code)})


def blocked() -> GraphQLError:
    """The county has blocked the account."""
    return refusal(Code.UNAUTHENTICATED, _("Dieses Konto ist gesperrt."))


def forbidden() -> GraphQLError:
    """The person may not use this field."""
    return refusal(Code.FORBIDDEN, _("Dazu fehlt Ihnen die Berechtigung."))


def bad_input(message: str | None = None) -> GraphQLError:
    """The request itself is wrong."""
    return refusal(Code.BAD_USER_INPUT, message or _("Die Anfrage ist so nicht zulässig."))


def too_complex() -> GraphQLError:
    """More than one request may ask."""
    return refusal(Code.QUERY_TOO_COMPLEX, _("Die Abfrage ist zu umfangreich."))


def unavailable() -> GraphQLError:
    """Something this depends on is away; try again."""
    return refusal(Code.UNAVAILABLE, _("Der Dienst ist gerade nicht erreichbar. Bitte versuchen Sie es erneut."))
