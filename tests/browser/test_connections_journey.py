"""Integration support pauses a connection with a reason, and lets it go on."""

from playwright.sync_api import expect

from sync.models import ConnectionHealth
from tests.browser.conftest import Windows
from tests.reconciliation.views import story as told


def test_a_connection_is_paused_with_a_reason_and_resumed(windows: Windows, company_story: told.Story) -> None:
    # given a connection that works
    page = windows.of("Integration support")
    page.goto("/connections/")
    card = page.get_by_role("region", name="NetSuite", exact=True)
    expect(card.locator(".b-banner")).to_contain_text("Works")
    # when it is paused without a reason
    card.get_by_text("Pause", exact=True).click()
    card.get_by_role("button", name="Pause NetSuite").click()
    # then the browser holds the form back
    assert ConnectionHealth.objects.get(connection=company_story.netsuite).paused_at is None
    # when the reason is given
    card.get_by_label("Why? The next person reads it.").fill("The ERP is being upgraded")
    card.get_by_role("button", name="Pause NetSuite").click()
    # then the card says it and why, and a case is open
    expect(card.locator(".b-banner")).to_contain_text("The ERP is being upgraded")
    expect(card.get_by_role("link", name="Case EXC-")).to_be_visible()
    # when it is resumed
    card.get_by_role("button", name="Resume NetSuite").click()
    # then it works again, and the case is gone
    expect(card.locator(".b-banner")).to_contain_text("Works")
    expect(card.get_by_role("link", name="Case EXC-")).to_have_count(0)
