"""The process engine, pure: no I/O, no clock."""
