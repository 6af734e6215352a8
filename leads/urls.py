"""Addresses below /leads/. What is not a lead's own page begins with `-/`."""

from django.urls import path

from leads import views

app_name = "leads"
urlpatterns = [
    path("", views.lead_list, name="list"),
    path("-/jobs/<int:pk>/", views.job, name="job"),
    path("-/jobs/<int:pk>/cancel/", views.cancel_job, name="cancel-job"),
    path("-/new/", views.new_lead, name="new"),
    path("-/edit/<path:key>/", views.edit_lead, name="edit"),
    path("-/score/<path:key>/", views.score_page, name="score"),
    path("-/override/<path:key>/", views.override_score, name="override"),
    path("-/end-override/<path:key>/", views.end_override, name="end-override"),
    path("-/moves/<path:key>/", views.move_lead, name="move"),
    path("<path:key>/", views.lead_page, name="detail"),
]
