"""Policy of case upgrades and of process mining: who looks after the county's process, never a single person's work."""

from kreisbund_platform.identity.policy_terms import CASE_READERS, CITIZEN, Who, of_connection, of_type
from kreisbund_platform.identity.principals import Role

PROCESS_OWNERS: Who = frozenset({Role.COUNTY_ADMIN, Role.TEAM_LEAD})

UPGRADES: dict[str, Who] = {
    **of_type("Query", {PROCESS_OWNERS: "caseUpgrade caseUpgrades caseUpgradeSuggestions"}),
    **of_type(
        "Mutation",
        {PROCESS_OWNERS: ("previewCaseUpgrade checkCaseUpgrade startCaseUpgrade stopCaseUpgrade undoCaseUpgrade")},
    ),
    **of_type(
        "CaseUpgrade",
        {
            PROCESS_OWNERS: (
                "id version status template toVersion toVariant toBpmnXml criteria mapping fields deadlines effectiveOn"
                " legalBasis tellsApplicants warnings createdAt previewedAt checkedAt startedAt finishedAt undoneAt"
                " cases planned checked upgraded refused undone kept leftOut groups outcomes"
            )
        },
    ),
    **of_type(
        "CaseUpgradeGroup",
        {
            PROCESS_OWNERS: (
                "number fromVersion fromVariant fromBpmnXml signature cases possible chosen elementId reason path"
                " waiting changes"
            )
        },
    ),
    **of_type("CaseUpgradeOutcome", {PROCESS_OWNERS: "case status reason explanation elementId path"}),
    **of_type("CaseUpgradeSuggestion", {PROCESS_OWNERS: "template fromVersion toVersion cases decisionsFrom"}),
    **of_type("CaseUpgradeSuccess", {PROCESS_OWNERS: "upgrade"}),
    **of_connection("CaseUpgrade", PROCESS_OWNERS),
    **of_connection("CaseUpgradeOutcome", PROCESS_OWNERS),
    **of_type("Query", {PROCESS_OWNERS: "processFigures"}),
    **of_type("ProcessFigures", {PROCESS_OWNERS: "cases ended medianDays p90Days variants waits"}),
    **of_type("ProcessVariant", {PROCESS_OWNERS: "elements cases share medianDays"}),
    **of_type(
        "TaskWait",
        {
            PROCESS_OWNERS: (
                "elementId name role tasks medianHoursToStart p90HoursToStart medianHoursToEnd p90HoursToEnd"
            )
        },
    ),
    # what the history of a case says to everybody whom the case concerns
    **of_type("CaseEvent", {CASE_READERS | CITIZEN: "upgrade"}),
    **of_type("UpgradeNotice", {CASE_READERS | CITIZEN: "fromNumber toNumber effectiveOn legalBasis"}),
}
