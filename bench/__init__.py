"""Measures Kreisbund beside its floor (pgbench, the same SQL) and its peers. `./kreisbund bench` runs it."""
