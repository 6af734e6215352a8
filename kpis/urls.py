"""Addresses of the dashboard."""

from django.urls import path

from kpis import views
from leads.views import switch_theme

app_name = "kpis"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("panels/<slug:name>/", views.panel, name="panel"),
    path("options/<slug:slug>/", views.options, name="options"),
    path("kpis.csv", views.report_csv, name="csv"),
    path("kpis/<slug:slug>/", views.kpi, name="kpi"),
    path("kpis/<slug:slug>/rows.csv", views.rows_csv, name="rows"),
    path("definitions/review/", views.review, name="review"),
    path("theme/", switch_theme, name="theme"),
]
