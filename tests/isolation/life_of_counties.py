"""What a county does before the attempts begin, with texts of its own: cases, a variant carried over, upgrades."""

from typing import Any

from tests.cases.models import MODELS
from tests.isolation.doing import Doing
from tests.isolation.life_of_templates import SCHOOL, WAITING, WAITS, today
from tests.isolation.world import COUNTY, Person

CLASSES = ["HELP", "LAYOUT", "TEXT"]


def live(doing: Doing, county: str) -> None:
    """One county's life after the demonstration's year."""
    people = _people(doing, county)
    admin = people["county_admin"]
    for slug in WAITING:
        doing.do(admin, "adoptTemplate", template=slug)
    _apply(doing, people, county)
    _work(doing, people, county)
    _wait(doing, people, county)
    _vary(doing, admin, county)
    if county != COUNTY:
        _upgrade_variant(doing, admin, county)
    _leave(doing, admin, county)


def _people(doing: Doing, county: str) -> dict[str, Person]:
    """The first of each role."""
    return {person.role: person for person in reversed(doing.world.of_county(county))}


def _apply(doing: Doing, people: dict[str, Person], county: str) -> None:
    """By login, without one, on paper; one application is taken back."""
    school = _example(doing, people["citizen"], SCHOOL)
    gone = doing.do(people["citizen"], "submitApplication", template=SCHOOL, data=school)["application"]
    given = {"application": gone["id"], "expectedVersion": gone["version"]}
    doing.do(people["citizen"], "withdrawApplication", **given, reason=f"Umzug fort aus {county}.")
    if "guest" in people:
        _apply_as_guest(doing, people["guest"], school)
    paper = {"channel": "LETTER", "receivedOn": today(), "onBehalfOf": {"name": f"Schreiberin aus {county}"}}
    doing.do(people["caseworker"], "submitApplication", template=SCHOOL, data=school, **paper)


def _apply_as_guest(doing: Doing, guest: Person, school: dict[str, Any]) -> None:
    sent = doing.do(guest, "submitApplication", template=SCHOOL, data=school)
    secret = f'caseNumber: "{sent["application"]["caseNumber"]}", secret: "{sent["statusSecret"]}"'
    assert doing.read(guest, f"{{ guestStatus({secret}) {{ status nextStep }} }}")["guestStatus"]


def _example(doing: Doing, person: Person, slug: str) -> dict[str, Any]:
    query = f'{{ processTemplate(slug: "{slug}") {{ startForm {{ example }} }} }}'
    example = doing.read(person, query)["processTemplate"]["startForm"]["example"]
    return {name: value for name, value in example.items() if value is not None}


def _submit(doing: Doing, person: Person, slug: str, **changed: Any) -> str:
    data = MODELS[slug].forms["application"]["example"] | changed
    doing.do(person, "submitApplication", template=slug, data=data)
    query = "{ applications(first: 1) { edges { node { id } } } }"
    return str(doing.read(person, query)["applications"]["edges"][0]["node"]["id"])


def _work(doing: Doing, people: dict[str, Person], county: str) -> None:
    """Tasks for each of several things; a note, letters both ways."""
    clerk, citizen = people["caseworker"], people["citizen"]
    application = _submit(doing, citizen, "several", name=f"Mehrfach {county}")
    query = '{ cases(filter: {template: "several"}) { edges { node { id tasks { edges { node { id version } } } } } } }'
    case = doing.read(clerk, query)["cases"]["edges"][0]["node"]
    first, second = (each["node"] for each in case["tasks"]["edges"][:2])
    doing.refused(clerk, "claimTask", "Conflict", task=first["id"], expectedVersion=first["version"] + 7)
    version = first["version"]
    for mutation in ("claimTask", "releaseTask", "claimTask"):
        version = doing.do(clerk, mutation, task=first["id"], expectedVersion=version)["task"]["version"]
    answer = {"answer": f"geprüft in {county}"}
    doing.refused(clerk, "completeTask", "Invalid", task=first["id"], expectedVersion=version, data={"answer": 5})
    doing.do(clerk, "completeTask", task=first["id"], expectedVersion=version, data=answer)
    doing.do(clerk, "claimTask", task=second["id"], expectedVersion=second["version"])
    doing.do(clerk, "addNote", case=case["id"], text=f"Rücksprache mit dem Schulamt {county}.")
    version = doing.read(clerk, f'{{ caseRecord(id: "{case["id"]}") {{ version }} }}')["caseRecord"]["version"]
    filed = {"case": case["id"], "fileReference": f"020.10/{county}"}
    doing.do(clerk, "giveFileReference", **filed, expectedVersion=version)
    for person, target in ((clerk, case["id"]), (citizen, application)):
        doing.do(person, "sendMessage", case=target, subject=f"Frage {county}", text=f"Worum geht es in {county}?")


def _wait(doing: Doing, people: dict[str, Person], county: str) -> None:
    """A message brought to one of three cases that wait; of three incidents one is resolved."""
    for number in range(3):
        _submit(doing, people["citizen"], "incident", amount=10, name=f"Störfall {number} {county}")
    for key in (county, f"{county} später", f"{county} noch nicht"):
        _submit(doing, people["citizen"], WAITS, name=key)
    doing.do(people["caseworker"], "receiveMessage", name="ready", correlationKey=county)
    doing.refused(people["caseworker"], "receiveMessage", "NotFound", name="ready", correlationKey="niemand")
    if county == COUNTY:
        found = doing.read(people["team_lead"], "{ incidents { id version } }")["incidents"][0]
        given = {"incident": found["id"], "expectedVersion": found["version"]}
        doing.do(people["team_lead"], "resolveIncident", **given, data={"amount": 11})


