"""Knits the rooms together: settings, addresses, the admin site, the task app. Nothing imports it."""

from q2c_portal.celery import app as celery_app

__all__ = ["celery_app"]
