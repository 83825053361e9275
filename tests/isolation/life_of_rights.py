"""What one county decides about people before the attempts begin, and a case that moves to the other county.

Rights are lent to, and accounts blocked of, colleagues who attempt nothing: what others may do stays what their
tokens say.
"""

from datetime import timedelta
from typing import Any

from kreisbund_platform.clock import BERLIN, SystemClock
from kreisbund_platform.tenancy.registry import Registry
from tests.isolation.doing import Doing
from tests.isolation.world import COUNTY, OTHER, Person, World, colleague

FOUR_EYES = '{"mutations": ["inviteSupport"]}'
STAFF = ("caseworker", "team_lead", "county_admin", "records_officer", "cashier")
CASES = (
    '{{ cases(first: 50, filter: {{template: "jagdschein", status: [{}]}}) {{ edges {{ node {{ id version }} }} }} }}'
)


def live(doing: Doing) -> None:
    """Blocks and standing in, four eyes over an invitation, two cases handed over."""
    people = {role: doing.world.person(role, COUNTY) for role in STAFF}
    second = {role: colleague(doing.world, role) for role in ("caseworker", "records_officer", "cashier")}
    for person in (*people.values(), *second.values()):
        doing.read(person, "{ viewer { name } }")  # only who was here once can be named
    _block(doing, people, second)
    _stand_in(doing, people, second["caseworker"])
    _lend(doing, people, second["records_officer"])
    _invite(doing, people)
    _transfer(doing, people["team_lead"])


def _subject(person: Person) -> str:
    return str(person.claims["sub"])


def _block(doing: Doing, people: dict[str, Person], second: dict[str, Person]) -> None:
    """One block ended after the tasks went to somebody else, one that stays."""
    admin, lead, clerk, absent = people["county_admin"], people["team_lead"], people["caseworker"], second["caseworker"]
    open_tasks = '{ tasks(first: 50, filter: {role: "caseworker", status: [OPEN]}) { edges { node { id version } } } }'
    tasks = [each["node"] for each in doing.read(clerk, open_tasks)["tasks"]["edges"][:2]]
    for task in tasks:
        doing.do(absent, "claimTask", task=task["id"], expectedVersion=task["version"])
    given = {"subject": _subject(absent), "reason": "Dienstausweis verloren."}
    block = doing.do(admin, "blockAccount", **given)["block"]
    doing.refused(admin, "blockAccount", "Conflict", **given)
    left = doing.read(lead, "{ tasksToReassign { id version } }")["tasksToReassign"]
    assert {each["id"] for each in tasks} <= {each["id"] for each in left}
    for task, assignee in zip(left, (_subject(clerk), None), strict=False):
        doing.do(lead, "reassignTask", task=task["id"], expectedVersion=task["version"], assignee=assignee)
    doing.do(admin, "unblockAccount", block=block["id"], expectedVersion=block["version"])
    doing.do(admin, "blockAccount", subject=_subject(second["cashier"]), reason="Seit Juni nicht mehr im Dienst.")


def _period() -> dict[str, str]:
    day = SystemClock().now().astimezone(BERLIN).date()
    return {"firstDay": day.isoformat(), "lastDay": (day + timedelta(days=14)).isoformat()}


def _stand_in(doing: Doing, people: dict[str, Person], second: Person) -> None:
    clerk, lead = people["caseworker"], people["team_lead"]
    doing.do(clerk, "nameSubstitute", substitute=_subject(second), **_period())
    named = doing.do(lead, "nameSubstitute", absent=_subject(second), substitute=_subject(lead), **_period())
    over = named["substitution"]
    doing.do(lead, "endSubstitution", substitution=over["id"], expectedVersion=over["version"])


def _lend(doing: Doing, people: dict[str, Person], second: Person) -> None:
    for role in ("team_lead", "caseworker"):
        given = {"role": role, "delegate": _subject(second)}
        lent = doing.do(people[role], "delegateRole", **given, **_period())["delegation"]
        doing.refused(people[role], "delegateRole", "Invalid", **given | {"role": "operator"}, **_period())
    doing.do(people["caseworker"], "endDelegation", delegation=lent["id"], expectedVersion=lent["version"])


