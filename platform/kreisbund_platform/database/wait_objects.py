"""What a case waits for beside people, as staff see it: incidents."""

from kreisbund_platform.database.case_objects import invited
from kreisbund_platform.database.object_types import Column, Many, ObjectType, One

INCIDENT = ObjectType(
    "Incident",
    "incident {a}",
    {
        "id": Column("{a}.id"),
        "elementId": Column("{a}.element_id"),
        "reason": Column("{a}.reason"),
        "version": Column("{a}.version"),
        "raisedAt": Column("{a}.raised_at"),
        "resolvedAt": Column("{a}.resolved_at"),
        "resolvedBy": Column("{a}.resolved_by"),
        "case": One("CaseRecord", "{a}.id = {p}.case_id"),
    },
    rows={"staff": "true", **invited("{a}.case_id")},
)
OPEN_INCIDENTS = Many("Incident", "{a}.resolved_at IS NULL", "{a}.raised_at DESC, {a}.id DESC", most=200)
WAIT_TYPES = (INCIDENT,)
