"""One machine: what ./kreisbund does. Standard library only."""
