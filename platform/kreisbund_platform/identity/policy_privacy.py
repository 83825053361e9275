"""Policy of data protection: a person sees all that is kept about them, the officer reports, holds and erases."""

from kreisbund_platform.identity.policy_access_log import DATA_PROTECTION
from kreisbund_platform.identity.policy_terms import CITIZEN, COUNTY_ADMINS, Who, of_type

PRIVACY: dict[str, Who] = {
    **of_type(
        "Query",
        {
            CITIZEN: "myData",
            DATA_PROTECTION: "personalData erasurePreview legalHolds erasures erasureRuns",
            DATA_PROTECTION | COUNTY_ADMINS: "processingRecord",
        },
    ),
    **of_type("Mutation", {DATA_PROTECTION: "eraseCase eraseAccount setLegalHold liftLegalHold"}),
    **of_type("LegalHold", {DATA_PROTECTION: "id version case reason setAt liftedAt liftedReason"}),
    **of_type("Erasure", {DATA_PROTECTION: "id at kind target ground"}),
    **of_type("ErasureRun", {DATA_PROTECTION: "id startedAt finishedAt due erased held"}),
    **of_type("EraseSuccess", {DATA_PROTECTION: "erasure"}),
    **of_type("LegalHoldSuccess", {DATA_PROTECTION: "hold"}),
}
