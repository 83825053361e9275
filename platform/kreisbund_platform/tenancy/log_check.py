"""Whether the database server's own log may hold what people wrote: statements, parameters, values quoted in errors.

Our own PostgreSQL is set up so (infra/local/postgres.py); one that DATABASE_URL names is its operator's, who reads of
it in `tenants check`. Only they can change it.
"""

from typing import Any

import psycopg

from kreisbund_platform.tenancy.role_check import Deviation

# each setting's harmless values; an ERROR's own message quotes values, so errors stay out of the log
HARMLESS = {
    "log_statement": ("none",),
    "log_min_messages": ("log", "fatal", "panic"),
    "log_min_error_statement": ("panic",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_parameter_max_length": ("0",),
    "log_parameter_max_length_on_error": ("0",),
}


def talkative_settings(connection: psycopg.Connection[Any]) -> list[Deviation]:
    """Settings under which statements or values would reach the server's log."""
    rows = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(HARMLESS),))
    return [
        Deviation("server", f"{name} = {setting} lets personal data into the database's log: set {HARMLESS[name][0]}")
        for name, setting in rows
        if setting not in HARMLESS[name]
    ]
