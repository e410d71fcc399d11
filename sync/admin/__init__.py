"""Admin pages of the carrying room; one file per model group."""

from sync.admin import (  # noqa: F401
    connections,
    corrections,
    entities,
    inbox,
    journal,
    mappings,
    outbox,
    periods,
    records,
    revenue,
    treatments,
    usage,
    work,
)
