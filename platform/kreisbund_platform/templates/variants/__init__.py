"""A county's variant: operations at variable points, checked, drawn, and carried over to a newer base."""
