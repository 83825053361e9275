"""A county's way out and in: everything comes along, nothing else changes, and work goes on."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from kreisbund_platform.audit import verifying
from kreisbund_platform.audit.stores import store_of
from kreisbund_platform.cases.waits import timers
from kreisbund_platform.dashboards import collector
from kreisbund_platform.database import migrate
from kreisbund_platform.documents import uploads
from kreisbund_platform.documents.files import store_of as store_of_files
from kreisbund_platform.ids import Kind, new_id
from kreisbund_platform.privacy import ledger
from kreisbund_platform.privacy.models import Erasure
from kreisbund_platform.tenancy import grant_check
from kreisbund_tenants import provisioning
from kreisbund_tenants.moving import container, deleting, exporting, restoring
from kreisbund_tenants.moving.errors import DamagedError, MovingError, RefusedError
from kreisbund_tenants.moving.identity import Wish
from tests.support.fixtures import COUNTY, OTHER_COUNTY, START

from .conftest import Town

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# where a restored county begins anew: numbers of transactions, and checkpoints under another key or id
BEGUN_ANEW = ("outbox", "audit_watch")


def restored(town: Town, file: Path, slug: str | None = None, copy: bool = False, **more):
    return restoring.restore(town.place, file, Wish(slug, copy), **more)


def key_of(town: Town) -> str:
    return container.public_key(town.deployment.settings)


def catalogue(town: Town) -> dict[str, str]:
    """Ids of the catalogue and of the units to what they stand for in any deployment."""
    versions = town.shared(
        "SELECT v.id::text, p.id::text, p.slug, v.content_hash FROM shared.template_version v"
        " JOIN shared.process_template p ON p.id = v.template_id"
    )
    units = town.shared("SELECT id::text, slug FROM shared.unit")
    named = {version: f"version {slug} {content}" for version, _template, slug, content in versions}
    return named | {template: slug for _version, template, slug, _content in versions} | dict(units)


def comparable(town: Town, slug: str) -> dict[str, list[str]]:
    """Rows with the catalogue's ids replaced by what they mean; the event log as it stands, byte for byte."""
    names = catalogue(town)
    rows = town.rows(town.county(slug))
    meant = {
        table: sorted(UUID.sub(lambda found: names.get(found[0], found[0]), line) for line in lines)
        for table, lines in rows.items()
        if table not in BEGUN_ANEW
    }
    return meant | {"event": rows["event"]}


def fingerprint(town: Town, slug: str):
    shared = [town.shared(f"SELECT * FROM shared.{t} ORDER BY 1, 2") for t in ("unit", "municipality", "tenant_secret")]
    return town.rows(town.county(slug)), town.files(slug), repr(shared)


def test_a_copy_beside_the_original_has_every_row_and_file_and_others_are_untouched(town, exported):
    before, other = comparable(town, COUNTY), town.rows(town.county(OTHER_COUNTY))
    tenant = restored(town, exported, "nordhausen-kopie", copy=True)
    assert tenant.status == "SUSPENDED"
    assert comparable(town, tenant.slug) == before
    assert town.files(tenant.slug) == town.files(COUNTY)
    assert len(town.files(COUNTY)) >= 2
    assert town.rows(town.county(OTHER_COUNTY)) == other
    with town.deployment.database.owner() as owner:
        assert grant_check.verify_grants(owner) == []


def test_in_another_deployment_it_is_itself_and_work_goes_on(town, elsewhere, exported):
    other = fingerprint(elsewhere, OTHER_COUNTY)
    with pytest.raises(DamagedError, match="--signed-by"):
        restored(elsewhere, exported)
    tenant = restored(elsewhere, exported, trusted=(key_of(town),))
    assert (tenant.slug, tenant.id, tenant.regional_key) == (COUNTY, town.county(COUNTY).id, "160620000000")
    assert comparable(elsewhere, COUNTY) == comparable(town, COUNTY)
    assert elsewhere.files(COUNTY) == town.files(COUNTY)
    assert fingerprint(elsewhere, OTHER_COUNTY)[:2] == other[:2]
    log_is_whole(elsewhere, COUNTY)
    refused = elsewhere.office(COUNTY).submit()
    assert refused.code == "TENANT_SUSPENDED"
    with elsewhere.deployment.database.owner() as owner:
        provisioning.resume(owner, elsewhere.clock, COUNTY)
    goes_on(elsewhere, COUNTY)


