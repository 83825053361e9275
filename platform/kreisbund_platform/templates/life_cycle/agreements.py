"""The cooperation agreement's settings: how reviews are decided and when a rollout halts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.errors import FieldError, Forbidden, Invalid, Refusal
from kreisbund_platform.identity import refusals
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.identity.principals import Role
from kreisbund_platform.templates.life_cycle import access, rows, shared_queries, voting
from kreisbund_platform.templates.life_cycle.models import AgreementMember, CooperationAgreement
from kreisbund_platform.texts import _

TITLE = "Zweckvereinbarung über die gemeinsame Vorlagenpflege"
HISTORY = "cooperation-agreement"  # its changes stand in the history under this name
LONGEST_PERIOD = 365


@dataclass(frozen=True)
class ReviewRules:
    """Settings that may change; rounds that are open keep the ones they were opened under."""

    rule: str
    minimum_review_days: int


def change_rules(work: TeamContext, agreement_id: str, rules: ReviewRules, expected_version: int) -> UUID | Refusal:
    """Writes down what the counties agreed anew: recorded, for rounds opened from now on."""
    identifier = ids.parse_id(agreement_id, ids.Kind.COOPERATION_AGREEMENT)
    agreement = rows.one(work.connection, CooperationAgreement, lock=True, id=identifier) if identifier else None
    if agreement is None:
        return refusals.not_found()
    if Role.SERVICE_TEAM_LEAD not in work.principal.roles:
        return Forbidden("ROLE_MISSING", _("Das trägt nur die Leitung des Serviceteams ein."))
    refusal = refusals.stale(agreement.version, expected_version) or _invalid(rules)
    if refusal:
        return refusal
    agreement.rule, agreement.minimum_review_days = rules.rule, rules.minimum_review_days
    agreement.version += 1
    rows.update(work.connection, agreement, ["id"], "rule", "minimum_review_days", "version")
    access.record(work, HISTORY, "RULES_CHANGED", rule=rules.rule, days=rules.minimum_review_days)
    return agreement.id


def _invalid(rules: ReviewRules) -> Invalid | None:
    errors = []
    if rules.rule not in voting.RULES:
        errors.append(FieldError("rule", "RULE", _("Diese Abstimmungsregel gibt es nicht.")))
    if not 0 <= rules.minimum_review_days <= LONGEST_PERIOD:
        errors.append(FieldError("minimumReviewDays", "DAYS", _("Bitte geben Sie 0 bis 365 Tage an.")))
    return Invalid("INVALID_RULES", _("Bitte prüfen Sie die Einstellungen."), tuple(errors)) if errors else None


def ensure(connection: rows.Rows, members: Iterable[UUID], signed_on: date, agreement_id: UUID) -> None:
    """The first agreement of a deployment, with these counties; one that exists stays as it is."""
    if shared_queries.agreement_in_force(connection) is not None:
        return
    agreement = CooperationAgreement(
        id=agreement_id,
        title=TITLE,
        signed_on=signed_on,
        rule="MAJORITY",
        minimum_review_days=14,
        most_incident_share=0.02,
        most_overdue_share=0.2,
        fewest_cases=5,
        version=1,
    )
    rows.insert(connection, agreement)
    for tenant_id in members:
        rows.insert(connection, AgreementMember(agreement_id=agreement_id, tenant_id=tenant_id))
