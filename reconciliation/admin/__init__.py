"""Admin pages of the desk; one file per model group."""

from reconciliation.admin import (  # noqa: F401
    approvals,
    cases,
    controls,
    desk,
    fixes,
    matches,
    ownership,
    policy,
    problems,
    rooms,
    second_factors,
    sign_offs,
)
