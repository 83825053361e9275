"""`tenants restore`: a county from its export into a running deployment, without touching any other.

Everything in the database happens in one transaction: whoever looks sees the county whole or not at all. Login role
and grants come last in it, because grants of all counties queue. Realm and files come before the commit and are taken
back where it fails. The county is suspended until an operator opens it with `tenants resume`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from kreisbund_platform.audit.checkpoints import CheckpointDamagedError, decode
from kreisbund_platform.audit.stores import CheckpointExistsError, CheckpointStoreError, store_of
from kreisbund_platform.audit.verifying import Sealed, walk
from kreisbund_platform.database.migrate import migrate_schema, migrations_of
from kreisbund_platform.documents import files
from kreisbund_platform.privacy import ledger
from kreisbund_platform.rights.queries import end_all_emergencies
from kreisbund_platform.settings import KeycloakAccess
from kreisbund_platform.tenancy import grants, roles
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants import provisioning
from kreisbund_tenants.demo.realms import county_realm
from kreisbund_tenants.moving import container, registry_rows, tables
from kreisbund_tenants.moving.errors import DamagedError, RefusedError
from kreisbund_tenants.moving.identity import Identity, Wish, continues, identity_of
from kreisbund_tenants.moving.place import Place, alone
from kreisbund_tenants.realms import keys
from kreisbund_tenants.realms import service as realms
from kreisbund_tenants.realms.plan import plan_of

Rows = psycopg.Connection[Any]
Tell = Callable[[str], None]
BeforeOpening = Callable[[Rows, TenantContext], None]
UNSEALED = (
    "UPDATE audit_watch SET number = 0, seq = 0, sealed_at = NULL, checked_number = 0, checked_at = NULL,"
    " finding = NULL"
)


def nothing_before_opening(connection: Rows, tenant: TenantContext) -> None:
    """The seam for what else must happen to restored data before anybody can read them; erasures are replayed already.

    Called with the owner's connection, inside the restore's transaction, its search_path being the county's schema at
    the newest version, event log checked. Whatever it raises undoes the whole restore.
    """


def restore(
    here: Place,
    source: Path,
    wish: Wish,
    *,
    trusted: tuple[str, ...] = (),
    before_opening: BeforeOpening = nothing_before_opening,
    tell: Tell = lambda line: None,
) -> TenantContext:
    """The restored county, SUSPENDED. `trusted`: keys of other deployments whose exports are accepted.

    Raises MovingError, and then nothing is left: no schema, role, realm or file.
    """
    with alone(here.settings), container.plain(here.settings, source) as file:
        reader = container.Reader(file, (container.public_key(here.settings), *trusted))
        tell(f"{reader.verify()} parts are what was signed")
        _refuse_other_schema(reader)
        with here.database.owner() as connection:
            who = identity_of(connection, here.settings, here.clock, reader, wish)
            try:
                with _realm(here, reader, who) as kids, _taken_back(here, who.tenant), connection.transaction():
                    connection.execute("SET LOCAL lock_timeout = '10s'")
                    Restore(here, reader, who, connection, before_opening, tell).run()
                    if kids:
                        keys.announce(connection, here.settings.issuer_of(who.tenant.slug), kids)
            except psycopg.errors.UniqueViolation as problem:
                raise RefusedError("slug, regional key or a place was taken meanwhile") from problem
    return who.tenant


def _refuse_other_schema(reader: container.Reader) -> None:
    known = {file.version: file.checksum for file in migrations_of("tenant")}
    for migration in reader.manifest["schema"]:
        if known.get(migration["version"]) != migration["checksum"]:
            number = f"{migration['version']:04}_{migration['name']}"
            raise RefusedError(f"the export is of a newer or another program: it has migration {number}")


@contextmanager
def _realm(here: Place, reader: container.Reader, who: Identity) -> Iterator[frozenset[str]]:
    """Makes the realm where Keycloak is in use, and answers its keys; takes it back where the rest fails."""
    access = here.settings.keycloak
    if access is None:
        yield frozenset()
        return
    if realms.stands(access, who.tenant.slug):
        raise RefusedError(f"there is a realm {who.tenant.slug} already")
    try:
        yield _make_realm(here, access, reader, who)
    except BaseException:
        realms.remove(access, who.tenant.slug)
        raise


def _make_realm(here: Place, access: KeycloakAccess, reader: container.Reader, who: Identity) -> frozenset[str]:
    """With the accounts of the export; a copy beside the original begins without, since ids are unique in Keycloak."""
    realm = county_realm(who.tenant.slug, who.tenant.name)
    plan = plan_of(here.settings, realm, reader.manifest["county"]["identity"], [])
    kept = [line for part in reader.parts("accounts") for line in reader.lines(part)] if who.is_itself else []
    found: set[str] = set()
    realms.ensure(access, plan, lambda admin: found.update(keys.present(admin)), kept)
    return frozenset(found)


@contextmanager
def _taken_back(here: Place, tenant: TenantContext) -> Iterator[None]:
    """No file stays of a county that was not restored; what an attempt that was killed left goes first."""
    store = files.store_of(here.settings)
    store.remove_all(tenant)
    try:
        yield
    except BaseException:
        store.remove_all(tenant)
        raise


@dataclass(frozen=True)
class Restore:
    """One restore under way, inside its transaction."""

    here: Place
    reader: container.Reader
    who: Identity
    connection: Rows
    before_opening: BeforeOpening
    tell: Tell

    @property
    def schema(self) -> str:
        """The new schema's name."""
        return self.who.tenant.schema_name

    def run(self) -> None:
        """All steps, in the one order that works."""
        self._load()
        self._register()
        self.connection.execute(sql.SQL("SET LOCAL search_path = {}, pg_catalog").format(sql.Identifier(self.schema)))
        self._check_log()
        self._forget_sealed()
        self._erase_again()
        self._let_nobody_look()
        self.before_opening(self.connection, self.who.tenant)
        self.connection.execute("SET LOCAL search_path = pg_catalog")
        self._put_files()
        self._admit()
        self._put_checkpoints()

    def _load(self) -> None:
        """The schema as it was exported, its rows, and then the migrations that came since."""
        clock, manifest = self.here.clock, self.reader.manifest
        versions = {migration["version"] for migration in manifest["schema"]}
        migrate_schema(self.connection, self.schema, clock, _later, only=versions)
        found = tables.tables_of(self.connection, self.schema)
        parts = {part["table"]: part for part in self.reader.parts("table")}
        if {table.name for table in found} != parts.keys():
            raise RefusedError("the export has other tables than its schema's version")
        tables.empty(self.connection, self.schema, found)
        tables.set_triggers(self.connection, self.schema, found, enabled=False)
        for table in found:
            self._load_table(parts[table.name])
        tables.set_triggers(self.connection, self.schema, found, enabled=True)
        tables.set_counters(self.connection, self.schema, manifest["counters"])
        # numbers of transactions mean nothing in another cluster; the collector waits for later ones
        outbox = sql.Identifier(self.schema, "outbox")
        self.connection.execute(sql.SQL("UPDATE {} SET transaction_id = DEFAULT").format(outbox))
        migrate_schema(self.connection, self.schema, clock, _later)

    def _load_table(self, part: container.Part) -> None:
        ids = {} if part["table"] == tables.HASHED else self.who.ids
        blocks = tables.with_ids(self.reader.blocks(part), {old.encode(): new.encode() for old, new in ids.items()})
        try:
            rows = tables.rows_in(self.connection, self.schema, part["table"], part["columns"], blocks)
        except psycopg.errors.Error as problem:
            raise RefusedError(f"{part['table']} does not fit: {problem.sqlstate}") from problem
        if rows != part["rows"]:
            raise DamagedError(f"{part['table']} has {rows} rows instead of {part['rows']}")
        if rows:
            self.tell(f"{part['table']}: {rows} rows")

    def _register(self) -> None:
        """The registry's rows: until the commit nobody else sees them."""
        tenant, said = self.who.tenant, self.reader.manifest["county"]
        now = self.here.clock.now()
        if self.who.revives:
            self.connection.execute("DELETE FROM shared.dashboard_month WHERE tenant_id = %s", (tenant.id,))
        self.connection.execute(
            "INSERT INTO shared.tenant (id, slug, name, regional_key, kind, status, schema_name, login_role, profile,"
            " identity, four_eyes, created_at, status_changed_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, regional_key = excluded.regional_key,"
            " status = excluded.status, profile = excluded.profile, identity = excluded.identity,"
            " four_eyes = excluded.four_eyes,"
            " status_changed_at = excluded.status_changed_at WHERE tenant.status = 'DELETED'",
            (tenant.id, tenant.slug, tenant.name, tenant.regional_key, tenant.kind, tenant.status, tenant.schema_name,
             tenant.login_role, Jsonb(tenant.profile), Jsonb(said["identity"]), Jsonb(said["four_eyes"]),
             said["created_at"], now),
        )  # fmt: skip
        for table in registry_rows.TABLES:
            if table.name == "municipality" and not self.who.has_places:
                continue
            rows = [row for part in self.reader.parts("shared") if part["table"] == table.name
                    for row in self.reader.lines(part)]  # fmt: skip
            owner = tenant.slug if table.owner == "realm" else tenant.id
            registry_rows.rows_in(self.connection, table, owner, rows, self.who.ids)

    def _check_log(self) -> None:
        """The log against itself, against the checkpoints of the export and against the head that was signed."""
        key = bytes.fromhex(self.reader.manifest["checkpoint_key"])
        try:
            checkpoints = tuple(decode(content, key) for _number, content in self._checkpoints())
        except CheckpointDamagedError as problem:
            raise DamagedError("a checkpoint of the event log is damaged") from problem
        report = walk(self.connection, Sealed(checkpoints, None), self.who.tenant)
        if report.finding is not None:
            raise RefusedError(f"the event log does not hold: {report.finding.words()}")
        head = self.connection.execute("SELECT seq, encode(hash, 'hex') FROM chain_head").fetchone()
        said = self.reader.manifest["event_log"]
        if head != (said["seq"], said["hash"]):
            raise DamagedError("the event log ends elsewhere than the export says")
        if not continues(self.here.settings, self.reader, self.who):
            self.connection.execute(UNSEALED)
        self.tell(f"{report.events} events follow from one another")

    def _forget_sealed(self) -> None:
        """Stored answers and the keys of persons and cases serve the deployment that wrapped them, and no copy."""
        if not continues(self.here.settings, self.reader, self.who):
            for table in ("idempotency", "subject_key", "county_key"):
                self.connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))

    def _erase_again(self) -> None:
        """What was erased after the export: the ledger lies outside of the database. Raises RefusedError."""
        original = UUID(self.reader.manifest["county"]["id"])
        try:
            entries = ledger.stored_ledger(ledger.outside(self.here.settings), original)
        except CheckpointStoreError as problem:
            raise RefusedError("the ledger of erasures cannot be read: nothing may come back unseen") from problem
        done = ledger.replay_erasures(self.connection, entries)
        if done.cases or done.accounts:
            self.tell(f"erased again: {done.cases} cases, {done.accounts} accounts")

    def _let_nobody_look(self) -> None:
        """Who may look from outside was decided for the original: invitations are not found here, emergencies end."""
        end_all_emergencies(self.connection, self.here.clock.now(), "system")

    def _put_files(self) -> None:
        store = files.store_of(self.here.settings)
        for part in self.reader.parts("file"):
            if store.put(self.who.tenant, b"".join(self.reader.blocks(part))) != part["key"]:
                raise DamagedError(f"{part['name']} is not the file of its name")

    def _admit(self) -> None:
        """Role, secret, grants and issuer: last, because all counties' grants queue for the same rows."""
        tenant, settings = self.who.tenant, self.here.settings
        roles.give_county_secret(self.connection, settings, tenant.id, tenant.login_role, tenant.schema_name)
        grants.grant_county(self.connection, tenant.schema_name, tenant.login_role)
        provisioning.point_issuer(self.connection, settings, tenant.slug, "COUNTY", tenant.id)

    def _put_checkpoints(self) -> None:
        """Where they go on, the store holds what the county had; else a new row of them begins with the worker."""
        if not continues(self.here.settings, self.reader, self.who):
            return
        store, county = store_of(self.here.settings), self.who.tenant.id
        for number, content in self._checkpoints():
            try:
                store.put(county, number, content)
            except CheckpointExistsError:
                if store.get(county, number) != content:
                    raise RefusedError(f"checkpoint {number} in the store is another than the export's") from None

    def _checkpoints(self) -> Iterator[tuple[int, bytes]]:
        for part in self.reader.parts("checkpoint"):
            yield part["number"], b"".join(self.reader.blocks(part))


def _later(connection: Rows, schema: str) -> None:
    """Grants follow once, at the end."""
