"""System checks of our own: what Django's do not look at."""

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def production_has_no_demo(app_configs, **_):
    """Demo people and plain http must not reach production."""
    found = []
    if settings.DEMO:
        found.append(Error("Q2C_DEMO is set: demo logins would exist.", id="q2c.E001"))
    if not settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS is empty.", hint="Name the portal's host.", id="q2c.E002"))
    if settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] != ["q2c_portal.api.Denied"]:
        found.append(Error("API views must deny unless they say otherwise.", id="q2c.E003"))
    return found
