"""Rows people keep, changed by two of them: tried out as a file or a form, drafted by one, approved by another."""
