import json

import pytest

from kreisbund_platform.services import importing
from kreisbund_platform.services.search import ranked_ids

SITUATIONS = [{"name": "Wohnen & Umzug", "subject": None}, {"name": "Tierhaltung", "subject": None}]
OZG = [
    {"ozg_key": "10124", "name": "Wohnsitzmeldungen", "situation": "Wohnen & Umzug"},
    {"ozg_key": "10110", "name": "Abfallentsorgung", "situation": "Wohnen & Umzug"},
    {"ozg_key": "10152", "name": "Hundehaltung", "situation": "Tierhaltung"},
]


def service(key, name, ozg, **more):
    return {"leika_key": key, "name": name, "leika_type": "2/3", "legal_basis": None, "ozg_key": ozg, **more}


LEIKA = [
    service("99115005104000", "Wohnsitz Anmeldung", "10124"),
    service("99115005070000", "Wohnsitz Abmeldung", "10124"),
    service("99001007004000", "Hausmüll Entsorgung", "10110"),
    service("99110009104000", "Hundehaltung Anmeldung", "10152"),
    service("99110009070000", "Hundehaltung Abmeldung", "10152"),
    service("99067004001000", "Jagdschein Erteilung", None),
    service("99067004052000", "Jagdschein Einziehung", None, leika_type="1"),
]


@pytest.fixture
def folder(tmp_path):
    for name, rows in (("situations", SITUATIONS), ("ozg_services", OZG), ("leika_services", LEIKA)):
        (tmp_path / f"{name}.json").write_text(json.dumps(rows), "utf-8")
    return tmp_path


@pytest.fixture
def catalogue(connections):
    with connections.for_workspace("catalogue") as connection, connection.transaction(force_rollback=True):
        for table in ("public_service", "ozg_service", "life_situation"):
            connection.execute(f"DELETE FROM shared.{table}")
        yield connection


def names(connection, text):
    found = [identifier for identifier, _score in ranked_ids(connection, text, 5)]
    rows = dict(connection.execute("SELECT id, name FROM shared.public_service").fetchall())
    return [rows[identifier] for identifier in found]


def test_a_second_import_changes_nothing(catalogue, folder, clock):
    first = importing.import_path(catalogue, folder, clock)
    assert str(first) == "12 added, 0 changed, 0 unchanged, 0 skipped"
    assert str(importing.import_path(catalogue, folder, clock)) == "0 added, 0 changed, 12 unchanged, 0 skipped"


def test_a_changed_row_is_changed_alone(catalogue, folder, clock):
    importing.import_path(catalogue, folder, clock)
    (folder / "leika_services.json").write_text(json.dumps([*LEIKA[:-1], {**LEIKA[-1], "name": "Jagdschein Entzug"}]))
    assert str(importing.import_path(catalogue, folder, clock)) == "0 added, 1 changed, 11 unchanged, 0 skipped"
    assert names(catalogue, "Entzug") == ["Jagdschein Entzug"]


def test_bad_rows_are_listed_with_their_place_and_skipped(catalogue, folder, clock):
    bad = [*LEIKA, "nonsense", service("12", "Kurz", None), service("99067004001000", "Doppelt", None), {"name": 3}]
    bad.append(service("99067004001009", "Nul\x00zeichen", None))
    (folder / "leika_services.json").write_text(json.dumps(bad))
    report = importing.import_path(catalogue, folder, clock)
    assert str(report) == "12 added, 0 changed, 0 unchanged, 5 skipped"
    assert [line.split(":")[0] for line in report.skipped] == [
        f"leika_services.json, row {n}" for n in (8, 9, 10, 11, 12)
    ]


@pytest.mark.parametrize("content", [b"{", b"{}", b"\xff\xfe", b"[" * 100_000, b'[{"what": 1}]'])
def test_an_unreadable_file_is_refused_and_changes_nothing(catalogue, tmp_path, clock, content):
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(importing.ImportRefusedError, match="broken"):
        importing.import_path(catalogue, tmp_path / "broken.json", clock)


def test_a_missing_path_is_refused(catalogue, tmp_path, clock):
    with pytest.raises(importing.ImportRefusedError):
        importing.import_path(catalogue, tmp_path / "nowhere", clock)


def test_what_a_citizen_types_finds_what_the_office_calls_it(catalogue, folder, clock):
    importing.import_path(catalogue, folder, clock)
    assert names(catalogue, "Hund anmelden")[0] == "Hundehaltung Anmeldung"
    assert names(catalogue, "Umzug")[0] == "Wohnsitz Anmeldung"
    assert names(catalogue, "Jagdschien")[0] == "Jagdschein Erteilung"
    assert names(catalogue, "jagd")[0] == "Jagdschein Erteilung"
    assert names(catalogue, "qwertz") == []
    assert names(catalogue, "'; DROP TABLE shared.tenant; --") == []


def test_who_is_responsible():
    assert importing.responsible("99067004001000", "2/3") == "COUNTY"
    assert importing.responsible("99110009104000", "2/3") == "MUNICIPALITY"
    assert importing.responsible("99110001000000", "2/3") == "COUNTY"
    assert importing.responsible("99067004001000", "1") == "FEDERATION"
    assert importing.responsible("99999001000000", None) is None


@pytest.mark.outside_data
def test_the_real_list(catalogue, outside_data, clock):
    report = importing.import_path(catalogue, outside_data / "leika", clock)
    assert (report.added, report.skipped) == (4813 + 557 + 58, [])
    assert names(catalogue, "Jagdschein")[0].startswith("Jagdschein")
    assert names(catalogue, "Hund anmelden")[0] == "Hundehaltung Anmeldung"
    assert names(catalogue, "Umzug")[0] == "Wohnsitz Anmeldung"
