"""Addresses below /leads/. What is not a lead's own page begins with `-/`."""

from django.urls import path

from leads import views

app_name = "leads"
urlpatterns = [
    path("", views.lead_list, name="list"),
    path("-/jobs/<int:pk>/", views.job, name="job"),
    path("-/jobs/<int:pk>/cancel/", views.cancel_job, name="cancel-job"),
    path("<path:key>/", views.lead_page, name="detail"),
]
