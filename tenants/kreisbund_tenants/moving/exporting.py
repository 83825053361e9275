"""`tenants export`: everything that a county has, of one moment, in one signed file.

All rows are read in one REPEATABLE READ transaction of the owner, so the county goes on working meanwhile; it may be
suspended. That an export was drawn stands in the county's own event log, before the moment it shows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from kreisbund_platform.audit import log
from kreisbund_platform.audit.checkpoints import signing_key as checkpoint_key
from kreisbund_platform.audit.stores import name_of, store_of
from kreisbund_platform.documents import files
from kreisbund_platform.documents.scanning.scanner import GONE
from kreisbund_platform.identity import deployment_keys
from kreisbund_platform.identity.context import WorkContext
from kreisbund_platform.identity.principals import system_of
from kreisbund_platform.tenancy.context import TenantContext
from kreisbund_tenants.moving import accounts, catalogue, container, registry_rows, tables
from kreisbund_tenants.moving.errors import MovingError
from kreisbund_tenants.moving.place import Place

Rows = psycopg.Connection[Any]
Tell = Callable[[str], None]
# Text of dates, bytes and numbers must not hang on the server's settings.
PLAIN = "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1"
STORED = "SELECT DISTINCT storage_key FROM {} WHERE storage_key <> '' ORDER BY 1"
# a refused upload keeps its row and loses its bytes, unless a document of the county's own has the same
REFUSED = "SELECT DISTINCT storage_key FROM {} WHERE scan_state = ANY(%s)"


@dataclass(frozen=True)
class Exported:
    """What was written. `manifest_hash`: SHA-256 of the manifest, hexadecimal."""

    file: Path
    parts: int
    rows: int
    files: int


def export(here: Place, tenant: TenantContext, target: Path, tell: Tell, receiver: bytes | None = None) -> Exported:
    """Writes the county to `target`, which must not exist. Raises MovingError; then no file is left.

    `receiver`: the receiving key of the deployment that alone may open it.
    """
    with container.written_beside(target) as file, container.Writer(file, receiver) as writer:
        _note(here, tenant)
        with here.database.owner() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute(PLAIN)
            said = Export(here, tenant, connection, writer, tell).write()
        writer.sign(container.signing_key(here.settings), said)
    rows = sum(part.get("rows", 0) for part in writer.parts)
    stored = sum(part["kind"] == "file" for part in writer.parts)
    return Exported(target, len(writer.parts), rows, stored)


def _note(here: Place, tenant: TenantContext) -> None:
    with here.connections.for_tenant(tenant) as connection, connection.transaction():
        work = WorkContext(connection, tenant, system_of(tenant), here.clock, here.settings)
        log.append(work, type="TENANT_EXPORTED", case_id=None, case_version=None)


@dataclass(frozen=True)
class Export:
    """One export under way, inside its snapshot."""

    here: Place
    tenant: TenantContext
    connection: Rows
    writer: container.Writer
    tell: Tell

    def write(self) -> dict[str, Any]:
        """Writes all parts; answers what the manifest says beside them."""
        self._shared()
        found = tables.tables_of(self.connection, self.tenant.schema_name)
        for table in found:
            self._table(table)
        self._files()
        checkpoints = self._checkpoints() if "audit_watch" in {table.name for table in found} else 0
        realm = self._accounts()
        return {
            "created_at": self.here.clock.now().isoformat(),
            "checkpoint_key": deployment_keys.public_bytes(checkpoint_key(self.here.settings)).hex(),
            "county": registry_rows.county_row(self.connection, self.tenant.id),
            "schema": self._schema(),
            "counters": tables.counters(self.connection, self.tenant.schema_name, found),
            "templates": catalogue.versions_used(self.connection, self.tenant.schema_name),
            "event_log": {**self._head(), "checkpoints": checkpoints},
            "realm": realm,
        }

    def _shared(self) -> None:
        for table in registry_rows.TABLES:
            owner = self.tenant.slug if table.owner == "realm" else self.tenant.id
            lines = list(registry_rows.rows_out(self.connection, table, owner))
            self.writer.add(f"shared/{table.name}.jsonl", lines, kind="shared", table=table.name, rows=len(lines))

    def _table(self, table: tables.Table) -> None:
        counted = _Counted(tables.rows_out(self.connection, self.tenant.schema_name, table))
        name = f"tables/{table.name}.copy"
        part = self.writer.add(name, counted, kind="table", table=table.name, columns=list(table.columns))
        part["rows"] = counted.rows
        if counted.rows:
            self.tell(f"{table.name}: {counted.rows} rows")

    def _files(self) -> None:
        store = files.store_of(self.here.settings)
        keys = sorted({*self._stored("document"), *self._stored("upload")})
        refused = self._refused()
        for number, key in enumerate(keys, start=1):
            try:
                content = store.get(self.tenant, key)
            except files.FileDamagedError as problem:
                if key in refused:
                    continue
                raise MovingError(f"{problem}: {key}; mend the store or try again") from problem
            self.writer.add(f"files/{key[:2]}/{key}", [content], kind="file", key=key)
            if number % 1000 == 0 or number == len(keys):
                self.tell(f"files: {number} of {len(keys)}")

    def _refused(self) -> set[str]:
        query = sql.SQL(REFUSED).format(sql.Identifier(self.tenant.schema_name, "upload"))
        return {row[0] for row in self.connection.execute(query, (list(GONE),)).fetchall()}

    def _stored(self, table: str) -> Iterator[str]:
        query = sql.SQL(STORED).format(sql.Identifier(self.tenant.schema_name, table))
        return (row[0] for row in self.connection.execute(query).fetchall())

    def _checkpoints(self) -> int:
        """Those that the snapshot knows of: a later one would speak of events that are not in it."""
        watch = sql.SQL("SELECT number FROM {}").format(sql.Identifier(self.tenant.schema_name, "audit_watch"))
        row = self.connection.execute(watch).fetchone()
        store = store_of(self.here.settings)
        for number in range(1, (row[0] if row else 0) + 1):
            content = store.get(self.tenant.id, number)
            if content is None:
                raise MovingError(f"checkpoint {number} of the event log is missing; see 'audit verify'")
            self.writer.add(f"checkpoints/{name_of(number)}", [content], kind="checkpoint", number=number)
        return row[0] if row else 0

    def _accounts(self) -> str:
        """People's accounts without passwords and second factors, which Keycloak tells nobody."""
        if self.here.settings.keycloak is None:
            return "NONE"
        lines = accounts.lines(self.here.settings.keycloak, self.tenant.slug)
        self.writer.add("realm/accounts.jsonl", lines, kind="accounts")
        return "ACCOUNTS_WITHOUT_CREDENTIALS"

    def _schema(self) -> list[dict[str, Any]]:
        query = sql.SQL("SELECT version, name, checksum FROM {} ORDER BY version")
        ledger = sql.Identifier(self.tenant.schema_name, tables.LEDGER)
        rows = self.connection.execute(query.format(ledger)).fetchall()
        return [{"version": version, "name": name, "checksum": checksum} for version, name, checksum in rows]

    def _head(self) -> Mapping[str, Any]:
        query = sql.SQL("SELECT seq, hash FROM {}").format(sql.Identifier(self.tenant.schema_name, "chain_head"))
        row = self.connection.execute(query).fetchone()
        if row is None:
            raise MovingError("the event log has no head; see 'audit verify'")
        return {"seq": row[0], "hash": row[1].hex()}


class _Counted:
    """Passes blocks on and counts the rows in them: a line feed ends a row and stands nowhere else in COPY text."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self.rows += block.count(b"\n")
            yield block
