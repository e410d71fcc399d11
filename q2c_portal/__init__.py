"""Knits the rooms together: settings, addresses, the admin site, the task app. Nothing imports it."""
