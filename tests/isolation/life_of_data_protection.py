"""What a county's data-protection officer does before the attempts begin: holds, a report, an erasure refused."""

from tests.isolation.doing import Doing
from tests.isolation.world import Person


def live(doing: Doing, county: str) -> None:
    """One hold stays, one is lifted; what is held is not erased. A county without an officer here does nothing."""
    people = {person.role: person for person in reversed(doing.world.of_county(county))}
    officer = people.get("data_protection_officer")
    if officer is None:
        return
    query = "{ cases(first: 2) { edges { node { id version } } } }"
    held, freed = (each["node"] for each in doing.read(people["caseworker"], query)["cases"]["edges"])
    _hold(doing, officer, held, county)
    hold = _hold(doing, officer, freed, county)
    doing.do(officer, "liftLegalHold", **hold, reason=f"Das Gericht in {county} hat entschieden.")
    doing.refused(officer, "eraseCase", "Conflict", case=held["id"], expectedVersion=held["version"])
    account = people["citizen"].claims["sub"]
    for report in ("personalData", "erasurePreview"):
        assert doing.read(officer, f'{{ {report}(account: "{account}") }}')[report]


def _hold(doing: Doing, officer: Person, case: dict[str, str], county: str) -> dict[str, str]:
    given = {"case": case["id"], "expectedVersion": case["version"]}
    hold = doing.do(officer, "setLegalHold", **given, reason=f"Klage vor dem Verwaltungsgericht, {county}.")["hold"]
    return {"hold": hold["id"], "expectedVersion": hold["version"]}
