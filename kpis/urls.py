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
    path("definitions/replay/", views.replay, name="replay"),
    path("definitions/replay/leads/", views.replay_leads, name="replay-leads"),
    path("definitions/replay/leads.csv", views.replay_csv, name="replay-csv"),
    path("definitions/restate/", views.restate, name="restate"),
    path("definitions/review/", views.review, name="review"),
    path("theme/", switch_theme, name="theme"),
]
