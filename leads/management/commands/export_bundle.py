"""`manage.py export_bundle PATH`: write the workspace as a bundle."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads.exchange.bundle import BundleError, export_bundle


class Command(BaseCommand):
    help = "Export the workspace as a bundle: to a new folder, or to a .zip if the path ends in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            export_bundle(options["path"], progress=self._progress)
        except (BundleError, OSError) as error:
            raise CommandError(f"Nothing was exported.\n{error}") from error
        self.stdout.write(f"Exported to {options['path']}.")

    def _progress(self, name: str, rows: int) -> None:
        self.stderr.write(f"{name}: {rows:,} rows", ending="\n")
