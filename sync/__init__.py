"""Carries every commercial and financial event across, once: inbox, work items, outbox."""
