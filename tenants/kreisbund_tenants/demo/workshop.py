"""The service team at work in the demonstration: signatures under what set-up publishes, a draft under review."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from kreisbund_platform.clock import ManualClock, SystemClock
from kreisbund_platform.errors import REFUSALS
from kreisbund_platform.identity.context import TeamContext
from kreisbund_platform.identity.principals import NEVER_EXPIRES, AccountKind, Principal, RealmKind, Role
from kreisbund_platform.settings import Settings
from kreisbund_platform.templates.life_cycle import contents, drafts, reviews, rows, signatures
from kreisbund_platform.templates.life_cycle.models import (
    DraftRevision,
    ReviewRound,
    TemplateDraft,
    VersionPublication,
)
from kreisbund_platform.templates.models import ProcessTemplate, TemplateVersion
from kreisbund_platform.templates.source import source_of
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import Registry
from kreisbund_tenants.demo.people import DemoPerson, people_of
from kreisbund_tenants.demo.realms import DemoRealm

SLUG = "schuelerbefoerderung"
BEGAN, OPENED = timedelta(days=9), timedelta(days=5)
HEARING = ("P14D", "P21D")
THANKS = "Für Rückfragen erreichen Sie uns unter den Kontaktdaten im Briefkopf."


@dataclass
class _Team:
    """Acts for one person after the other on one connection, at moments that the story asks for."""

    connection: Connection[Any]
    settings: Settings
    people: list[Principal]

    def lead(self, number: int = 0) -> Principal:
        """One of the two who lead the service team."""
        return [person for person in self.people if Role.SERVICE_TEAM_LEAD in person.roles][number]

    def delegate(self, county: str) -> Principal:
        """The person whom a county delegated."""
        found = [p for p in self.people if p.home_tenant == county and Role.TOPIC_LEAD in p.roles]
        return found[0]

    def work(self, person: Principal, at: datetime) -> TeamContext:
        """What the services receive."""
        return TeamContext(self.connection, person, ManualClock(at), self.settings)


def furnish(settings: Settings, connections: Connections, registry: Registry) -> str:
    """Signs what is unsigned and begins the draft; does nothing twice."""
    people = [_principal(person) for person in _service_team(registry)]
    with connections.for_workspace("catalogue") as connection, connection.transaction():
        team = _Team(connection, settings, people)
        signed = sum(_sign(team, version) for version in _unsigned(connection))
        return f"{signed} versions signed, {_ensure_draft(team)} draft begun"


def _service_team(registry: Registry) -> Iterator[DemoPerson]:
    realm = DemoRealm("service-team", "Serviceteam", RealmKind.SERVICE_TEAM, None)
    yield from people_of(realm, [tenant.slug for tenant in registry.all()])


def _principal(person: DemoPerson) -> Principal:
    return Principal(
        subject=person.subject,
        name=person.name,
        username=person.username,
        realm_kind=RealmKind.SERVICE_TEAM,
        tenant=None,
        home_tenant=person.home_tenant,
        roles=frozenset({person.role}),
        units=(),
        assurance_level=person.assurance_level,
        account_kind=AccountKind.PERSON,
        token_expires_at=NEVER_EXPIRES,
    )


def _unsigned(connection: Connection[Any]) -> list[UUID]:
    signed = {row.version_id for row in rows.found(connection, VersionPublication)}
    return [row.id for row in rows.found(connection, TemplateVersion, "published_at, id") if row.id not in signed]


def _sign(team: _Team, version_id: UUID) -> int:
    now = SystemClock().now()
    for number in range(signatures.NEEDED):
        _done(signatures.sign_version(team.work(team.lead(number), now), version_id))
    return 1


def _ensure_draft(team: _Team) -> int:
    """Only where nobody has begun one, and only about the first version."""
    template = rows.one(team.connection, ProcessTemplate, slug=SLUG)
    if template is None or rows.one(team.connection, TemplateDraft, template_slug=SLUG):
        return 0
    now = SystemClock().now()
    version = rows.one(team.connection, TemplateVersion, template_id=template.id, number=1)
    assert version is not None, "the first version has number 1"
    draft_id = _write(team, version, now - BEGAN)
    _review(team, draft_id, now - OPENED)
    return 1


def _write(team: _Team, version: TemplateVersion, began: datetime) -> UUID:
    author = team.delegate("kyffhaeuserkreis")
    draft_id = _done(drafts.create(team.work(author, began), drafts.NewDraft(base_version=str(version.id))))
    files = contents.files_of(source_of(version))
    process = files[contents.PROCESS].replace('kb:due="P14D" kb:nextStep="Sie', 'kb:due="P21D" kb:nextStep="Sie')
    process = process.replace('nextStepBy="P14D"', 'nextStepBy="P21D"').replace(">P14D<", ">P21D<")
    _save(team, author, draft_id, {contents.PROCESS: process}, began + timedelta(hours=2))
    letter = files["hearing.letter.json"].replace("innerhalb von zwei Wochen", "innerhalb von drei Wochen")
    manifest = json.loads(files[contents.MANIFEST])
    for point in manifest["variable_points"]:
        point["default"] = HEARING[1] if point["id"] == "hearing_period" else point["default"]
    changed = {"hearing.letter.json": letter, contents.MANIFEST: json.dumps(manifest, ensure_ascii=False, indent=2)}
    _save(team, author, draft_id, changed, began + timedelta(days=1))
    grant = json.loads(files["grant.letter.json"])
    grant["conditions"] = [*grant["conditions"], THANKS]
    lead = team.lead()
    text = json.dumps(grant, ensure_ascii=False, indent=2)
    _save(team, lead, draft_id, {"grant.letter.json": text}, began + timedelta(days=2))
    return draft_id


def _save(team: _Team, person: Principal, draft_id: UUID, files: dict[str, str], at: datetime) -> None:
    draft = rows.one(team.connection, TemplateDraft, id=draft_id)
    assert draft is not None, "just begun"
    _done(drafts.save(team.work(person, at), str(draft_id), files, draft.version))
    saved = rows.one(team.connection, DraftRevision, draft_id=draft_id, number=draft.revision + 1)
    if saved is None or saved.problems:
        raise TypeError(f"demo draft has problems: {saved.problems if saved else 'not saved'}")


def _review(team: _Team, draft_id: UUID, opened: datetime) -> None:
    draft = rows.one(team.connection, TemplateDraft, id=draft_id)
    assert draft is not None, "just begun"
    author = team.delegate("kyffhaeuserkreis")
    round_id = _done(reviews.open_round(team.work(author, opened), str(draft_id), draft.version))
    north, wartburg = team.delegate("nordhausen"), team.delegate("wartburgkreis")
    question = reviews.NewComment(
        contents.PROCESS,
        "Drei Wochen passen. Läuft die Frist auch, wenn die Anhörung per Post geht?",
        "hearing_expired",
    )
    asked = _done(reviews.comment(team.work(north, opened + timedelta(days=1)), str(round_id), question))
    answer = reviews.NewComment(
        contents.PROCESS, "Ja, sie beginnt mit dem Versand des Schreibens.", answer_to=str(asked)
    )
    _done(reviews.comment(team.work(author, opened + timedelta(days=1, hours=3)), str(round_id), answer))
    wording = reviews.NewComment("grant.letter.json", "Den neuen Satz zu Rückfragen übernehmen wir gern.", "conditions")
    _done(reviews.comment(team.work(wartburg, opened + timedelta(days=2)), str(round_id), wording))
    for voter, days in ((north, 2), (author, 3)):
        work = team.work(voter, opened + timedelta(days=days))
        _done(reviews.vote(work, str(round_id), "APPROVE", "Die längere Frist hilft den Familien."))
    assert rows.one(team.connection, ReviewRound, id=round_id), "just opened"


def _done(result: Any) -> UUID:
    if isinstance(result, REFUSALS):
        raise TypeError(f"demonstration refused: {result.code} {result}")
    return UUID(str(result))
