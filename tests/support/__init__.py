"""Fixtures and builders that all tests share."""
