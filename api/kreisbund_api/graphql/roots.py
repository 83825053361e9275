"""The roots of reading. Ids that cannot be read, are foreign or of another kind are null, all alike."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import ID

from kreisbund_api.graphql.case_inputs import CaseFilter, TaskFilter
from kreisbund_api.graphql.cases import (
    Application,
    ApplicationConnection,
    CaseRecord,
    CaseRecordConnection,
    Incident,
    Task,
    TaskConnection,
)
from kreisbund_api.graphql.catalogue import (
    LifeSituation,
    ProcessTemplate,
    ProcessTemplateConnection,
    PublicService,
    PublicServiceConnection,
    Tenant,
    TenantConnection,
    Viewer,
)
from kreisbund_api.graphql.dashboards import StateDashboard
from kreisbund_api.graphql.emergency_roots import EmergencyQuery
from kreisbund_api.graphql.life_cycle_query import LifeCycleQuery
from kreisbund_api.graphql.mining import MiningQuery
from kreisbund_api.graphql.privacy import PrivacyQuery
from kreisbund_api.graphql.reading import Info, read, require
from kreisbund_api.graphql.refusals import bad_input
from kreisbund_api.graphql.relay import Node
from kreisbund_api.graphql.rights_query import RightsQuery
from kreisbund_api.graphql.scalars import Date
from kreisbund_api.graphql.transfers import TransferQuery
from kreisbund_api.graphql.upgrade_queries import UpgradeQuery
from kreisbund_api.graphql.variants_query import VariantQuery
from kreisbund_platform.cases import status
from kreisbund_platform.clock import BERLIN
from kreisbund_platform.database import case_filters, catalogue_objects
from kreisbund_platform.database.idempotency import in_transaction
from kreisbund_platform.database.object_types import Many, One
from kreisbund_platform.database.wait_objects import OPEN_INCIDENTS
from kreisbund_platform.errors import NotFound
from kreisbund_platform.identity.policy import may
from kreisbund_platform.ids import Kind, kind_of, parse_id
from kreisbund_platform.services.search import ranked_ids

BY_ID = "{a}.id = {id}::uuid"
MOST_HITS = 500
MOST_MONTHS = 240
# Which root stands for a kind: who may not ask that root finds nothing through node(id) either.
ROOT_OF_KIND = {
    Kind.TENANT: ("Tenant", "node"),
    Kind.UNIT: ("Unit", "node"),
    Kind.PUBLIC_SERVICE: ("PublicService", "publicServices"),
    Kind.TOPIC: ("Topic", "node"),
    Kind.PROCESS_TEMPLATE: ("ProcessTemplate", "processTemplate"),
    Kind.TEMPLATE_VERSION: ("TemplateVersion", "processTemplate"),
    Kind.APPLICATION: ("Application", "application"),
    Kind.CASE_RECORD: ("CaseRecord", "task"),
    Kind.TASK: ("Task", "task"),
    Kind.EVENT: ("CaseEvent", "task"),
    Kind.DOCUMENT: ("Document", "task"),
    Kind.DECISION: ("Decision", "task"),
    Kind.NOTE: ("Note", "caseRecord"),
    Kind.MESSAGE: ("Message", "task"),
    Kind.TEMPLATE_VARIANT: ("TemplateVariant", "templateVariant"),
    Kind.VARIANT_REBASE: ("VariantRebase", "variantRebase"),
    Kind.TEMPLATE_DRAFT: ("TemplateDraft", "draft"),
    Kind.DRAFT_REVISION: ("DraftRevision", "draft"),
    Kind.REVIEW_ROUND: ("ReviewRound", "draft"),
    Kind.REVIEW_COMMENT: ("ReviewComment", "draft"),
    Kind.PUBLICATION_PROPOSAL: ("PublicationProposal", "draft"),
    Kind.COOPERATION_AGREEMENT: ("CooperationAgreement", "cooperationAgreement"),
    Kind.CASE_UPGRADE: ("CaseUpgrade", "caseUpgrade"),
    Kind.CASE_TRANSFER: ("CaseTransfer", "caseTransfer"),
    Kind.INCIDENT: ("Incident", "incidents"),
}


def _by_id(info: Info, kind: Kind, text: str, type_name: str) -> Any:
    require(info)
    identifier = parse_id(text, kind)
    return read(info, One(type_name, BY_ID), id=identifier) if identifier else None


def _kind(text: str) -> Kind | None:
    try:
        return kind_of(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None


def _months(info: Info, first: date | None, last: date | None) -> tuple[date, date]:
    """The months asked for; the last twelve where nothing is said."""
    today = info.context.clock.now().astimezone(BERLIN).date()
    last = (last or today).replace(day=1)
    before = last.year * 12 + last.month - 12
    first = (first or date(max(1, before // 12), before % 12 + 1, 1)).replace(day=1)
    span = (last.year - first.year) * 12 + last.month - first.month
    if not 0 <= span < MOST_MONTHS:
        raise bad_input()
    return first, last


@strawberry.type
class Query(
    LifeCycleQuery,
    VariantQuery,
    UpgradeQuery,
    TransferQuery,
    MiningQuery,
    PrivacyQuery,
    RightsQuery,
    EmergencyQuery,
):
    """Reading."""

    @strawberry.field
    def viewer(self, info: Info) -> Viewer:
        """Who is asking."""
        return read(info, One("Viewer", "true"))  # type: ignore[no-any-return]

    @strawberry.field
    def node(self, info: Info, id: ID) -> Node | None:
        """Anything by its id."""
        require(info)
        type_name, root = ROOT_OF_KIND.get(_kind(id) or Kind.UPLOAD, ("", ""))
        if not may(info.context.principal, f"Query.{root}"):
            return None
        return read(info, One(type_name, BY_ID), id=UUID(id))  # type: ignore[no-any-return]

    @strawberry.field
    def public_services(
        self,
        info: Info,
        search: str | None = None,
        life_situation: str | None = None,
        first: int | None = 20,
        after: str | None = None,
    ) -> PublicServiceConnection:
        """Public services by name, or by how well they fit what somebody typed."""
        require(info)
        asked = search and search.strip()
        ranked = [hit[0] for hit in ranked_ids(info.context.connection, asked, MOST_HITS)] if asked else None
        field, values = catalogue_objects.services(ranked, life_situation)
        return read(info, field, **values)  # type: ignore[no-any-return]

    @strawberry.field
    def public_service(self, info: Info, leika_key: str) -> PublicService | None:
        """A public service by its 14-digit key."""
        field = One("PublicService", "{a}.leika_key = {leika_key}::text")
        return read(info, field, leika_key=leika_key)  # type: ignore[no-any-return]

    @strawberry.field
    def life_situations(self, info: Info) -> list[LifeSituation]:
        """All life situations by name."""
        return read(info, Many("LifeSituation", "true", "{a}.name"))  # type: ignore[no-any-return]

    @strawberry.field
    def county(self, info: Info) -> Tenant | None:
        """The county whose page or token this is."""
        return read(info, One("Tenant", "{a}.id = {tenant_id}::uuid"))  # type: ignore[no-any-return]

    @strawberry.field
    def process_templates(
        self, info: Info, search: str | None = None, first: int | None = 20, after: str | None = None
    ) -> ProcessTemplateConnection:
        """Published process templates by title."""
        field, values = catalogue_objects.templates(search and search.strip())
        return read(info, field, **values)  # type: ignore[no-any-return]

    @strawberry.field
    def process_template(self, info: Info, slug: str) -> ProcessTemplate | None:
        """A published process template."""
        condition = f"{{a}}.slug = {{slug}}::text AND {catalogue_objects.HAS_VERSION}"
        return read(info, One("ProcessTemplate", condition), slug=slug)  # type: ignore[no-any-return]

    @strawberry.field
    def application(self, info: Info, id: ID) -> Application | None:
        """One of the viewer's applications."""
        return _by_id(info, Kind.APPLICATION, id, "Application")  # type: ignore[no-any-return]

    @strawberry.field
    def applications(self, info: Info, first: int | None = 20, after: str | None = None) -> ApplicationConnection:
        """The viewer's applications, newest first."""
        return read(info, case_filters.own_applications())  # type: ignore[no-any-return]

    @strawberry.field
    def case_record(self, info: Info, id: ID) -> CaseRecord | None:
        """One case of the county."""
        return _by_id(info, Kind.CASE_RECORD, id, "CaseRecord")  # type: ignore[no-any-return]

    @strawberry.field
    def cases(
        self, info: Info, filter: CaseFilter | None = None, first: int | None = 20, after: str | None = None
    ) -> CaseRecordConnection:
        """The county's cases, newest first."""
        given = filter or CaseFilter()
        names = None if given.status is None else [each.value for each in given.status]
        asked = case_filters.CaseFilter(names, given.template, given.assignee, given.due_before, given.text)
        field, values = case_filters.cases(asked)
        return read(info, field, **values)  # type: ignore[no-any-return]

    @strawberry.field
    def task(self, info: Info, id: ID) -> Task | None:
        """One task."""
        return _by_id(info, Kind.TASK, id, "Task")  # type: ignore[no-any-return]

    @strawberry.field
    def tasks(
        self, info: Info, filter: TaskFilter | None = None, first: int | None = 20, after: str | None = None
    ) -> TaskConnection:
        """Tasks that the viewer may see, newest first."""
        given = filter or TaskFilter()
        names = None if given.status is None else [each.value for each in given.status]
        case = None if given.case is None else parse_id(given.case, Kind.CASE_RECORD) or UUID(int=0)
        field, values = case_filters.tasks(case_filters.TaskFilter(names, given.role, given.assignee, case))
        return read(info, field, **values)  # type: ignore[no-any-return]

    @strawberry.field
    def incidents(self, info: Info) -> list[Incident]:
        """Open incidents of the county's cases, the newest first."""
        return read(info, OPEN_INCIDENTS)  # type: ignore[no-any-return]

    @strawberry.field
    def tenants(self, info: Info, first: int | None = 20, after: str | None = None) -> TenantConnection:
        """All tenants, newest first."""
        return read(info, catalogue_objects.TENANTS)  # type: ignore[no-any-return]

    @strawberry.field
    def state_dashboard(
        self,
        info: Info,
        from_: Annotated[Date | None, strawberry.argument(name="from")] = None,
        to: Date | None = None,
    ) -> StateDashboard:
        """Counties times months."""
        require(info)
        first, last = _months(info, from_, to)
        return read(info, One("StateDashboard", "true"), from_month=first, to_month=last)  # type: ignore[no-any-return]

    @strawberry.field
    def guest_status(self, info: Info, case_number: str, secret: str) -> Application | None:
        """The status of an application for who knows its number and secret; every try is counted."""
        require(info)
        if info.context.principal.tenant is None:
            return None  # no county, no case number
        work = info.context.work
        found = in_transaction(work.connection, lambda: status.guest_application(work, case_number, secret))
        if isinstance(found, NotFound):
            return None
        return read(info, One("Application", BY_ID), id=found, granted=found)  # type: ignore[no-any-return]
