"""The first page: what this is and who can be tried."""
