"""What people are told of by mail: one file per subject, one table of events, one place that tells.

Whatever is told is only a link with a reason; nothing is decided by opening it.
"""
