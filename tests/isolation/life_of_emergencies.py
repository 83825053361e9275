"""Two operators look at a case of each county before the attempts begin; one access stands, one is ended."""

from tests.isolation.doing import Doing
from tests.isolation.generator import SCHEMA, select
from tests.isolation.rights import may
from tests.isolation.world import Person

DEPTH = 1


def live(doing: Doing, county: str) -> None:
    """Asked, confirmed by the second operator, looked at by both; another one ended by the county."""
    operators = [person for person in doing.world.people if person.role == "operator"]
    admin = next(person for person in doing.world.of_county(county) if person.role == "county_admin")
    number = "{ cases(first: 2) { edges { node { caseNumber } } } }"
    stands, ended = (each["node"]["caseNumber"] for each in doing.read(admin, number)["cases"]["edges"])
    where = {"county": str(doing.world.deployment.registry.by_slug(county).id)}  # type: ignore[union-attr]
    opened = _open(doing, operators, where, stands)
    for operator in operators:
        _look(doing, operator, where["county"], opened["id"])
    doing.refused(operators[0], "requestEmergencyAccess", "Conflict", **where, case=stands, reason=_why(stands))
    access = _open(doing, operators, where, ended)
    doing.do(admin, "endEmergencyAccess", access=access["id"], expectedVersion=access["version"])
    everything = select(SCHEMA.type_map["EmergencyAccess"], DEPTH, lambda coordinate: may(admin, coordinate)).text
    assert doing.read(admin, f"{{ emergencyAccesses {everything} }}")["emergencyAccesses"]


def _open(doing: Doing, operators: list[Person], where: dict[str, str], case: str) -> dict[str, str]:
    first, second = operators
    confirmer = second.claims["preferred_username"]
    given = {"case": case, "reason": _why(case), "confirmer": confirmer}
    asked = doing.do(first, "requestEmergencyAccess", **where, **given)["access"]
    seen = {"access": asked["id"], "expectedVersion": asked["version"]}
    doing.refused(first, "confirmEmergencyAccess", "Forbidden", **where, **seen)
    opened: dict[str, str] = doing.do(second, "confirmEmergencyAccess", **where, **seen)["access"]
    return opened


def _look(doing: Doing, operator: Person, county: str, access: str) -> None:
    given = f'county: "{county}"'
    assert doing.read(operator, f"{{ emergencyRequests({given}) {{ id status reason }} }}")["emergencyRequests"]
    case = f'{{ emergencyCase({given}, access: "{access}") {{ caseNumber status tasks {{ totalCount }} }} }}'
    assert doing.read(operator, case)["emergencyCase"]


def _why(case: str) -> str:
    return f"Zu {case} lässt sich kein Bescheid erzeugen, die Frist endet heute."
