import pytest

from kreisbund_platform.services.terms import Vocabulary, stems, words


def test_stop_words_and_punctuation_are_no_terms():
    assert list(words("Wie kann ich meinen Hund an- und abmelden?")) == ["hund", "abmelden"]


def test_umlauts_and_forms_share_a_stem():
    assert stems("Häuser") == stems("Haus")
    assert stems("Anmeldung") == stems("anmelden")


@pytest.mark.parametrize(
    ("compound", "parts"),
    [("hundehaltung", {"hund", "haltung"}), ("wohnsitz", {"wohn", "sitz"}), ("geburtsurkunde", {"geburt", "urkund"})],
)
def test_compounds_fall_into_words_the_catalogue_uses(compound, parts):
    vocabulary = Vocabulary(["Hunde", "Haltung", "Wohnen", "Sitz", "Geburt", "Urkunde"])
    assert set(vocabulary.parts(compound)) == parts


def test_a_word_without_known_parts_is_no_compound():
    assert Vocabulary(["Hunde", "Haltung"]).parts("donnerstag") == ()