def goes_on(town: Town, slug: str) -> None:
    office = town.office(slug)
    (last,) = office.rows("SELECT max(case_number) FROM case_record")[0]
    made = office.submit()
    assert int(office.case(made.case_id).case_number[-6:]) == int(last[-6:]) + 1
    open_case = office.rows("SELECT case_id FROM task WHERE status = 'OPEN' AND role = 'caseworker' ORDER BY id")[0][0]
    office.decide(open_case)
    assert office.case(open_case).status == "DECIDED"
    office.do(timers.fire_next, system=True)
    tenant = town.county(slug)
    with (
        town.deployment.connections.for_tenant(tenant) as county,
        town.deployment.connections.for_workspace("collector") as shared,
    ):
        assert collector.collect(county, shared, tenant.id, START) > 0
    log_is_whole(town, slug)


def log_is_whole(town: Town, slug: str) -> None:
    tenant = town.county(slug)
    settings = town.deployment.settings
    with town.deployment.connections.for_tenant(tenant) as connection:
        report = verifying.verify(connection, settings, store_of(settings), tenant)
    assert report.finding is None
    assert report.events > 0


def test_it_is_one_moment_while_people_work(town, tmp_path):
    office, target = town.office(COUNTY), tmp_path / "busy.kbx"
    made = []

    def tell(line: str) -> None:
        made.append(office.submit().case_id)

    exporting.export(town.place, town.county(COUNTY), target, tell)
    assert made
    with target.open("rb") as file:
        reader = container.Reader(file, [key_of(town)])
        parts = {part["table"]: part for part in reader.parts("table")}
        cases = b"".join(reader.blocks(parts["case_record"]))
        assert parts["application"]["rows"] == parts["case_record"]["rows"]
        assert str(made[0]).encode() not in cases
        assert parts["event"]["rows"] == reader.manifest["event_log"]["seq"]


def test_a_refused_upload_without_bytes_is_no_damage_and_a_lost_file_is(town, tmp_path):
    office = town.office(OTHER_COUNTY)
    sent = office.do(uploads.receive, "x.png", uploads.Examined(b"harm", "image/png", "PENDING"), role="citizen")
    ((key,),) = office.rows("SELECT storage_key FROM upload WHERE id = %s", sent.id)
    office.do(lambda work: store_of_files(work.settings).remove(work.tenant, key))
    with pytest.raises(MovingError, match=key):
        town.export(OTHER_COUNTY, tmp_path / "lost.kbx")
    office.rows("UPDATE upload SET scan_state = 'INFECTED' WHERE id = %s RETURNING id", sent.id)
    assert town.export(OTHER_COUNTY, tmp_path / "refused.kbx").exists()


def test_no_half_file_takes_the_name(town, tmp_path, monkeypatch):
    def fail(*_arguments):
        raise MovingError("disk")

    monkeypatch.setattr(exporting.Export, "_files", fail)
    with pytest.raises(MovingError, match="disk"):
        town.export(COUNTY, tmp_path / "county.kbx")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "taken.kbx").write_bytes(b"")
    with pytest.raises(MovingError, match="exists already"):
        town.export(COUNTY, tmp_path / "taken.kbx")


