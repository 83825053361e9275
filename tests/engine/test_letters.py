"""Letters: what a placeholder may be, what it becomes, which paragraphs stand."""

import pytest

from kreisbund_platform.engine import feel, letters

SOURCE = {
    "title": "Bescheid über Schülerbeförderung",
    "kind": "MAIN",
    "outcome": "GRANTED",
    "operative": ["Für {pupil} wird bewilligt.", {"text": "Befristet bis {until}.", "when": "=until != null"}],
    "reasons": ["Der Weg misst {home.metres} m."],
}
NAMES = {"pupil", "until", "home.metres"}


def test_a_good_letter_is_accepted_and_read():
    assert letters.check_letter(SOURCE, NAMES) == []
    letter = letters.read_letter(SOURCE)
    assert (letter.subject, letter.remedy, len(letter.operative)) == (SOURCE["title"], True, 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"operative": ["{secret}"]}, "PLACEHOLDER"),
        ({"operative": ["{pupil.__class__}"]}, "PLACEHOLDER"),
        ({"operative": ["{pupil!r:>9}"]}, "PLACEHOLDER"),
        ({"subject": "{nobody}"}, "PLACEHOLDER"),
        ({"operative": [5]}, "PARAGRAPH"),
        ({"operative": "text"}, "PARAGRAPH"),
        ({"operative": [{"text": "a", "when": "=(("}]}, "CONDITION"),
        ({"kind": "OTHER"}, "TITLE"),
        ({"outcome": ""}, "OUTCOME"),
        ({"markup": "#read"}, "UNKNOWN_KEY"),
    ],
)
def test_a_bad_letter_is_refused(change, code):
    assert code in {problem.code for problem in letters.check_letter({**SOURCE, **change}, NAMES)}


def test_wordings_are_german():
    variables = {
        "until": "2026-11-24",
        "fee_cents": 123450,
        "share": 12.5,
        "adult": False,
        "school": "primary",
        "days": ["mo", "tu"],
        "home": {"metres": 3420},
        "nothing": None,
        "not_a_day": "2026-13-45",
    }
    labels = {("school", "primary"): "Grundschule", ("days", "mo"): "Montag"}
    assert letters.wordings_of(variables, labels) == {
        "until": "24.11.2026",
        "fee_cents": "1.234,50 €",
        "share": "12,5",
        "adult": "nein",
        "school": "Grundschule",
        "days": "Montag, tu",
        "home.metres": "3420",
        "nothing": "",
        "not_a_day": "2026-13-45",
    }


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is():
    assert letters.fill("{a} {b} {c}", {"a": "{b}", "b": "x"}) == "{b} x –"


def test_conditions_choose_paragraphs():
    paragraphs = letters.read_letter(SOURCE).operative
    assert len(letters.choose(paragraphs, {"until": None}, feel.evaluate)) == 1
    assert len(letters.choose(paragraphs, {"until": "2026-01-01"}, feel.evaluate)) == 2
