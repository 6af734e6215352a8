"""Addresses below /api/v1/."""

from django.urls import path

from kpis.api import KpiReport

app_name = "api"
urlpatterns = [path("kpis/", KpiReport.as_view(), name="kpis")]
