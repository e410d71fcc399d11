"""Answers for what did not go across: cases, fixes, approvals, controls, the audit journal."""
