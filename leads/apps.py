from django.apps import AppConfig
from django.db.backends.signals import connection_created


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads import text  # noqa: PLC0415

        connection_created.connect(text.add_to_sqlite)
