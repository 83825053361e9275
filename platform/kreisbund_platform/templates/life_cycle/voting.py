"""How votes become a result, under the rule of the cooperation agreement. Pure.

One county, one vote. MAJORITY: more than half of the counties took part and more approve than reject; abstentions
count as taking part. UNANIMITY: every county took part, none rejects, at least one approves. LEAD_DECIDES: the
lead county's vote alone, once it is cast; the others are heard.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

RULES = ("MAJORITY", "UNANIMITY", "LEAD_DECIDES")
CHOICES = ("APPROVE", "REJECT", "ABSTAIN")


@dataclass(frozen=True)
class Tally:
    """The count and what it means: ACCEPTED or REJECTED. `is_final`: no vote still missing could change it."""

    approve: int
    reject: int
    abstain: int
    missing: int
    result: str
    is_final: bool


def count(rule: str, members: Collection[UUID], lead: UUID, votes: Mapping[UUID, str]) -> Tally:
    """Counts the votes of members; what others sent does not count."""
    cast = {county: choice for county, choice in votes.items() if county in members}
    approve, reject, abstain = (list(cast.values()).count(choice) for choice in CHOICES)
    missing = len(members) - len(cast)
    accepted = _accepted(rule, len(members), approve, reject, missing, cast.get(lead))
    final = missing == 0 or (rule == "LEAD_DECIDES" and lead in cast) or (rule == "UNANIMITY" and reject > 0)
    return Tally(approve, reject, abstain, missing, "ACCEPTED" if accepted else "REJECTED", final)


def _accepted(rule: str, members: int, approve: int, reject: int, missing: int, lead: str | None) -> bool:
    if rule == "LEAD_DECIDES":
        return lead == "APPROVE"
    if rule == "UNANIMITY":
        return missing == 0 and reject == 0 and approve > 0
    return 2 * (members - missing) > members and approve > reject
