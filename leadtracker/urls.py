"""Every address of the product."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from leadtracker import health

urlpatterns = [
    path("", include("kpis.urls")),
    path("leads/", include("leads.urls")),
    path("definitions/", include("leads.definition_urls")),
    path("api/v1/", include("kpis.api_urls")),
    path("api/v1/leads/", include("leads.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", login_required(SpectacularSwaggerSplitView.as_view()), name="api-docs"),
    path("accounts/", include("allauth.account.urls")),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
]
