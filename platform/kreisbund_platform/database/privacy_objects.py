"""Holds and erasures as the data-protection officer sees them."""

from kreisbund_platform.database.object_types import Column, Many, ObjectType, One
from kreisbund_platform.database.viewer_objects import success

LEGAL_HOLD = ObjectType(
    "LegalHold",
    "legal_hold {a}",
    {
        "id": Column("{a}.id"),
        "version": Column("{a}.version"),
        "case": One("CaseRecord", "{a}.id = {p}.case_id"),
        "reason": Column("{a}.reason"),
        "setAt": Column("{a}.set_at"),
        "liftedAt": Column("{a}.lifted_at"),
        "liftedReason": Column("{a}.lifted_reason"),
    },
    rows={"staff": "true"},
)
ERASURE = ObjectType(
    "Erasure",
    "erasure {a}",
    {
        "id": Column("{a}.id"),
        "at": Column("{a}.at"),
        "kind": Column("{a}.kind"),
        "target": Column("{a}.target"),
        "ground": Column("{a}.ground"),
    },
    rows={"staff": "true"},
)
ERASURE_RUN = ObjectType(
    "ErasureRun",
    "erasure_run {a}",
    {
        "id": Column("{a}.id"),
        "startedAt": Column("{a}.started_at"),
        "finishedAt": Column("{a}.finished_at"),
        "due": Column("{a}.due"),
        "erased": Column("{a}.erased"),
        "held": Column("{a}.held"),
    },
    rows={"staff": "true"},
)
LEGAL_HOLDS = Many("LegalHold", "true", "{a}.lifted_at DESC NULLS FIRST, {a}.set_at DESC, {a}.id DESC", most=200)
ERASURES = Many("Erasure", "true", "{a}.number DESC", most=200)
ERASURE_RUNS = Many("ErasureRun", "true", "{a}.started_at DESC, {a}.id DESC", most=50)
PRIVACY_TYPES = (
    LEGAL_HOLD,
    ERASURE,
    ERASURE_RUN,
    success("EraseSuccess", "erasure", "Erasure"),
    success("LegalHoldSuccess", "hold", "LegalHold"),
)
