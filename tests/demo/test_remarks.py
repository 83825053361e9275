"""Notes and letters of the demonstration: a county's own, the same whenever the year is made anew."""

from kreisbund_tenants.demo.remarks import Remarks

CASES = 200


def texts(county, seed=7):
    remarks = Remarks(county, seed)
    written = [(remarks.note("Voigt", "Ellrich"), remarks.letter("Jana Voigt", "Ellrich")) for _n in range(CASES)]
    return [note for note, _letter in written], [letter for _note, letter in written]


def test_some_cases_have_them_and_a_county_always_the_same():
    notes, letters = texts("Landkreis Nordhausen")
    assert 10 < sum(note is not None for note in notes) < CASES / 2
    assert 10 < sum(letter is not None for letter in letters) < CASES / 2
    assert (notes, letters) == texts("Landkreis Nordhausen")
    assert not any("{" in note for note in notes if note)


def test_another_county_has_its_own():
    mine, theirs = texts("Landkreis Nordhausen")[0], texts("Wartburgkreis")[0]
    assert mine != theirs
    assert "Im Landkreis Nordhausen gab es dazu schon einen Vorgang; beide Akten liegen zusammen." in mine
    assert not any("Nordhausen" in note for note in theirs if note)
