"""What browsers send becomes data; data become fields and readable answers."""

import pytest

from kreisbund_api.web import form_answers, forms, words
from kreisbund_api.web.charts import Bars, bar_chart, scale_end

SCHEMA = {
    "components": [
        {
            "type": "group",
            "label": "Kind",
            "components": [
                {"type": "textfield", "key": "name", "label": "Name", "validate": {"required": True}},
                {"type": "number", "key": "distance", "label": "Entfernung in km"},
                {"type": "datetime", "subtype": "date", "key": "born_on", "label": "Geboren am"},
                {"type": "checkbox", "key": "agreed", "label": "Einverstanden"},
                {
                    "type": "radio",
                    "key": "school",
                    "label": "Schule",
                    "values": [{"value": "primary", "label": "Grundschule"}],
                },
                {
                    "type": "dynamiclist",
                    "path": "siblings",
                    "label": "Geschwister",
                    "components": [{"type": "textfield", "key": "name", "label": "Vorname"}],
                },
                {
                    "type": "textfield",
                    "key": "reason",
                    "label": "Grund",
                    "conditional": {"hide": '=school = "primary"'},
                },
            ],
        }
    ]
}
COMPONENTS = SCHEMA["components"][0]["components"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("1.234,50", 1234.5), ("3,5", 3.5), ("3.5", 3.5), ("-2", -2), ("1.234", 1234), ("zwei", "zwei"),
     ("1,2,3", "1,2,3"), ("", "")],
)  # fmt: skip
def test_german_numbers(text, number):
    assert forms.german_number(text) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [("3.9.2026", "2026-09-03"), ("2026-09-03", "2026-09-03"), ("31.2.2026", "2026-02-31"), ("gestern", "gestern")],
)
def test_german_dates(text, day):
    assert forms.german_date(text) == day


def test_what_a_browser_sends_becomes_data():
    sent = {"name": [" Mia "], "distance": ["4,2"], "born_on": ["1.2.2016"], "agreed": ["ja"], "school": [""],
            "siblings.0.name": ["Ida"], "siblings.7.name": ["Ole"], "foreign": ["x"]}  # fmt: skip
    assert forms.parse(COMPONENTS, sent) == {
        "name": "Mia", "distance": 4.2, "born_on": "2016-02-01", "agreed": True,
        "siblings": [{"name": "Ida"}, {"name": "Ole"}],
    }  # fmt: skip


def test_empty_answers_are_absent_and_an_unticked_box_is_false():
    assert forms.parse(COMPONENTS, {"name": ["  "], "distance": [""]}) == {"agreed": False}


def test_hidden_fields_are_not_shown_and_errors_stand_at_their_field():
    data = {"school": "primary", "siblings": [{}, {"name": "Ole"}]}
    fields = forms.views(COMPONENTS, data, forms.variables_of(COMPONENTS, data), {"siblings.1.name": "Falsch"})
    assert "reason" not in [field.path for field in fields]
    siblings = next(field for field in fields if field.path == "siblings")
    assert [entry[0].error for entry in siblings.entries] == ["", "Falsch"]
    assert siblings.entries[1][0].id == "feld-siblings-1-name"


def test_answers_have_labels_and_german_values():
    data = {"name": "Mia", "distance": 1234.5, "born_on": "2016-02-01", "agreed": True, "school": "primary",
            "siblings": [{"name": "Ida"}]}  # fmt: skip
    (section,) = form_answers.sections(SCHEMA, data)
    assert dict(section.answers) == {
        "Name": "Mia", "Entfernung in km": "1.234,5", "Geboren am": "1. Februar 2016", "Einverstanden": "Ja",
        "Schule": "Grundschule", "Geschwister 1: Vorname": "Ida",
    }  # fmt: skip
    assert form_answers.sections(SCHEMA, None) == []


def test_codes_never_show_raw():
    assert words.word("IN_PROGRESS", "status") == "In Bearbeitung"
    assert words.word("SOMETHING_NEW", "event") == "Sonstiges"
    assert words.word(None, "status") == "–"
    assert words.german_time("2026-03-29T00:30:00+00:00") == "29.03.2026, 01:30"
    assert words.german_time("2026-03-29T01:30:00+00:00") == "29.03.2026, 03:30"
    assert words.euros("123450") == "1.234,50\xa0€"


@pytest.mark.parametrize(("most", "end"), [(0, 4), (4, 4), (5, 8), (9, 20), (21, 40), (1999, 2000), (2001, 4000)])
def test_scale_ends_at_a_round_number(most, end):
    assert scale_end(most) == end


def test_chart_escapes_and_scales():
    drawn = bar_chart([Bars("<Januar> 2026", 4, 2)])
    assert "<Januar>" not in drawn
    heights = [float(part.split('"')[0]) for part in drawn.split('height="')[1:]]
    assert heights[0] == 2 * heights[1] > 0
