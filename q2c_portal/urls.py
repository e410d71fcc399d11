"""Every address of the portal."""

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from oauth2_provider.views import RevokeTokenView, TokenView

from q2c_portal import health

handler404 = "q2c_portal.api_errors.not_found"

urlpatterns = [
    path("healthz", health.live, name="live"),
    path("readyz", health.ready, name="ready"),
    path("admin/", admin.site.urls),
    path("o/token/", TokenView.as_view(), name="token"),
    path("o/revoke_token/", RevokeTokenView.as_view(), name="revoke-token"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        staff_member_required(SpectacularSwaggerView.as_view(url_name="schema"), login_url="admin:login"),
        name="docs",
    ),
    path("api/v1/", include("sync.api.urls")),
    path("api/v1/", include("reconciliation.api.urls")),
    path("", include("reconciliation.views.urls")),
]
