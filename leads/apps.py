from django.apps import AppConfig
from django.db.backends.signals import connection_created


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads import tasks, text  # noqa: F401, PLC0415  tasks: every kind of job is known

        connection_created.connect(text.add_to_sqlite)
