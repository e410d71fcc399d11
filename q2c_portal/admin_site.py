"""The Unfold admin site: titles, navigation, my work as its home page."""

from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):
    """The admin, with the portal's pages inside."""
