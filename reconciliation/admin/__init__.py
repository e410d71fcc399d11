"""Admin pages of the desk; one file per model group."""

from reconciliation.admin import approvals, cases, controls, fixes, ownership, policy, problems, sign_offs  # noqa: F401
