from django.apps import AppConfig
from django.db.backends.signals import connection_created


class KpisConfig(AppConfig):
    name = "kpis"

    def ready(self) -> None:
        from kpis import checks, functions  # noqa: F401, PLC0415

        connection_created.connect(functions.add_to_sqlite)
