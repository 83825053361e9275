"""Tests, one folder a feature."""
