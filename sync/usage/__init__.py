"""Usage from the event as reported to the line of an invoice; its own tables and its own queue."""
