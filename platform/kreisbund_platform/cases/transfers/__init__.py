"""A case moves to another county: as a sealed package, with a receipt. No schema is ever crossed."""
