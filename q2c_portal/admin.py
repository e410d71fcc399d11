"""Registers the portal's own admin pages."""

from q2c_portal import user_admin  # noqa: F401 - registers people and roles
