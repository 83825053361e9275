"""What the service team does before the attempts begin: a draft reviewed, published, rolled out, another given up."""

import json
from dataclasses import replace
from typing import Any

from kreisbund_platform.clock import BERLIN, SystemClock
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.models import TemplateVersion
from tests.cases import versions
from tests.cases.models import MODELS
from tests.isolation.doing import Doing
from tests.isolation.world import COUNTY, OTHER, Person, World

SCHOOL = "schuelerbefoerderung"
WAITING = ("several", "incident", "receiver")
UNSIGNED = "caller"
GONE_POINT = "hearing_text"  # Nordhausen varies it: on the way to the second version it is a conflict
DRAFTS = "{ drafts { id slug version status revision { number files } rounds { id version status } } }"


def live(doing: Doing) -> None:
    """Publishes what the counties' lives need: a second version of school transport, templates with waits."""
    lead = doing.world.person("service_team_lead")
    _agree(doing, lead)
    draft = _write(doing, lead)
    _review(doing, lead, draft)
    _publish(doing, lead, draft)
    _publish_waiting(doing, lead)
    publish_report(doing, versions.FIRST, versions.FORMS)
    _give_up(doing, lead)
    _retire(doing, lead)
    _others(doing, lead)


def delegate(world: World, county: str) -> Person:
    """The member of the service team whom a county delegated."""
    return next(p for p in world.people if p.role == "topic_lead" and p.claims["home_tenant"] == county)


def version_of(doing: Doing, person: Person, slug: str, number: int) -> str:
    """A published version's id."""
    query = f'{{ processTemplate(slug: "{slug}") {{ versions {{ id number }} }} }}'
    found = doing.read(person, query)["processTemplate"]["versions"]
    return next(each["id"] for each in found if each["number"] == number)  # type: ignore[no-any-return]


def _agree(doing: Doing, lead: Person) -> None:
    agreement = doing.read(lead, "{ cooperationAgreement { id version } }")["cooperationAgreement"]
    given = {"agreement": agreement["id"], "expectedVersion": agreement["version"], "rule": "MAJORITY"}
    doing.refused(lead, "setReviewRules", "Invalid", **given, minimumReviewDays=-1)
    doing.do(lead, "setReviewRules", **given, minimumReviewDays=0)


def _write(doing: Doing, lead: Person) -> str:
    """The draft under review, changed once more: what was read so far is overtaken."""
    draft = next(each for each in doing.read(lead, DRAFTS)["drafts"] if each["slug"] == SCHOOL)
    manifest = json.loads(draft["revision"]["files"]["template.json"])
    manifest["variable_points"] = [each for each in manifest["variable_points"] if each["id"] != GONE_POINT]
    files = {"template.json": json.dumps(manifest, ensure_ascii=False)}
    given = {"draft": draft["id"], "expectedVersion": draft["version"]}
    doing.do(lead, "restoreRevision", **given, revision=draft["revision"]["number"] - 1)
    doing.refused(lead, "saveDraft", "Conflict", **given, files={})
    for broken in ({"process.bpmn": "<kein Prozess"}, draft["revision"]["files"] | files):
        doing.do(lead, "saveDraft", draft=draft["id"], expectedVersion=_version(doing, lead, draft["id"]), files=broken)
    return str(draft["id"])


def _version(doing: Doing, person: Person, draft: str) -> int:
    return doing.read(person, f'{{ draft(id: "{draft}") {{ version }} }}')["draft"]["version"]  # type: ignore[no-any-return]


def _review(doing: Doing, lead: Person, draft: str) -> None:
    opened = doing.do(lead, "openReview", draft=draft, expectedVersion=_version(doing, lead, draft))["round"]
    comment = {"round": opened["id"], "file": "process.bpmn", "elementId": "hearing_expired"}
    for county in (COUNTY, OTHER):
        person = delegate(doing.world, county)
        asked = doing.do(person, "addComment", **comment, text=f"Frage aus {county} zur Anhörung.")["comment"]
        doing.do(lead, "addComment", round=opened["id"], text=f"Antwort für {county}.", answerTo=asked["id"])
        doing.do(person, "resolveComment", comment=asked["id"])
    for county in (COUNTY, OTHER, "kyffhaeuserkreis"):
        reason = f"{county} trägt die Änderung mit."
        doing.do(delegate(doing.world, county), "castVote", round=opened["id"], choice="APPROVE", reason=reason)
    version = doing.read(lead, f'{{ reviewRound(id: "{opened["id"]}") {{ version }} }}')["reviewRound"]["version"]
    doing.do(lead, "closeReview", round=opened["id"], expectedVersion=version)


