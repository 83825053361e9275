"""Figures over counties and months; never a case."""
