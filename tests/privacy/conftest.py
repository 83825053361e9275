"""An office that offers Schülerbeförderung, with its neighbour, on a database of their own."""

from tests.cases.conftest import Office, office, offices, other_office

__all__ = ["Office", "office", "offices", "other_office"]
