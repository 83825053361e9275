"""Forms on the server: what passes, what is refused, and that hostile data cost little time."""

import time
import unicodedata

import pytest

from kreisbund_platform.engine import forms

UPLOAD = forms.UploadInfo("018f-upload", "application/pdf", 10)
SCHEMA = {
    "id": "start",
    "type": "default",
    "schemaVersion": 16,
    "components": [
        {
            "type": "group",
            "label": "Zur Person",
            "components": [
                {"type": "text", "text": "Bitte ausfüllen"},
                {"type": "textfield", "key": "family_name", "label": "Familienname", "validate": {"required": True}},
                {"type": "datetime", "subtype": "date", "key": "birth_date", "label": "Geburtsdatum"},
                {"type": "textfield", "key": "email", "label": "E-Mail", "validate": {"validationType": "email"}},
                {"type": "textfield", "key": "iban", "label": "IBAN", "properties": {"format": "iban"}},
                {"type": "textfield", "key": "postcode", "label": "Postleitzahl", "properties": {"format": "postcode"}},
                {"type": "textfield", "key": "phone", "label": "Telefon", "validate": {"validationType": "phone"}},
                {"type": "textarea", "key": "reasons", "label": "Begründung", "validate": {"maxLength": 50}},
            ],
        },
        {
            "type": "group",
            "label": "Schulweg",
            "components": [
                {
                    "type": "number",
                    "key": "metres",
                    "label": "Weg in Metern",
                    "decimalDigits": 0,
                    "validate": {"min": 0, "max": 90000},
                },
                {"type": "checkbox", "key": "disabled", "label": "Behinderung"},
                {
                    "type": "textfield",
                    "key": "proof",
                    "label": "Nachweis",
                    "validate": {"required": True, "pattern": "^[A-Z]{2}[0-9]+$"},
                    "conditional": {"hide": "=disabled != true"},
                },
                {
                    "type": "radio",
                    "key": "school",
                    "label": "Schulart",
                    "values": [
                        {"label": "Grundschule", "value": "primary"},
                        {"label": "Gymnasium", "value": "grammar"},
                    ],
                },
                {
                    "type": "checklist",
                    "key": "days",
                    "label": "Tage",
                    "values": [{"label": "Montag", "value": "mo"}, {"label": "Dienstag", "value": "tu"}],
                },
                {"type": "filepicker", "key": "files", "label": "Anlagen", "multiple": True},
            ],
        },
        {
            "type": "group",
            "label": "Wohnung",
            "path": "home",
            "components": [
                {"type": "textfield", "key": "street", "label": "Straße", "validate": {"required": True}},
            ],
        },
        {
            "type": "dynamiclist",
            "path": "children",
            "label": "Kinder",
            "components": [
                {"type": "textfield", "key": "name", "label": "Name", "validate": {"required": True}},
                {"type": "datetime", "subtype": "date", "key": "born", "label": "geboren"},
            ],
        },
    ],
    "example": {"family_name": "Łukaszewicz-Großş", "metres": 2100, "home": {"street": "Am Rößleplatz 1"}},
}


def evaluate(expression, variables):
    assert expression == "disabled != true"
    return variables["disabled"] is not True


def check(**data):
    given = {"family_name": "Ünal", "home": {"street": "Markt 8"}, **data}
    return forms.validate(SCHEMA, given, uploads={UPLOAD.id: UPLOAD}, evaluate=evaluate)


def codes(result):
    return {error.path: error.code for error in result.errors}


def test_complete_data_come_back_cleaned():
    result = check(
        family_name=unicodedata.normalize("NFD", "  Łukaszewicz-Großş É "),
        birth_date="2016-02-29",
        iban="de89 3704 0044 0532 0130 00",
        email="ä.b@straße.de",
        phone="+49 (3632) 741-0",
        postcode="99706",
        metres=2100,
        school="primary",
        days=["mo"],
        files=[UPLOAD.id],
        children=[{"name": "Şebnem", "born": "2015-01-01"}],
        reasons="a\r\nb",
    )
    assert not result.errors
    assert result.data["family_name"] == "Łukaszewicz-Großş É"
    assert result.data["iban"] == "DE89370400440532013000"
    assert result.data["reasons"] == "a\nb"
    assert result.upload_ids == (UPLOAD.id,)
    assert result.data["children"] == [{"name": "Şebnem", "born": "2015-01-01"}]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("family_name", "", "REQUIRED"),
        ("family_name", None, "REQUIRED"),
        ("family_name", 5, "WRONG_TYPE"),
        ("family_name", "a\x00b", "BAD_CHARACTER"),
        ("family_name", "a\ud800", "BAD_CHARACTER"),
        ("family_name", "a\nb", "BAD_CHARACTER"),
        ("family_name", "a" * 10_001, "TOO_LONG"),
        ("reasons", "a" * 51, "TOO_LONG"),
        ("birth_date", "2025-02-29", "INVALID_DATE"),
        ("birth_date", "20250228", "INVALID_DATE"),
        ("birth_date", "1899-12-31", "IMPLAUSIBLE_DATE"),
        ("birth_date", 20250228, "WRONG_TYPE"),
        ("email", "nobody", "INVALID_EMAIL"),
        ("email", "a@b..de", "INVALID_EMAIL"),
        ("iban", "DE89370400440532013001", "INVALID_IBAN"),
        ("postcode", "00000", "INVALID_POSTCODE"),
        ("phone", "ruf an", "INVALID_PHONE"),
        ("metres", "2100", "WRONG_TYPE"),
        ("metres", True, "WRONG_TYPE"),
        ("metres", 1.5, "NOT_WHOLE"),
        ("metres", -1, "TOO_SMALL"),
        ("metres", 90001, "TOO_LARGE"),
        ("metres", float("nan"), "WRONG_TYPE"),
        ("metres", 10**400, "OUT_OF_RANGE"),
        ("disabled", "true", "WRONG_TYPE"),
        ("disabled", 1, "WRONG_TYPE"),
        ("school", "university", "NOT_A_CHOICE"),
        ("school", ["primary"], "NOT_A_CHOICE"),
        ("days", ["mo", "mo"], "TWICE"),
        ("days", "mo", "WRONG_TYPE"),
        ("files", ["other"], "UNKNOWN_UPLOAD"),
        ("files", UPLOAD.id, "WRONG_TYPE"),
        ("files", [[1]], "WRONG_TYPE"),
        ("home", "Markt 8", "WRONG_TYPE"),
        ("children", {"name": "A"}, "WRONG_TYPE"),
        ("children", [{"name": "A"}] * 201, "TOO_MANY_ENTRIES"),
        ("nonsense", "1", "UNKNOWN_FIELD"),
        ("case", {"channel": "PORTAL"}, "UNKNOWN_FIELD"),
    ],
)
def test_a_wrong_value_is_refused_with_its_code(field, value, code):
    result = check(**{field: value})
    assert codes(result) == {field: code}
    assert result.data == {}


