"""Decisions for display: every rule of the catalogue has its cells, notes and policy in words."""

from pathlib import Path

import pytest

import kreisbund_tenants
from kreisbund_platform.templates.decision_tables import ANY, decisions_of

FILES = sorted((Path(kreisbund_tenants.__file__).parent / "catalogue").glob("*/*/*.dmn"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_row_fits_its_columns(file: Path) -> None:
    views = decisions_of(file.read_bytes())
    assert views
    for view in (each for each in views if each.columns):
        assert view.hit_policy.endswith(".")
        assert view.rows
        assert all(len(row.cells) == len(view.columns) and row.note for row in view.rows)
        assert [column.is_result for column in view.columns] == sorted(column.is_result for column in view.columns)


def test_what_is_no_table_shows_its_expression_and_a_dash_means_anything() -> None:
    text = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/">'
        '<decision id="a" name="A"><literalExpression><text> 1 +\n 1 </text></literalExpression></decision>'
        '<decision id="b" name="B"><decisionTable hitPolicy="COLLECT" aggregation="SUM"><input><inputExpression>'
        "<text>x</text></inputExpression></input><output/><rule><outputEntry><text>1</text></outputEntry>"
        "<inputEntry><text>-</text></inputEntry></rule></decisionTable></decision></definitions>"
    )
    literal, table = decisions_of(text.encode())
    assert (literal.text, literal.columns) == ("1 + 1", ())
    assert table.rows[0].cells == (ANY, "1")
    assert [column.label for column in table.columns] == ["x", "Ergebnis"]
    assert "zusammengezählt" in table.hit_policy
