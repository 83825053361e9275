"""Cases that went to or came from another county, as staff see them."""

from kreisbund_platform.database.object_types import Column, Connection, ObjectType, One, newest_first

CASE_TRANSFER = ObjectType(
    "CaseTransfer",
    "case_transfer {a}",
    {
        "id": Column("{a}.id"),
        "direction": Column("{a}.direction"),
        "status": Column("{a}.status"),
        "version": Column("{a}.version"),
        "county": One("Tenant", "{a}.id = {p}.other_county"),
        "otherCaseNumber": Column("{a}.other_case_number"),
        "reason": Column("{a}.reason"),
        "packageHash": Column("encode({a}.package_sha256, 'hex')"),
        "receiptNumber": Column("{a}.receipt_number"),
        "startedAt": Column("{a}.started_at"),
        "settledAt": Column("{a}.settled_at"),
        "history": Column("{a}.history"),
        "case": One("CaseRecord", "{a}.id = {p}.case_id"),
    },
    rows={"staff": "true"},
)
TRANSFERS = Connection("CaseTransfer", "true", newest_first("started_at"))
SUCCESS = ObjectType(
    "CaseTransferSuccess", "(SELECT 1) {a}", {"transfer": One("CaseTransfer", "{a}.id = {result}::uuid")}
)
TRANSFER_TYPES = (CASE_TRANSFER, SUCCESS)
