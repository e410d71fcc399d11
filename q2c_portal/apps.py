"""The portal as a Django app: its commands, its admin site, the roles made after each migration."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "q2c_portal"
    label = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        from q2c_portal import celery, checks, roles  # noqa: F401 - the task app for nudges; system checks

        post_migrate.connect(roles.make_roles_after_migrate, dispatch_uid="q2c_roles")


class PortalAdminConfig(AdminConfig):
    default_site = "q2c_portal.admin_site.PortalAdminSite"