def _publish(doing: Doing, lead: Person, draft: str) -> None:
    doing.do(lead, "withdrawPublication", proposal=_propose(doing, lead, draft))
    second = _propose(doing, lead, draft)
    doing.do(delegate(doing.world, "kyffhaeuserkreis"), "signPublication", proposal=second)
    version = version_of(doing, lead, SCHOOL, 2)
    rings = [{"counties": [COUNTY], "waitingHours": 24}, {"counties": [OTHER], "waitingHours": 48}]
    doing.do(lead, "startRollout", version=version, rings=rings)
    for number, mutation in enumerate(("haltRollout", "resumeRollout"), start=1):
        doing.do(lead, mutation, version=version, reason="Rückfrage zur Anhörung.", expectedVersion=number)


def _propose(doing: Doing, lead: Person, draft: str) -> str:
    given = {"draft": draft, "transition": "DECISIONS_FROM", "transitionOn": "2031-08-01"}
    proposed = doing.do(lead, "proposePublication", **given, expectedVersion=_version(doing, lead, draft))
    return str(proposed["draft"]["proposal"]["id"])


def _publish_waiting(doing: Doing, lead: Person) -> None:
    """From folders, as an operator does; the service team signs."""
    with doing.world.deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
        for slug in (*WAITING, UNSIGNED):
            publishing.publish(connection, MODELS[slug], clock=SystemClock())
    for slug in WAITING:
        _sign(doing, version_of(doing, lead, slug, 1), COUNTY)
    unsigned = version_of(doing, lead, UNSIGNED, 1)
    check = f'{{ versionCheck(version: "{unsigned}") {{ problems {{ path code message }} }} }}'
    assert doing.read(lead, check)["versionCheck"]["problems"]


def publish_report(doing: Doing, bpmn_xml: bytes, forms: dict[str, Any]) -> None:
    """Another version of a small template with parallel branches, signed by two."""
    case = {"name": "geht los", "start": {"wish": "viel"}, "steps": [], "expect": {"path": ["start"]}}
    source = replace(versions.source(bpmn_xml, forms), cases=[case])
    with doing.world.deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
        made = publishing.publish(connection, source, clock=SystemClock())
    assert isinstance(made, TemplateVersion), made
    _sign(doing, str(made.id), "kyffhaeuserkreis")


def _sign(doing: Doing, version: str, leading: str) -> None:
    """Two sign: the team's lead and who is delegated by the topic's lead county."""
    for person in (doing.world.person("service_team_lead"), delegate(doing.world, leading)):
        doing.do(person, "signVersion", version=version)


def _give_up(doing: Doing, lead: Person) -> None:
    """One draft is discarded, one stays open with what speaks against it."""
    base = version_of(doing, lead, SCHOOL, 1)
    gone = doing.do(lead, "createDraft", baseVersion=base)["draft"]
    doing.do(lead, "discardDraft", draft=gone["id"], expectedVersion=gone["version"])
    kept = doing.do(lead, "createDraft", slug="hundesteuer", topic="versorgung")["draft"]
    files = {"template.json": "{}", "letter.letter.json": "kein JSON"}
    doing.do(lead, "saveDraft", draft=kept["id"], expectedVersion=kept["version"], files=files)


def _retire(doing: Doing, lead: Person) -> None:
    doing.do(lead, "retireTemplate", template=UNSIGNED, number=1, reason="Es gibt eine bessere Vorlage.")


def _others(doing: Doing, lead: Person) -> None:
    operator = doing.world.person("operator")
    accounts = [{"realm": "service-team", "subject": lead.claims["sub"]}, {"realm": COUNTY, "subject": "somebody"}]
    doing.do(operator, "linkAccounts", first=accounts[0], second=accounts[1])
    doing.do(operator, "createTenant", slug="eichsfeld", name="Landkreis Eichsfeld", regionalKey="160610000000")


def today() -> str:
    """ISO day; what begins today."""
    return SystemClock().now().astimezone(BERLIN).date().isoformat()