def _vary(doing: Doing, admin: Person, county: str) -> None:
    doing.do(admin, "setAutomaticRelease", template=SCHOOL, classes=CLASSES, expectedVersion=0)
    text = {"point": "distance_help", "kind": "text", "value": f"Gemessen wird mit der Karte von {county}."}
    kept = _operations(doing, admin)
    given = {"template": SCHOOL, "operations": kept, "expectedVersion": 0}
    draft = doing.do(admin, "saveVariantDraft", **given)["variant"]
    doing.do(admin, "discardVariantDraft", variant=draft["id"], expectedVersion=draft["version"])
    more = [] if county == COUNTY else [text]
    draft = doing.do(admin, "saveVariantDraft", **given | {"operations": [*kept, *more]})["variant"]
    doing.do(admin, "putVariantInForce", variant=draft["id"], expectedVersion=draft["version"])
    if county == COUNTY:
        _carry_over(doing, admin)
    else:
        doing.do(admin, "releaseVersion", template=SCHOOL, number=2, reason=f"Beschluss des Kreistags {county}")


def _operations(doing: Doing, admin: Person) -> list[dict[str, Any]]:
    """How the county varies school transport by now."""
    below = "{ status operations { point kind value reason citation citationDate } }"
    found = doing.read(admin, f'{{ templateVariants(template: "{SCHOOL}") {below} }}')["templateVariants"]
    return next(each["operations"] for each in found if each["status"] == "IN_FORCE")  # type: ignore[no-any-return]


def _carry_over(doing: Doing, admin: Person) -> None:
    """The guided way, given up, gone, taken back, and begun anew."""
    rebase = doing.do(admin, "beginRebase", template=SCHOOL)["rebase"]
    doing.do(admin, "abandonRebase", rebase=rebase["id"], expectedVersion=rebase["version"])
    rebase = doing.do(admin, "beginRebase", template=SCHOOL)["rebase"]
    doing.refused(admin, "finishRebase", "Invalid", rebase=rebase["id"], expectedVersion=rebase["version"])
    rebase = _decide(doing, admin, rebase)
    rebase = doing.do(admin, "finishRebase", rebase=rebase["id"], expectedVersion=rebase["version"])["rebase"]
    given = {"rebase": rebase["id"], "expectedVersion": rebase["version"], "reason": "Der Kreistag berät noch."}
    doing.do(admin, "undoRebase", **given)
    doing.do(admin, "beginRebase", template=SCHOOL)


def _decide(doing: Doing, admin: Person, rebase: dict[str, Any]) -> dict[str, Any]:
    for step in rebase["steps"]:
        if step["outcome"] == "AUTOMATIC":
            continue
        given: dict[str, Any] = {"choice": "KEEP"}
        if step["outcome"] == "CONFLICT":
            given = {"choice": "REANCHOR", "point": "distance_help", "value": "Gemessen wird mit der Karte.",
                     "reason": "Die Hilfe steht jetzt beim Schulweg."}  # fmt: skip
        place = {"rebase": rebase["id"], "position": step["position"], "expectedVersion": rebase["version"]}
        rebase = doing.do(admin, "decideRebaseStep", **place, **given)["rebase"]
    return rebase


def upgrade(doing: Doing, county: str) -> None:
    """To a version with one branch more: of two cases that wait one moves on meanwhile, and is refused."""
    people = _people(doing, county)
    given = {"template": WAITS, "effectiveOn": today(), "legalBasis": f"§ 4 der Satzung von {county}"}
    admin = people["county_admin"]
    doing.do(admin, "releaseVersion", template=WAITS, number=2, reason=f"Beschluss des Kreistags {county}")
    doing.refused(people["caseworker"], "previewCaseUpgrade", "Forbidden", **given)
    doing.refused(admin, "previewCaseUpgrade", "Invalid", **given | {"legalBasis": " "})
    found = doing.do(admin, "previewCaseUpgrade", **given)["upgrade"]
    doing.do(people["caseworker"], "receiveMessage", name="ready", correlationKey=f"{county} später")
    doing.do(admin, "startCaseUpgrade", upgrade=found["id"], expectedVersion=found["version"])
    doing.let_work()
    cases = doing.read(people["caseworker"], "{ cases(first: 1) { edges { node { id } } } }")["cases"]["edges"]
    doing.look(people["caseworker"], cases[0]["node"]["id"], depth=1)


def _upgrade_variant(doing: Doing, admin: Person, county: str) -> None:
    """Tried, started, stopped, gone on with, taken back."""
    given = {"template": SCHOOL, "effectiveOn": today(), "legalBasis": f"§ 4 der Satzung von {county}"}
    fields: dict[str, Any] = {"rename": [], "drop": [], "add": []}
    upgrade = doing.do(admin, "previewCaseUpgrade", **given, fields=fields)["upgrade"]["id"]
    for mutation, works in (("check", True), ("start", False), ("stop", True), ("start", True), ("undo", True)):
        version = doing.read(admin, f'{{ caseUpgrade(id: "{upgrade}") {{ version }} }}')["caseUpgrade"]["version"]
        doing.do(admin, f"{mutation}CaseUpgrade", upgrade=upgrade, expectedVersion=version)
        if works:
            doing.let_work()


def _leave(doing: Doing, admin: Person, county: str) -> None:
    """Offers no longer what it offered, and varies no longer."""
    doing.do(admin, "endAdoption", template="several")
    if county != COUNTY:
        found = doing.read(admin, f'{{ templateVariants(template: "{SCHOOL}") {{ id status version }} }}')
        mine = next(each for each in found["templateVariants"] if each["status"] == "IN_FORCE")
        doing.do(admin, "endVariant", variant=mine["id"], expectedVersion=mine["version"])
    doing.let_work()
