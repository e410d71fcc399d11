"""Every beat entry in one list, readable as a timetable. Beat only nudges; windows are claimed in the database."""

ROUTES = {
    "sync.tasks.read_inbox": {"queue": "ingest"},
    "sync.tasks.work_due": {"queue": "ingest"},
    "sync.tasks.poll_sources": {"queue": "ingest"},
    "sync.tasks.mirror_periods": {"queue": "ingest"},
    "sync.tasks.sweep": {"queue": "ingest"},
    "sync.tasks.carry_deliver": {"queue": "deliver"},
    "sync.tasks.carry_posting": {"queue": "posting"},
    "sync.tasks.post_revenue": {"queue": "posting"},
    "sync.tasks.work_usage": {"queue": "usage"},
    "sync.tasks.send_feedback": {"queue": "notify"},
    "sync.tasks.tell_new_day": {"queue": "notify"},
    "sync.tasks.clear_doubts": {"queue": "deliver"},
    "sync.tasks.seal_journal": {"queue": "ingest"},
    "sync.tasks.anchor_journal": {"queue": "control"},
    "reconciliation.tasks.run_due_controls": {"queue": "control"},
    "reconciliation.tasks.write_evidence": {"queue": "control"},
    "reconciliation.tasks.run_fixes": {"queue": "control"},
    "reconciliation.tasks.verify_journal": {"queue": "control"},
    "reconciliation.tasks.tell_people": {"queue": "notify"},
}

TIMETABLE = {
    "sweep": {"task": "sync.tasks.sweep", "schedule": 10.0},
    "feedback to Salesforce": {"task": "sync.tasks.send_feedback", "schedule": 5.0},
    "tell sellers what got older": {"task": "sync.tasks.tell_new_day", "schedule": 60.0},
    "seal revenue journals": {"task": "sync.tasks.post_revenue", "schedule": 300.0},
    "sum usage and report it": {"task": "sync.tasks.work_usage", "schedule": 20.0},
    "look up what is in doubt": {"task": "sync.tasks.clear_doubts", "schedule": 5.0},
    "ask sources for what calls missed": {"task": "sync.tasks.poll_sources", "schedule": 300.0},
    "mirror accounting periods": {"task": "sync.tasks.mirror_periods", "schedule": 300.0},
    "evidence that was asked for": {"task": "reconciliation.tasks.write_evidence", "schedule": 10.0},
    "controls that are due": {"task": "reconciliation.tasks.run_due_controls", "schedule": 60.0},
    "carry on with approved fixes": {"task": "reconciliation.tasks.run_fixes", "schedule": 30.0},
    "tell people and rooms": {"task": "reconciliation.tasks.tell_people", "schedule": 60.0},
    "seal the journal": {"task": "sync.tasks.seal_journal", "schedule": 20.0},
    # asked for often, done once: an hour's anchor, a day's verification
    "anchor the journal": {"task": "sync.tasks.anchor_journal", "schedule": 300.0},
    "verify the journal": {"task": "reconciliation.tasks.verify_journal", "schedule": 600.0},
}
