"""Work out the milestones of all leads anew from their events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads import milestones
from leads.models import Lead


class Command(BaseCommand):
    help = "Rebuild the milestone columns of all leads from their events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit with 1 if a lead would change"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        read = f"{Lead.objects.count():,} leads read"
        if not check:
            self.stdout.write(f"{read}, {milestones.rebuild():,} changed")
        elif stale := milestones.stale():
            raise CommandError(f"{read}, {stale:,} would change")
        else:
            self.stdout.write(f"{read}, 0 would change")
