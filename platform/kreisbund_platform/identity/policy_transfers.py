"""Policy of cases that move to another county: who answers for a case as a whole."""

from kreisbund_platform.identity.policy_terms import Who, of_connection, of_type
from kreisbund_platform.identity.principals import Role

MOVERS: Who = frozenset({Role.TEAM_LEAD, Role.RECORDS_OFFICER})

TRANSFERS: dict[str, Who] = {
    **of_type("Query", {MOVERS: "caseTransfer caseTransfers"}),
    **of_type("Mutation", {MOVERS: "transferCase acceptTransfer"}),
    **of_type(
        "CaseTransfer",
        {
            MOVERS: (
                "id direction status version county otherCaseNumber reason packageHash receiptNumber startedAt"
                " settledAt history case"
            )
        },
    ),
    **of_type("CaseTransferSuccess", {MOVERS: "transfer"}),
    **of_connection("CaseTransfer", MOVERS),
}
