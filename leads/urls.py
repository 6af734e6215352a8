"""Addresses below /leads/."""

from django.urls import path

from leads import views

app_name = "leads"
urlpatterns = [
    path("", views.lead_list, name="list"),
    path("<path:key>/", views.lead_page, name="detail"),
]
