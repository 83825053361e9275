"""A county as one thing: exported, restored, deleted with proof. See docs/export-format.md."""
