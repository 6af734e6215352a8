"""Addresses below /definitions/."""

from django.urls import path

from leads.views import document

app_name = "definitions"
urlpatterns = [
    path("agreement/<int:number>/", document.read_document, name="document"),
    path("agreement/<int:number>.pdf", document.document_pdf, name="document-pdf"),
    path("agreement/<int:number>/sign/<slug:side>/", document.sign_document, name="sign"),
]
