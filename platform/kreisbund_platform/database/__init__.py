"""Connections, migrations, and selections compiled to SQL."""
