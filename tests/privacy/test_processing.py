"""The record of processing says what the declarations and the adopted templates say."""

from kreisbund_platform.privacy import processing
from kreisbund_platform.privacy.declarations import COUNTY, SHARED
from tests.support.fixtures import START


def record(office):
    return office.do(lambda work: processing.record_of(work.connection, work.tenant, START))


def test_each_adopted_template_is_an_activity_with_its_own_data(office):
    (activity,) = [each for each in record(office)["activities"] if "Schülerbeförderung" in each["title"]]
    labels = {field["label"]: field for field in activity["data"]}
    assert labels["Familienname"]["whose"] == "applicant"
    assert {"applicant", "beneficiary"} <= set(activity["people"])
    assert activity["legal_basis"]
    assert activity["retention"].startswith("zehn Jahre")


def test_every_table_with_personal_data_stands_in_it(office):
    found = record(office)
    personal = [table.name for table in (*COUNTY.values(), *SHARED.values()) if table.personal]
    assert [table["name"] for table in found["tables"]] == personal
    assert all(table["retention"] and table["legal_basis"] and table["erasure"] for table in found["tables"])


def test_as_a_document_it_holds_the_same_and_a_template_cannot_break_its_tables(office):
    found = record(office)
    found["activities"][0]["title"] = "Böse | <b>Vorlage</b>\n# Kopf"
    text = processing.markdown(found)
    assert "Landkreis Nordhausen" in text
    assert r"Böse \| \<b\>Vorlage\</b\> \# Kopf" in text
    for table in found["tables"]:
        assert table["retention"] in text
        assert table["title"] in text
