"""`manage.py import_bundle PATH`: store a workspace bundle, all of it or nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads.exchange.bundle import BundleError, import_bundle
from leads.exchange.bundle.source import MAX_FILE_SIZE


class Command(BaseCommand):
    help = "Import a workspace bundle, a folder or a .zip of it: all of it, or nothing and what is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH")
        parser.add_argument(
            "--max-file-size",
            type=int,
            default=MAX_FILE_SIZE,
            metavar="BYTES",
            help="refuse a bundle with a larger file (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = monotonic()

        def progress(what: str, rows: int) -> None:
            seconds = monotonic() - started
            self.stderr.write(f"{seconds:7.1f} s  {what}: {rows:,}", ending="\n")

        path = options["path"]
        try:
            done = import_bundle(path, progress=progress, max_file_size=options["max_file_size"])
        except BundleError as error:
            raise CommandError(f"Nothing was imported from {path}.\n{error}") from error
        self.stdout.write(f"Imported {path}: {done.added:,} rows added, {done.changed:,} changed.")
