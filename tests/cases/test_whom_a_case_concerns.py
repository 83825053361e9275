"""Who acts for whom is what the form says: a parent for a minor child, nobody for a grown pupil."""


def parties_of(office, case_id):
    rows = office.rows("SELECT role, id, represents FROM party WHERE case_id = %s ORDER BY position", case_id)
    return {role: (identifier, represents) for role, identifier, represents in rows}


def test_who_applies_for_a_child_represents_it(office):
    found = parties_of(office, office.submit().case_id)
    child, represented = found["beneficiary"]
    assert found["applicant"][1] == [child]
    assert represented == []


def test_a_grown_pupil_applies_alone(office):
    data = office.example() | {"applying_for": "self"}
    data = {key: value for key, value in data.items() if key not in ("pupil_given_name", "pupil_family_name")}
    found = parties_of(office, office.submit(data=data).case_id)
    assert found["applicant"][1] == []
