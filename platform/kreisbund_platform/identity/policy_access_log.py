"""Policy of the read log: the applicant sees which office looked, the data-protection officer which person did."""

from kreisbund_platform.identity.policy_terms import CITIZEN, Who, of_connection, of_type
from kreisbund_platform.identity.principals import Role

DATA_PROTECTION: Who = frozenset({Role.DATA_PROTECTION_OFFICER})
ACCESS_READERS: Who = CITIZEN | DATA_PROTECTION

ACCESS_LOG: dict[str, Who] = {
    **of_type("Application", {ACCESS_READERS: "accessLog"}),
    **of_type("CaseRecord", {ACCESS_READERS: "accessLog"}),
    **of_type(
        "AccessLogEntry",
        {ACCESS_READERS: "at roles unit kinds listed", DATA_PROTECTION: "subject name operation"},
    ),
    **of_connection("AccessLogEntry", ACCESS_READERS),
}
