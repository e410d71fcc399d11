"""Production starts only as production: no default secret, no demo, nothing allowed unless said."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as live

from q2c_portal import checks

ROOT = Path(live.BASE_DIR)
PRODUCTION = {
    "SECRET_KEY": "checked-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-checked",
    "ALLOWED_HOSTS": "portal.example.com",
    "PORTAL_URL": "https://portal.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://portal.example.com",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def start(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own with this environment and nothing of ours."""
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("secret", [None, live.DEFAULT_SECRET])
def test_production_refuses_to_start_with_a_default_secret(secret: str | None) -> None:
    # given production settings but for the secret
    environment = (
        {**PRODUCTION, "SECRET_KEY": secret} if secret else {k: v for k, v in PRODUCTION.items() if k != "SECRET_KEY"}
    )
    done = start("-c", "from q2c_portal import settings", **environment)
    assert done.returncode != 0 and "SECRET_KEY is not set" in done.stderr


def test_production_settings_pass_every_deployment_check() -> None:
    done = start("-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_demo_does_not_pass_for_production() -> None:
    done = start("-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "ERROR", **PRODUCTION, Q2C_DEMO="1")
    assert done.returncode != 0 and "q2c.E001" in done.stderr


def test_cookies_and_transport_are_safe_in_production() -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "DEBUG", "DEMO")
    words = f"from q2c_portal import settings as s; print({', '.join(f's.{name}' for name in names)})"
    assert start("-c", words, **PRODUCTION).stdout.split() == ["True", "True", "True", "False", "False"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"DEMO": True}, "q2c.E001"),
        ({"ALLOWED_HOSTS": []}, "q2c.E002"),
        ({"REST_FRAMEWORK": {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"]}}, "q2c.E003"),
    ],
)
def test_each_check_finds_what_it_looks_for(settings, change: dict, found: str) -> None:
    settings.DEMO = False
    assert checks.production_has_no_demo(None) == []
    for name, value in change.items():
        setattr(settings, name, value)
    assert [error.id for error in checks.production_has_no_demo(None)] == [found]


@pytest.mark.django_db
def test_a_view_that_does_not_say_who_may_use_it_may_be_used_by_nobody(rf, admin_user) -> None:
    from rest_framework.response import Response
    from rest_framework.test import force_authenticate
    from rest_framework.views import APIView

    class Forgotten(APIView):
        def get(self, request):
            return Response("open")

    request = rf.get("/")
    force_authenticate(request, user=admin_user)
    assert Forgotten.as_view()(request).status_code == 403


@pytest.mark.django_db
def test_every_model_is_in_a_migration() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
