"""Addresses below /api/v1/leads/."""

from django.urls import path

from leads.api import LeadMoves

app_name = "leads-api"
urlpatterns = [path("<path:key>/moves/", LeadMoves.as_view(), name="moves")]
