"""The counties of the case tests serve here too."""

from tests.cases.conftest import office, offices, other_office

__all__ = ["office", "offices", "other_office"]
