"""A case as a package: its rows, files, template by content, and its part of the event log, with the hashes around.

Ids are the sender's; the receiver gives new ones, because a case may come back one day. Accounts do not travel: another
county's realm knows nobody of ours, so people of the sender stand as `<county>:<subject>`, and applicants as nobody.
"""

import base64
import json
import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from kreisbund_platform import ids
from kreisbund_platform.audit.chain import Event, digest
from kreisbund_platform.cases.transfers import queries
from kreisbund_platform.cases.transfers.envelopes import EnvelopeRefusedError
from kreisbund_platform.documents.files import FileDamagedError, store_of
from kreisbund_platform.documents.scanning.scanner import GONE
from kreisbund_platform.identity.context import WorkContext

FORMAT, FORMAT_VERSION = "kreisbund-case", 1
MOST_FILE_BYTES = 100 * 1024 * 1024
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# columns that name a person of the sending county
PEOPLE = {
    "task": ("completed_by",),
    "message": ("author",),
    "note": ("author",),
    "document": ("created_by",),
    "upload": ("subject",),
    "incident": ("resolved_by",),
}
NOBODY: Mapping[str, Mapping[str, Any]] = {
    "application": {
        "version": 1,
        "applicant_subject": None,
        "status_secret_hash": None,
        "status_tries": 0,
        "status_locked_until": None,
    },
    "party": {"subject": None},
    "task": {"assignee": None},
}
OPEN_AGAIN = {"CLAIMED": "OPEN"}
Tables = dict[str, list[dict[str, Any]]]


def contents(work: WorkContext, case_id: UUID, version: queries.Version) -> dict[str, Any] | None:
    """What the package of a locked case holds; None where its files are too large for one."""
    rows = queries.rows_of_case(work.connection, case_id)
    held = rows["document"] + rows["upload"]
    sizes = {row["storage_key"]: row["size_bytes"] for row in held}
    if sum(sizes.values()) > MOST_FILE_BYTES:
        return None
    gone = {row["storage_key"] for row in rows["upload"] if row["scan_state"] in GONE}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "template": {"slug": version.slug, "number": version.number, "content_hash": version.content_hash},
        "county": {"slug": work.tenant.slug, "name": work.tenant.name},
        "rows": rows,
        "files": _files(work, sizes, gone),
        "history": queries.history(work.connection, case_id),
    }


def _files(work: WorkContext, keys: Iterable[str], gone: Collection[str]) -> dict[str, str]:
    """Content by key; a refused upload keeps its row and has lost its bytes, unless a document has the same."""
    store, found = store_of(work.settings), {}
    for key in keys:
        try:
            found[key] = base64.b64encode(store.get(work.tenant, key)).decode()
        except FileDamagedError:
            if key not in gone:
                raise
    return found


def check(package: Mapping[str, Any]) -> None:
    """Raises EnvelopeRefusedError for another format, files that are not theirs, or a history that does not follow."""
    if (package.get("format"), package.get("format_version")) != (FORMAT, FORMAT_VERSION):
        raise EnvelopeRefusedError("FORMAT")
    if set(package["rows"]) != set(queries.CASE_TABLES) or len(package["rows"]["case_record"]) != 1:
        raise EnvelopeRefusedError("FORMAT")
    for key, content in package["files"].items():
        if sha256(base64.b64decode(content)).hexdigest() != key:
            raise EnvelopeRefusedError("FILE")
    case_id = package["rows"]["case_record"][0]["id"]
    for line in package["history"]:
        seq, *columns = line["columns"]
        event = Event._make((int(seq), *columns, bytes.fromhex(line["hash"])))
        if event.case_id != case_id or digest(bytes.fromhex(line["previous"]), event) != event.hash:
            raise EnvelopeRefusedError("HISTORY")


def fitted(work: WorkContext, package: Mapping[str, Any]) -> Tables:
    """The rows as the receiving county writes them: fresh ids, nobody's accounts, its own unit for all that is open.

    Case number, template and times are the caller's.
    """
    rows: Tables = _with_fresh_ids(work, package["rows"])
    sender = package["county"]["slug"]
    for table, lines in rows.items():
        for row in lines:
            row.update(NOBODY.get(table, {}))
            row.update({name: f"{sender}:{row[name]}" for name in PEOPLE.get(table, ()) if row[name]})
    for task in rows["task"]:
        task["status"] = OPEN_AGAIN.get(task["status"], task["status"])
    return rows


def put_files(work: WorkContext, package: Mapping[str, Any]) -> None:
    """Stores the files in the receiving county."""
    store = store_of(work.settings)
    for content in package["files"].values():
        store.put(work.tenant, base64.b64decode(content))


def _with_fresh_ids(work: WorkContext, rows: Tables) -> Tables:
    """Every id that a row has, wherever it is named, form data included."""
    now = work.clock.now()
    fresh: dict[str, str] = {}
    for row in (row for lines in rows.values() for row in lines if "id" in row):
        kind = ids.kind_of(UUID(row["id"]))
        if kind is None:
            raise EnvelopeRefusedError("ID")
        fresh[row["id"]] = str(ids.new_id(kind, now))
    changed: Tables = json.loads(UUID_TEXT.sub(lambda found: fresh.get(found[0], found[0]), json.dumps(rows)))
    return changed
