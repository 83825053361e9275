"""What the service team does before the attempts begin: a draft reviewed, published, rolled out, another given up."""

import json
from collections.abc import Iterable
from dataclasses import replace

from kreisbund_platform.clock import BERLIN, SystemClock
from kreisbund_platform.templates import publishing
from kreisbund_platform.templates.models import TemplateVersion
from kreisbund_platform.templates.source import TemplateSource
from tests.cases import models
from tests.cases.models import MODELS, START, task, template
from tests.engine.models import flows, message, node
from tests.isolation.doing import Doing
from tests.isolation.world import COUNTY, OTHER, Person, World

SCHOOL = "schuelerbefoerderung"
WAITS = "receiver"
WAITING = ("several", "incident", WAITS)
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
    """From folders; the service team signs all but one."""
    _publish_folders(doing, [MODELS[slug] for slug in (*WAITING, UNSIGNED)])
    for slug in WAITING:
        _sign(doing, version_of(doing, lead, slug, 1))
    unsigned = version_of(doing, lead, UNSIGNED, 1)
    check = f'{{ versionCheck(version: "{unsigned}") {{ problems {{ path code message }} }} }}'
    assert doing.read(lead, check)["versionCheck"]["problems"]


def branch(doing: Doing) -> None:
    """A second version of the template that waits: after the message two tasks side by side, a field less asked for.

    A case that waits can move to it. One that has the message already never could: nobody would send it the other
    branch.
    """
    wait = node("intermediateCatchEvent", "wait", message("ready"), kb_correlation="name")
    gates = node("parallelGateway", "split") + node("parallelGateway", "join")
    ways = flows("start>wait", "wait>split", "split>after", "split>expert", "after>join", "expert>join", "join>end")
    made = template(WAITS, wait, gates, task("after"), task("expert"), ways, before=models.message("ready"))
    example = {name: value for name, value in START["example"].items() if name != "items"}
    group = START["components"][0]
    fewer = group | {"components": [each for each in group["components"] if each["key"] != "items"]}
    form = START | {"components": [fewer], "example": example}
    _publish_folders(doing, [replace(made, forms=made.forms | {"application": form})])
    _sign(doing, version_of(doing, doing.world.person("service_team_lead"), WAITS, 2))


def _publish_folders(doing: Doing, sources: Iterable[TemplateSource]) -> None:
    """As an operator does, from the command line."""
    with doing.world.deployment.connections.for_workspace("catalogue") as connection, connection.transaction():
        for source in sources:
            published = publishing.publish(connection, source, clock=SystemClock())
            assert isinstance(published, TemplateVersion), published


def _sign(doing: Doing, version: str) -> None:
    """Two sign: the team's lead and who is delegated by the topic's lead county."""
    for person in (doing.world.person("service_team_lead"), delegate(doing.world, COUNTY)):
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
