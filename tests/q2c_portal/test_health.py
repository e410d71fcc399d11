"""Health, and the addresses that need nobody signed in."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from q2c_portal import admin_site, health


def test_alive_asks_nothing_of_the_database():
    # given a test that may not touch the database, when asked, then it is alive
    assert Client().get("/healthz").json() == {"status": "alive"}


@pytest.mark.django_db
def test_ready_when_the_database_answers_and_is_migrated():
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


@pytest.mark.django_db
def test_not_ready_without_a_database(monkeypatch):
    def gone(*_, **__):
        raise DatabaseError("gone")

    monkeypatch.setattr(connection, "cursor", gone)
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["missing"]) == (503, ["database"])


@pytest.mark.django_db
def test_not_ready_before_every_migration_is_applied(monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one"])
    assert Client().get("/readyz").json()["missing"] == ["migrations"]


@pytest.mark.django_db
def test_the_admin_site_is_the_portals_own():
    from django.contrib import admin

    assert isinstance(
        admin.site._wrapped if hasattr(admin.site, "_wrapped") else admin.site, admin_site.PortalAdminSite
    )


@pytest.mark.django_db
def test_the_demo_badge_and_its_people_are_shown_in_the_demo_only(settings, tmp_path):
    # given the passwords make run printed, kept in its state directory
    settings.STATE_DIR = tmp_path
    (tmp_path / "logins.json").write_text('{"billing.ops": "shown"}')
    settings.DEMO = False
    assert admin_site.environment(None) is None
    assert "billing.ops" not in Client().get("/admin/login/").content.decode()
    settings.DEMO = True
    assert admin_site.environment(None) == ["Demo", "warning"]
    assert "billing.ops" in Client().get("/admin/login/").content.decode()
