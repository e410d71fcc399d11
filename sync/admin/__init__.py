"""Admin pages of the carrying room; one file per model group."""

from sync.admin import connections, entities, inbox, journal, mappings, outbox, periods, records, revenue, usage, work  # noqa: F401
