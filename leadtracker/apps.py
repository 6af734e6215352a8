from django.apps import AppConfig


class LeadtrackerConfig(AppConfig):
    name = "leadtracker"
