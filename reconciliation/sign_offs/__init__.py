"""Signing what controls came to: by a rule, or by two people; suspended when what was signed changes."""