def test_all_errors_come_at_once_with_dotted_paths_and_labels():
    result = check(family_name="", home={"street": "", "x": 1}, children=[{"name": "A"}, {"born": "gestern"}])
    assert codes(result) == {
        "family_name": "REQUIRED",
        "home.street": "REQUIRED",
        "home.x": "UNKNOWN_FIELD",
        "children.1.name": "REQUIRED",
        "children.1.born": "INVALID_DATE",
    }
    assert all("„" in error.message for error in result.errors if error.code != "UNKNOWN_FIELD")


def test_hidden_fields_are_neither_required_nor_kept():
    assert check(disabled=False, proof="hidden and wrong").data.get("proof") is None
    assert codes(check(disabled=True)) == {"proof": "REQUIRED"}
    assert codes(check(disabled=True, proof="x")) == {"proof": "PATTERN"}
    assert check(disabled=True, proof="AB1").data["proof"] == "AB1"


@pytest.mark.parametrize("data", [[], 5, "x", None, True])
def test_anything_but_an_object_is_one_error(data):
    (error,) = forms.validate(SCHEMA, data, uploads={}, evaluate=evaluate).errors
    assert error.code == "NOT_AN_OBJECT"


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "data",
    [
        {"family_name": "a" * 5_000_000},
        {"family_name": "á" * 2_000_000, "iban": "D" * 2_000_000, "email": "a@" * 1_000_000},
        {f"k{number}": 1 for number in range(100_000)},
        {"family_name": nested(900)},
        {"children": [{"name": "A"}] * 15_000},
        {"k" * 3_000_000 + "\ud800": 1},
    ],
)
def test_hostile_sizes_are_refused_quickly(data):
    started = time.perf_counter()
    result = forms.validate(SCHEMA, data, uploads={}, evaluate=evaluate)
    assert result.errors
    assert len(result.errors) <= 200
    assert time.perf_counter() - started < 1
    assert max(len(error.path) + len(error.message) for error in result.errors) < 1000
    assert all((error.path + error.message).encode() for error in result.errors)


def test_a_good_schema_may_be_published():
    assert forms.check_schema(SCHEMA) == []


def with_component(component):
    return {"components": [component], "example": {}}


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "html", "content": "<script>"}, "COMPONENT_NOT_ALLOWED"),
        ({"type": "iframe", "url": "https://x"}, "COMPONENT_NOT_ALLOWED"),
        ({"type": "textfield", "key": "a.b", "label": "A"}, "KEY"),
        ({"type": "textfield", "key": "a"}, "LABEL"),
        ({"type": "datetime", "subtype": "time", "key": "a", "label": "A"}, "SUBTYPE"),
        ({"type": "select", "key": "a", "label": "A"}, "CHOICES"),
        ({"type": "select", "key": "a", "label": "A", "valuesExpression": "=x"}, "PROPERTY_UNKNOWN"),
        ({"type": "textfield", "key": "a", "label": "A", "validate": {"pattern": "(a)\\1"}}, "PATTERN"),
        ({"type": "textfield", "key": "a", "label": "A", "validate": {"pattern": "(?=a)"}}, "PATTERN"),
        ({"type": "textfield", "key": "a", "label": "A", "conditional": {"hide": True}}, "CONDITION"),
        ({"type": "number", "key": "a", "label": "A", "validate": {"min": "0"}}, "LIMIT"),
        ({"type": "textfield", "key": "a", "label": "A", "validate": {"required": True}}, "REQUIRED"),
    ],
)
def test_a_bad_component_is_not_published(component, code):
    assert code in {problem.code for problem in forms.check_schema(with_component(component))}


def test_keys_are_unique_and_an_example_is_there():
    twice = [{"type": "textfield", "key": "a", "label": "A"}] * 2
    assert {problem.code for problem in forms.check_schema({"components": twice, "example": {}})} == {"KEY_TWICE"}
    assert {problem.code for problem in forms.check_schema({"components": []})} == {"EXAMPLE_MISSING"}
