"""Demonstration people, their issuer and their cases; never in production."""
