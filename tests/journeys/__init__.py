"""Journeys through a whole deployment. A package, so that pytest ends what a folder shares before the next folder."""