def _invite(doing: Doing, people: dict[str, Person]) -> None:
    """Two persons invite: confirmed and used once, confirmed and not used, withdrawn, and still open."""
    admin, lead = people["county_admin"], people["team_lead"]
    query = "{ cases(first: 4) { edges { node { id } } } }"
    cases = [each["node"]["id"] for each in doing.read(lead, query)["cases"]["edges"]]
    until = (SystemClock().now() + timedelta(days=10)).isoformat()
    orders = [
        {"case": case, "reason": f"Fehler in der Frist, Fall {n}.", "until": until} for n, case in enumerate(cases)
    ]
    _four_eyes(doing.world, FOUR_EYES)
    for order in orders:
        doing.refused(admin, "inviteSupport", "Forbidden", **order)
    for order in orders[:2]:
        _confirm(doing, lead, order)
    invited = doing.do(admin, "inviteSupport", **orders[0])["invitation"]
    gone = _proposed(doing, lead, orders[2])
    doing.do(lead, "withdrawApproval", approval=gone["id"], expectedVersion=gone["version"])
    _four_eyes(doing.world, "{}")
    over = doing.do(admin, "inviteSupport", **orders[3])["invitation"]
    doing.let_work()
    _look_on(doing, {invited["id"], over["id"]}, invited["id"])
    doing.do(admin, "revokeSupport", invitation=over["id"], expectedVersion=over["version"])
    doing.let_work()


def _four_eyes(world: World, rules: str) -> None:
    """As a manifest says it; every registry that is at work reads it anew."""
    with world.deployment.database.owner() as owner:
        owner.execute("UPDATE shared.tenant SET four_eyes = %s WHERE slug = %s", (rules, COUNTY))
    registries: tuple[Registry, ...] = (world.deployment.registry, world.services.registry)
    for registry in registries:
        registry.refresh()


def _proposed(doing: Doing, person: Person, order: dict[str, Any]) -> dict[str, Any]:
    query = "{ approvals { id version content contentHash } }"
    found = doing.read(person, query)["approvals"]
    return next(each for each in found if each["content"]["case"] == order["case"])  # type: ignore[no-any-return]


def _confirm(doing: Doing, second: Person, order: dict[str, Any]) -> None:
    seen = _proposed(doing, second, order)
    given = {"approval": seen["id"], "contentHash": seen["contentHash"], "expectedVersion": seen["version"]}
    doing.do(second, "confirmApproval", **given)


def _look_on(doing: Doing, open_ones: set[str], chosen: str) -> None:
    """What the service team sees by an invitation, and who came from outside in the county's own record."""
    outside = doing.world.person("service_team_lead")
    listed = doing.read(outside, "{ supportInvitations { id until county { slug } } }")["supportInvitations"]
    assert open_ones <= {each["id"] for each in listed}
    case = f'supportCase(invitation: "{chosen}")'
    below = "id caseNumber status tasks { edges { node { id name } } } history { edges { node { id type } } }"
    assert doing.read(outside, f"{{ {case} {{ {below} }} }}")["supportCase"]


def _transfer(doing: Doing, lead: Person) -> None:
    """Two cases leave; one is taken over and receipted, one waits for the other county's answer."""
    cases = doing.read(lead, CASES.format("IN_PROGRESS, SUBMITTED, DECIDED"))["cases"]["edges"][:2]
    for each in cases:
        case = each["node"]
        given = {"case": case["id"], "county": OTHER, "expectedVersion": case["version"]}
        doing.refused(lead, "transferCase", "Invalid", **given | {"county": COUNTY}, reason="Umzug.")
        doing.do(lead, "transferCase", **given, reason="Umzug in den Wartburgkreis.")
    doing.let_work()
    other = doing.world.person("team_lead", OTHER)
    query = "{ caseTransfers { edges { node { id version status } } } }"
    arrived = [each["node"] for each in doing.read(other, query)["caseTransfers"]["edges"]]
    doing.do(other, "acceptTransfer", transfer=arrived[0]["id"], expectedVersion=arrived[0]["version"])
    doing.let_work()