def test_a_sealed_file_opens_for_its_receiver_alone(town, elsewhere, tmp_path):
    receiver = bytes.fromhex(container.receiving_key(elsewhere.deployment.settings))
    file = exporting.export(town.place, town.county(OTHER_COUNTY), tmp_path / "s.kbx", print, receiver).file
    assert b"manifest.json" not in file.read_bytes()
    with pytest.raises(DamagedError, match="sealed for another deployment"):
        restored(town, file, "neukreis", copy=True)
    wish = Wish("siegelkreis", without_regional_key=True)
    tenant = restoring.restore(elsewhere.place, file, wish, trusted=(key_of(town),))
    assert comparable(elsewhere, tenant.slug)["party"] == comparable(town, OTHER_COUNTY)["party"]
    content = file.read_bytes()
    for bad in (
        content[:-1],
        content[: len(content) // 2],
        content + b"x",
        content[:99] + bytes([content[99] ^ 1]) + content[100:],
    ):
        (tmp_path / "bad.kbx").write_bytes(bad)
        with pytest.raises(DamagedError), container.plain(elsewhere.deployment.settings, tmp_path / "bad.kbx"):
            pass


def altered(source: Path, target: Path, name: str, change) -> Path:
    """The same ZIP with one entry changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, change(content) if entry.filename == name else content)
    return target


@pytest.mark.parametrize("name", ["tables/party.copy", "shared/unit.jsonl", "manifest.json", "manifest.sig"])
def test_one_changed_byte_is_refused_by_name(town, exported, tmp_path, name):
    bad = altered(exported, tmp_path / "bad.kbx", name, lambda c: c[:20] + bytes([c[20] ^ 1]) + c[21:])
    with pytest.raises(DamagedError) as told:
        restored(town, bad, "neukreis", copy=True)
    assert name in str(told.value) or "signed" in str(told.value) or "signature" in str(told.value)
    nothing_is_left(town, "neukreis")


def test_a_cut_file_and_one_that_is_none(town, exported, tmp_path):
    for content in (exported.read_bytes()[:-100], b"", b"PK"):
        (tmp_path / "cut.kbx").write_bytes(content)
        with pytest.raises(DamagedError):
            restored(town, tmp_path / "cut.kbx", "neukreis", copy=True)


def nothing_is_left(town: Town, slug: str) -> None:
    assert town.shared("SELECT FROM shared.tenant WHERE slug = %s", slug) == []
    assert town.shared("SELECT to_regnamespace(%s)", "county_" + slug) == [(None,)]
    assert town.shared("SELECT FROM pg_roles WHERE rolname LIKE %s", f"kb\\_%{slug}") == []
    assert town.files(slug) == {}


def test_taken_slugs_and_keys_are_refused(town, exported):
    for wish, match in (
        (Wish(), "slug nordhausen is taken"),
        (Wish("neukreis"), "regional key 160620000000 is taken"),
        (Wish("service-team", without_regional_key=True), "slug"),
    ):
        with pytest.raises(RefusedError, match=match):
            restoring.restore(town.place, exported, wish)
    nothing_is_left(town, "neukreis")


def test_a_missing_template_version_and_a_newer_schema_are_refused(town, exported, tmp_path, monkeypatch):
    with exported.open("rb") as file:
        reader = container.Reader(file, [key_of(town)])
    missing = [{**reader.manifest["templates"][0], "content_hash": "f" * 64}]
    newer = [*reader.manifest["schema"], {"version": 9999, "name": "future", "checksum": "0"}]
    for said, match in (({"templates": missing}, "missing in this catalogue"), ({"schema": newer}, "9999_future")):
        bad = resigned(town, exported, tmp_path / f"{match[:4]}.kbx", said)
        with pytest.raises(RefusedError, match=match):
            restored(town, bad, "neukreis", copy=True)
    nothing_is_left(town, "neukreis")


def resigned(town: Town, source: Path, target: Path, said) -> Path:
    """A file with another manifest, signed by the deployment as if it had exported it so."""
    with zipfile.ZipFile(source) as old:
        manifest = container.written({**json.loads(old.read("manifest.json")), **said})
    signature = container.signing_key(town.deployment.settings).sign(manifest).hex().encode()
    changed = altered(source, target.with_suffix(".half"), "manifest.json", lambda _c: manifest)
    return altered(changed, target, "manifest.sig", lambda _c: signature)


def test_a_log_that_does_not_hold_is_refused(town, exported, tmp_path):
    with zipfile.ZipFile(exported) as old:
        events = old.read("tables/event.copy").replace(b"SUBMITTED", b"SUBMITTET", 1)
        manifest = json.loads(old.read("manifest.json"))
    part = next(part for part in manifest["parts"] if part["name"] == "tables/event.copy")
    part |= {"sha256": container.sha256(events).hexdigest(), "bytes": len(events)}
    half = altered(exported, tmp_path / "half", "tables/event.copy", lambda _c: events)
    bad = resigned(town, half, tmp_path / "bad.kbx", {"parts": manifest["parts"]})
    with pytest.raises(RefusedError, match="the event log does not hold: altered row"):
        restored(town, bad, "neukreis", copy=True)
    nothing_is_left(town, "neukreis")


@pytest.mark.parametrize("step", ["_load", "_check_log", "_put_files", "_admit", "_put_checkpoints"])
def test_a_failure_after_any_step_leaves_nothing(town, exported, monkeypatch, step):
    done = getattr(restoring.Restore, step)

    def fail(self):
        done(self)
        raise OSError("disk")

    monkeypatch.setattr(restoring.Restore, step, fail)
    with pytest.raises(OSError, match="disk"):
        restored(town, exported, "neukreis", copy=True)
    nothing_is_left(town, "neukreis")


def test_what_was_erased_after_the_export_does_not_come_back(town, exported):
    settings, original = town.deployment.settings, town.county(COUNTY)
    with zipfile.ZipFile(exported) as file:
        taken = {line.split(b"\t")[0].decode() for line in file.read("tables/case_record.copy").splitlines()}
    case_id = min(taken)
    erasure = Erasure(number=1, id=new_id(Kind.ERASURE, START), at=START, kind="CASE", target=case_id, ground="REQUEST")
    outside = ledger.outside(settings)
    outside.put(original.id, 1, json.dumps([erasure.model_dump(mode="json")]).encode())
    try:
        copy = restored(town, exported, "nordhausen-spaeter", copy=True)
    finally:
        (written,) = settings.home.glob(f"**/*erasures*/{original.id}/*")
        written.unlink()
    left = {str(each) for (each,) in town.shared(f"SELECT id FROM {copy.schema_name}.case_record")}
    assert taken - left == {case_id}
    assert town.shared(f"SELECT target FROM {copy.schema_name}.erasure") == [(case_id,)]
    with town.deployment.connections.for_tenant(copy) as connection:
        assert verifying.verify(connection, settings, store_of(settings), copy).finding is None


def test_an_invitation_of_the_service_team_stays_where_it_was_given(town, exported, tmp_path):
    """What `shared` knows of it points to one county: a copy beside the original must not claim it."""
    invitation, tenant = new_id(Kind.SUPPORT_INVITATION, START), town.county(COUNTY)
    values = f"VALUES ('{invitation}', '{tenant.id}', now() + interval '1 day')"
    town.execute(f"INSERT INTO shared.support_invitation {values}")
    try:
        restored(town, town.export(COUNTY, tmp_path / "county.kbx"), "nordhausen-gast", copy=True)
        owner = town.shared("SELECT tenant_id FROM shared.support_invitation WHERE id = %s", invitation)
        assert owner == [(tenant.id,)]
    finally:
        town.execute(f"DELETE FROM shared.support_invitation WHERE id = '{invitation}'")


def test_an_emergency_access_opens_nothing_in_a_copy(town, exported, tmp_path):
    access, case = (
        new_id(Kind.EMERGENCY_ACCESS, START),
        town.shared(f"SELECT id FROM county_{COUNTY}.case_record")[0][0],
    )
    town.execute(
        f"INSERT INTO county_{COUNTY}.emergency_access (id, case_id, reason, requested_at, requested_by,"
        " requested_by_name, requesting_person, confirm_until, version) VALUES"
        f" ('{access}', '{case}', 'Der Bescheid lässt sich nicht erzeugen.', '{START}', 'otto', 'Otto', 'otto',"
        f" timestamptz '{START}' + interval '60 minutes', 1)"
    )
    copy = restored(town, town.export(COUNTY, tmp_path / "county.kbx"), "nordhausen-notfall", copy=True)
    ended = "SELECT ended_by FROM {}.emergency_access"
    assert town.shared(ended.format(f'"{copy.schema_name}"')) == [("system",)]
    assert town.shared(ended.format(f"county_{COUNTY}")) == [(None,)]


def test_the_seam_before_opening_sees_the_data_and_may_refuse(town, exported):
    def refuse(connection, tenant):
        (cases,) = connection.execute("SELECT count(*) FROM case_record").fetchone()
        raise RefusedError(f"{tenant.slug} has {cases} cases")

    with pytest.raises(RefusedError, match=r"neukreis has [1-9][0-9]* cases"):
        restored(town, exported, "neukreis", copy=True, before_opening=refuse)
    nothing_is_left(town, "neukreis")


def test_an_older_county_is_migrated_after_loading(town, exported, tmp_path, monkeypatch):
    files, migrations = migrate.migrations_of("tenant"), migrate.migrations_of
    monkeypatch.setattr(migrate, "migrations_of", lambda tree: files[:-1] if tree == "tenant" else migrations(tree))
    with town.deployment.database.owner() as owner:
        old = provisioning.create_tenant(
            owner, town.deployment.settings, town.clock, slug="altkreis", name="Altkreis", regional_key="169990000000"
        )
    monkeypatch.undo()
    with town.deployment.database.owner() as owner:
        assert migrate._version(owner, old.schema_name) == files[-2].version
    older = town.export(old.slug, tmp_path / "old.kbx")
    deleting.delete(town.place, "altkreis", "Test")
    tenant = restored(town, older)
    with town.deployment.database.owner() as owner:
        assert migrate._version(owner, tenant.schema_name) == files[-1].version
    log_is_whole(town, "altkreis")


def test_a_deleted_county_comes_back_as_itself_with_its_checkpoints(town, tmp_path):
    with town.deployment.database.owner() as owner:
        made = provisioning.create_tenant(
            owner, town.deployment.settings, town.clock, slug="rueckkreis", name="R", regional_key="169980000000"
        )
    file = town.export("rueckkreis", tmp_path / "r.kbx")
    deleting.delete(town.place, "rueckkreis", "Test")
    back = restored(town, file)
    assert (back.id, back.status) == (made.id, "SUSPENDED")
    log_is_whole(town, "rueckkreis")
    with town.deployment.database.owner() as owner:
        assert grant_check.verify_grants(owner) == []
