"""The counties: registry, context, connections, calendars and deadlines."""
