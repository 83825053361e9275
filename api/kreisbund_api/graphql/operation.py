"""One running operation: who asks, from where, and the one connection it may use, opened when first needed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from kreisbund_platform.audit import reads
from kreisbund_platform.cases import messages
from kreisbund_platform.clock import Clock
from kreisbund_platform.database.case_objects import CASE_TYPES
from kreisbund_platform.database.catalogue_objects import CATALOGUE_TYPES
from kreisbund_platform.database.life_cycle_objects import LIFE_CYCLE_TYPES
from kreisbund_platform.database.mining_objects import MINING_TYPES
from kreisbund_platform.database.object_types import Field
from kreisbund_platform.database.prepared import Asked
from kreisbund_platform.database.privacy_objects import PRIVACY_TYPES
from kreisbund_platform.database.rights_objects import RIGHTS_TYPES
from kreisbund_platform.database.selection import OPENED, RECORDED, Catalogue, Selection, fetch, reads_in
from kreisbund_platform.database.session import Database
from kreisbund_platform.database.transfer_objects import TRANSFER_TYPES
from kreisbund_platform.database.upgrade_objects import UPGRADE_TYPES
from kreisbund_platform.database.variant_objects import VARIANT_TYPES
from kreisbund_platform.database.viewer_objects import VIEWER_TYPES
from kreisbund_platform.database.wait_objects import WAIT_TYPES
from kreisbund_platform.identity.context import TeamContext, WorkContext
from kreisbund_platform.identity.principals import AccessBasis, Invitation, Principal, RealmKind, Role
from kreisbund_platform.identity.standing import QUESTION, Stood, answered, asked, standing
from kreisbund_platform.rights import emergency
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.context import TenantContext

TYPES = {
    declared.name: declared
    for declared in (
        *CATALOGUE_TYPES,
        *LIFE_CYCLE_TYPES,
        *CASE_TYPES,
        *WAIT_TYPES,
        *VARIANT_TYPES,
        *TRANSFER_TYPES,
        *UPGRADE_TYPES,
        *MINING_TYPES,
        *PRIVACY_TYPES,
        *RIGHTS_TYPES,
        *VIEWER_TYPES,
    )
}
WORKSPACES = {
    RealmKind.SERVICE_TEAM: "catalogue",
    RealmKind.STATE: "state",
    RealmKind.OPERATIONS: "operations",
}


def viewpoint_of(principal: Principal) -> str:
    """Whose row rules hold: `staff`, `citizen`, `guest`, or those of somebody outside of any county: `invited` who
    looks at one case, `operator` who asks a county for emergency access, `elsewhere` anyone else.
    """
    if principal.invited_to is not None:
        return "invited"
    if principal.asks_county is not None:
        return "operator"
    if principal.tenant is None:
        return "elsewhere"
    if principal.is_guest:
        return "guest"
    return "staff" if principal.roles - {Role.CITIZEN} else "citizen"


class Operation:
    """A context for one thread and one operation; leaving it gives the connection back.

    `assumed`: where the person stood last time; whoever acts on it asks (`ask_standing`) and says NotCompiledError
    where it does not hold any more. `stood`: where they stand, once it was asked.

    What staff and the invited were shown of citizens is recorded on leaving, before anything is answered; so is the
    first look at a message by whom it was sent to.
    """

    def __init__(
        self,
        principal: Principal,
        settings: Settings,
        connections: Connections,
        clock: Clock,
        database: Database,
        assumed: Stood | None = None,
    ) -> None:
        self.principal = assumed.principal if assumed else principal
        self.assumed = assumed
        self.stood: Stood | None = None
        self.settings = settings
        self.clock = clock
        self._connections = connections
        self._database = database
        self._held = ExitStack()
        self._shown: dict[UUID, frozenset[str]] = {}
        self.purpose = ""
        self.asks = False  # a query: what a change answers is no look at the rest

    def __enter__(self) -> Self:
        """Looks where the person stands. Raises AccountBlockedError."""
        if self.principal.tenant is not None and not self.principal.is_guest and self.assumed is None:
            with ExitStack() as undone:
                undone.callback(self._held.close)
                self.stood = standing(self.connection, self.principal, self.clock.now())
                self.principal = self.stood.principal
                undone.pop_all()
        return self

    def ask_standing(self) -> Asked | None:
        """Where the person stands, asked with what comes next; None where nothing is assumed."""
        if self.assumed is None:
            return None
        return QUESTION.ask(self.connection, *asked(self.principal, self.clock.now()))

    def still_stands(self, found: Asked | None) -> bool:
        """Whether what is assumed holds. `found`: what `ask_standing` gave, once it was waited for."""
        return self.assumed is None or (found is not None and answered(found.result()) == self.assumed.row)

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if problem is None and self._shown:
                self._note_reads()
        finally:
            self._held.__exit__(kind, problem, trace)

    def _note_reads(self) -> None:
        if self.catalogue.viewpoint in RECORDED:
            self._record()
        opened = [case_id for case_id, kinds in self._shown.items() if "MESSAGES" in kinds]
        if opened and self.asks:
            messages.note_opened(self.work, opened)

    def _record(self) -> None:
        invited = self.principal.invited_to
        is_emergency = invited is not None and invited.basis is AccessBasis.EMERGENCY
        with self.connection.transaction() if is_emergency else nullcontext():
            reads.record(self.work, self.purpose, self._shown, listed=len(self._shown) > 1)
            if is_emergency:
                emergency.note_looks(self.work, list(self._shown))

    @cached_property
    def connection(self) -> Any:
        """The county's own connection, or that of the caller's workspace."""
        if self.principal.visited is not None:
            return self._held.enter_context(self._connections.for_tenant(self.tenant))
        if self.principal.realm_kind in WORKSPACES:
            return self._held.enter_context(self._connections.for_workspace(WORKSPACES[self.principal.realm_kind]))
        return self._held.enter_context(self._connections.for_tenant(self.principal.tenant))

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """For provisioning alone: the connection is the owner's while this lasts."""
        with self._database.owner() as owner:
            self.__dict__["connection"] = owner
            try:
                yield
            finally:
                del self.__dict__["connection"]

    def workspace(self, name: str) -> AbstractContextManager[Any]:
        """A workspace's own connection, for what a county's people may know of what lies there."""
        return self._connections.for_workspace(name)

    @contextmanager
    def at_county(self, county: TenantContext) -> Iterator[Any]:
        """The county's own connection, to see whether it lets somebody from outside look."""
        with self._connections.for_tenant(county) as connection:
            yield connection

    @contextmanager
    def looking_on(self, invitation: Invitation) -> Iterator["Operation"]:
        """The same person, looking at the one case that was opened to them, through its county's connection."""
        with self._as(replace(self.principal, invited_to=invitation)) as look:
            yield look

    @contextmanager
    def asking_in(self, county: TenantContext) -> Iterator["Operation"]:
        """The same operator, with the requests for emergency access of one county, through its connection."""
        with self._as(replace(self.principal, asks_county=county)) as asking:
            yield asking

    @contextmanager
    def _as(self, principal: Principal) -> Iterator["Operation"]:
        with Operation(principal, self.settings, self._connections, self.clock, self._database) as other:
            other.purpose = self.purpose
            yield other

    @cached_property
    def work(self) -> WorkContext:
        """What services receive; only for callers from a county."""
        return WorkContext(self.connection, self.tenant, self.principal, self.clock, self.settings)

    @property
    def has_worked(self) -> bool:
        """Whether a service received the county's work."""
        return "work" in self.__dict__

    @cached_property
    def team_work(self) -> TeamContext:
        """What services receive that work on what all counties share; only for the service team."""
        assert self.principal.realm_kind is RealmKind.SERVICE_TEAM, "only the service team gets here"
        return TeamContext(self.connection, self.principal, self.clock, self.settings)

    @property
    def shown(self) -> Mapping[UUID, frozenset[str]]:
        """Kinds of a citizen's data that staff were shown so far, by case."""
        return self._shown

    @property
    def tenant(self) -> TenantContext:
        """The caller's county, or the one looked at; asking for it outside of any is a fault of the policy."""
        found = self.principal.visited or self.principal.tenant
        assert found is not None, "only people of a county get here"
        return found

    @cached_property
    def catalogue(self) -> Catalogue:
        """Object types as this caller reads them."""
        viewpoint = viewpoint_of(self.principal)
        return Catalogue(TYPES, viewpoint, viewpoint != "elsewhere")

    def values(self) -> dict[str, Any]:
        """What SQL templates may name of a request, whoever asks."""
        principal = self.principal
        return {
            "subject": principal.subject,
            "viewer_name": principal.name,
            "roles": sorted(principal.roles),
            "tenant_id": principal.tenant.id if principal.tenant else None,
            "home_tenant": principal.home_tenant,
            "units": list(principal.units),
            "assurance_level": principal.assurance_level,
            "base_url": self.settings.base_url,
            "now": self.clock.now(),
            "granted": None,
            "invited_case": principal.invited_to.case_id if principal.invited_to else None,
        }

    def read(self, field: Field, selected: Callable[[], Selection], values: Mapping[str, Any]) -> Any:
        """Runs what is selected as one statement."""
        selection = selected()
        answer = fetch(self.connection, self.catalogue, field, selection, {**self.values(), **values})
        if self.principal.invited_to is not None and answer is not None:
            self._shown.setdefault(self.principal.invited_to.case_id, frozenset())
        if self.catalogue.viewpoint in (*RECORDED, *OPENED):
            self.show_all(reads_in(answer, selection))
        return answer

    def show_all(self, reads: Mapping[UUID, frozenset[str]]) -> None:
        """Notes kinds of data by case."""
        for case_id, kinds in reads.items():
            self.show((case_id,), kinds)

    def show(self, cases: Iterable[UUID], kinds: frozenset[str]) -> None:
        """Notes that these kinds of data of these cases are shown; recorded on leaving."""
        for case_id in cases:
            self._shown[case_id] = self._shown.get(case_id, frozenset()) | kinds
