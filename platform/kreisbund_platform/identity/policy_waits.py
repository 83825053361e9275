"""Policy of what a case waits for: incidents and messages."""

from kreisbund_platform.identity.policy_terms import CASE_READERS, CASE_WORKERS, Who, of_type
from kreisbund_platform.identity.principals import Role

# repairing an incident reads and changes what people wrote
TEAM_LEADS: Who = frozenset({Role.TEAM_LEAD})

WAITS: dict[str, Who] = {
    **of_type("Query", {CASE_READERS: "incidents"}),
    **of_type("Mutation", {TEAM_LEADS: "resolveIncident", CASE_WORKERS: "receiveMessage"}),
    **of_type("Incident", {CASE_READERS: "id elementId reason version raisedAt resolvedAt resolvedBy case"}),
    **of_type("CaseRecord", {CASE_READERS: "incidents"}),
    **of_type("ResolveIncidentSuccess", {TEAM_LEADS: "case"}),
    **of_type("ReceiveMessageSuccess", {CASE_WORKERS: "case"}),
}
