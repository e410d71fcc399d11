"""Admin pages of the desk; one file per model group."""

from reconciliation.admin import approvals, cases, controls, fixes, ownership, policy, problems  # noqa: F401
