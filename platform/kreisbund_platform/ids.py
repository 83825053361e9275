"""Identifiers: UUID version 8 (RFC 9562) that rise with time and say what they name.

Layout: 48 bits Unix milliseconds, version 8, 12 bits `Kind`, variant, 62 random bits. An id of another
kind is recognised without a look-up, and one `node(id)` can serve every type. Not a secret.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from uuid import UUID

RandomBits = Callable[[int], int]


class Kind(IntEnum):
    """What an id names. Values are stored inside ids: never renumber."""

    TENANT = 1
    UNIT = 2
    PUBLIC_SERVICE = 3
    TOPIC = 4
    PROCESS_TEMPLATE = 5
    TEMPLATE_VERSION = 6
    APPLICATION = 7
    CASE_RECORD = 8
    TASK = 9
    EVENT = 10
    DOCUMENT = 11
    DECISION = 12
    DELIVERY = 13
    PARTY = 14
    UPLOAD = 15
    NOTE = 16
    MESSAGE = 17
    TEMPLATE_VARIANT = 30
    VARIANT_REBASE = 31
    INCIDENT = 18
    TEMPLATE_DRAFT = 20
    DRAFT_REVISION = 21
    REVIEW_ROUND = 22
    REVIEW_COMMENT = 23
    PUBLICATION_PROPOSAL = 24
    NATURAL_PERSON = 25
    SIGNING_KEY = 26
    TEMPLATE_RELEASE = 27
    COOPERATION_AGREEMENT = 28
    CASE_UPGRADE = 35
    ACCOUNT_BLOCK = 40
    SUBSTITUTION = 41
    DELEGATION = 42
    SUPPORT_INVITATION = 43
    APPROVAL = 44
    LEGAL_HOLD = 45
    ERASURE = 46
    ERASURE_RUN = 47
    KEPT_FORM = 48
    CASE_TRANSFER = 49
    EMERGENCY_ACCESS = 50


def new_id(kind: Kind, now: datetime, random_bits: RandomBits = secrets.randbits) -> UUID:
    """A fresh id of `kind`, made at `now` (aware)."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = milliseconds << 80 | 0x8 << 76 | int(kind) << 64 | 0b10 << 62 | random_bits(62)
    return UUID(int=value)


def beginning(kind: Kind, now: datetime) -> str:
    """The first 19 characters of such an id, before its random ones: what `code.id_with` makes ids of, many at once."""
    return str(new_id(kind, now, lambda bits: 0))[:19]


def kind_of(identifier: UUID) -> Kind | None:
    """The kind inside an id, or None where it is not one of ours."""
    if (identifier.int >> 76) & 0xF != 0x8:
        return None
    try:
        return Kind((identifier.int >> 64) & 0xFFF)
    except ValueError:
        return None


def milliseconds_of(identifier: UUID) -> int:
    """When an id of ours was made: milliseconds since 1970."""
    return identifier.int >> 80


def parse_id(text: str, kind: Kind) -> UUID | None:
    """The id in `text` if it is readable and of `kind`; unreadable and foreign kinds alike give None."""
    if len(text) != 36:
        return None
    try:
        identifier = UUID(text)
    except ValueError:
        return None
    return identifier if kind_of(identifier) is kind else None
