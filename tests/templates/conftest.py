"""The service team of four counties at work, on a database of its own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from kreisbund_platform.clock import ManualClock
from kreisbund_platform.errors import REFUSALS
from kreisbund_platform.identity.context import TeamContext, WorkContext
from kreisbund_platform.identity.principals import RealmKind, system_of
from kreisbund_platform.templates.life_cycle import contents, drafts, publication, reviews, rows
from kreisbund_platform.templates.life_cycle.models import PublicationProposal, ReviewRound, TemplateDraft
from kreisbund_platform.templates.models import ProcessTemplate, TemplateVersion
from kreisbund_tenants.seeding import seed_templates
from tests.support.database import fresh_database
from tests.support.fixtures import START, Deployment, deployed, principal_of, settings_for

FOUR = ("kyffhaeuserkreis", "nordhausen", "unstrut-hainich-kreis", "wartburgkreis")
LEAD = "kyffhaeuserkreis"
SLUG = "schuelerbefoerderung"


@dataclass
class Workshop:
    """Every call is a transaction of its own; people are named by county, `lead` and `lead2` lead the team."""

    deployment: Deployment
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    def person(self, name: str):
        role = "service_team_lead" if name.startswith("lead") else "topic_lead"
        home = "nordhausen" if name.startswith("lead") else name
        return principal_of(None, role, subject=name, realm_kind=RealmKind.SERVICE_TEAM, home_tenant=home)

    def do(self, service, *arguments, by=LEAD, **more):
        """The result; what a refusal wrote is undone, as at the API's boundary."""
        with (
            self.deployment.connections.for_workspace("catalogue") as connection,
            connection.transaction() as savepoint,
        ):
            work = TeamContext(connection, self.person(by), self.clock, self.deployment.settings)
            result = service(work, *arguments, **more)
            if isinstance(result, REFUSALS):
                raise psycopg.Rollback(savepoint)
        return result

    def county(self, slug, service, *arguments, role="county_admin", system=False):
        tenant = self.deployment.registry.by_slug(slug)
        person = system_of(tenant) if system else principal_of(tenant, role)
        with self.deployment.connections.for_tenant(tenant) as connection, connection.transaction():
            work = WorkContext(connection, tenant, person, self.clock, self.deployment.settings)
            return service(work, *arguments)

    def row(self, model, **where):
        return self.do(lambda work: rows.one(work.connection, model, **where))

    def all(self, model, order="", **where):
        return self.do(lambda work: rows.found(work.connection, model, order, **where))

    def later(self, **delta):
        self.clock.set(self.clock.now() + timedelta(**delta))

    def version(self, slug=SLUG, number=1) -> TemplateVersion:
        return self.row(TemplateVersion, template_id=self.row(ProcessTemplate, slug=slug).id, number=number)

    def newest(self, slug=SLUG) -> TemplateVersion:
        return self.all(TemplateVersion, "number DESC", template_id=self.row(ProcessTemplate, slug=slug).id)[0]

    def draft(self, draft_id: UUID) -> TemplateDraft:
        return self.row(TemplateDraft, id=draft_id)

    def begin(self, slug=SLUG, **changes) -> UUID:
        """A draft on the newest version with another summary, so that its content is new."""
        draft_id = self.do(drafts.create, drafts.NewDraft(base_version=str(self.newest(slug).id)))
        assert isinstance(draft_id, UUID), draft_id
        self.write(draft_id, changes or {"summary": f"Fassung aus {draft_id}"})
        return draft_id

    def write(self, draft_id, manifest) -> UUID:
        draft = self.draft(draft_id)
        files = self.files(draft_id)
        text = json.dumps({**json.loads(files[contents.MANIFEST]), **manifest})
        return self.do(drafts.save, str(draft_id), {contents.MANIFEST: text}, draft.version)

    def files(self, draft_id) -> dict[str, str]:
        return self.do(lambda work: drafts.newest(work, rows.one(work.connection, TemplateDraft, id=draft_id)).files)

    def open(self, draft_id) -> UUID:
        return self.do(reviews.open_round, str(draft_id), self.draft(draft_id).version)

    def accept(self, draft_id) -> UUID:
        """A round in which three counties approve, closed after its minimum period."""
        round_id = self.open(draft_id)
        assert isinstance(round_id, UUID), round_id
        for county in FOUR[:3]:
            assert isinstance(self.do(reviews.vote, str(round_id), "APPROVE", "", by=county), UUID)
        self.later(days=15)
        closed = self.do(reviews.close, str(round_id), self.row(ReviewRound, id=round_id).version)
        assert closed == round_id, closed
        return round_id

    def propose(self, draft_id, rule="ALL", on=None, by=LEAD):
        transition = publication.Transition(rule, on)
        return self.do(publication.propose, str(draft_id), transition, self.draft(draft_id).version, by=by)

    def proposal(self, draft_id) -> PublicationProposal:
        return self.all(PublicationProposal, "proposed_at DESC", draft_id=draft_id)[0]

    def publish(self, rule="ALL", on=None, slug=SLUG, **changes) -> TemplateVersion:
        """The whole way of a version, with two signatures."""
        draft_id = self.begin(slug, **changes)
        self.accept(draft_id)
        assert self.propose(draft_id, rule, on) == draft_id
        signed = self.do(publication.sign, str(self.proposal(draft_id).id), by="lead")
        assert signed == draft_id, signed
        return self.newest(slug)


@pytest.fixture(scope="package")
def team(tmp_path_factory) -> Iterator[Workshop]:
    with fresh_database() as url:
        settings = settings_for(url, tmp_path_factory.mktemp("workshop"))
        with deployed(settings, *FOUR) as deployment:
            seed_templates(deployment.connections, ManualClock(START))
            yield Workshop(deployment)
