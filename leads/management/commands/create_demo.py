"""Fill an empty workspace with a fictional company."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leads.demo import workspace
from leads.demo.bundle import write_bundle
from leads.demo.timeline import ZONE
from leads.models import User

YEARS = range(2000, 2100)


def moment(text: str) -> datetime:
    """Return the last second of a day, or the instant given; without offset in the demo's time zone."""
    try:
        if len(text) == len("2026-01-01"):
            at = datetime.combine(date.fromisoformat(text), time(23, 59, 59))
        else:
            at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-01-31") from None
    if at.year not in YEARS:
        raise ArgumentTypeError(f"choose a year from {YEARS[0]} to {YEARS[-1]}")
    return at


def count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 5_000_000:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to 5,000,000")
    return number


class Command(BaseCommand):
    help = "Fill an empty workspace with a fictional company, or write that company as a bundle."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leads", type=count, default=2000, help="how many leads (default 2000)")
        parser.add_argument("--seed", type=int, default=1, help="another seed, another company (default 1)")
        parser.add_argument("--until", type=moment, help="last day of the 18 months (default: now)")
        parser.add_argument("--bundle", type=Path, help="write the bundle into this folder and load nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        self.shows_progress = options["verbosity"] > 0 and self.stderr.isatty()
        demo = {name: options[name] for name in ("leads", "seed")}
        demo["until"] = options["until"] or timezone.now()
        log_ins = [] if options["bundle"] else self._load(demo)
        if options["bundle"]:
            self._write(options["bundle"], demo)
        if options["verbosity"]:
            self.stdout.write(f"A demo with {options['leads']:,} leads is in {options['bundle'] or 'place'}.")
        for user in log_ins if options["verbosity"] else []:
            role = user.get_role_display()
            self.stdout.write(
                f"  {role:<10} {user.username:<8}  password {workspace.PASSWORD}  ({user.name})"
            )

    def _write(self, folder: Path, demo: dict[str, Any]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise CommandError(f"{folder} is not empty: name a folder that is, or a new one.")
            write_bundle(folder, progress=self._writing, **demo)
        except OSError as error:
            raise CommandError(f"{folder}: {error.strerror}") from error

    def _load(self, demo: dict[str, Any]) -> list[User]:
        try:
            return workspace.create(writing=self._writing, loading=self._loading, **demo)
        except workspace.NotEmptyError as error:
            raise CommandError(
                f"The demo goes into an empty workspace only, and {error}. Use another database, "
                "or write it as a bundle with --bundle FOLDER."
            ) from error

    def _writing(self, done: int, total: int) -> None:
        self._show(f"writing: {done:,} of {total:,} leads")

    def _loading(self, name: str, rows: int) -> None:
        self._show(f"loading: {name}, {rows:,} rows")

    def _show(self, text: str) -> None:
        if self.shows_progress:
            self.stderr.write(f"\r{text:<70}", ending="")
            self.stderr.flush()
